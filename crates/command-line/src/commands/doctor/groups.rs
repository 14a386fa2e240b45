//! Checks of consumer groups: those that wait for something, asked by the API of `milena why`.

use client::ClientError;
use client::admin::Admin;
use types::waits::Explanation;

use super::finding::{Finding, State};

/// States in which a group does what it is there for, or has nobody who could.
const AT_REST: &[&str] = &["Stable", "Empty", "Dead"];

/// Groups that are asked about; with more that move at once the cluster has other worries.
const ASKED_MAX: usize = 50;

/// Looks at the groups.
///
/// # Errors
/// Where nobody answers.
pub(super) async fn check(admin: &Admin) -> Result<Vec<Finding>, ClientError> {
    let listed = admin.list_groups().await?;
    let mut findings = Vec::new();
    for group in listed.iter().filter(|group| !AT_REST.contains(&group.state.as_str())).take(ASKED_MAX) {
        match admin.why_group(&group.group).await {
            Ok(told) => {
                findings.extend(told.waits.iter().map(|wait| waiting(&group.group, &group.state, wait)))
            }
            Err(ClientError::NotMilena { .. }) => {
                let text =
                    format!("group {} is {}; why, Milena's nodes alone can tell", group.group, group.state);
                findings.push(
                    Finding::new("groups", State::Warning, text)
                        .help(format!("milena group describe {}", group.group)),
                );
            }
            // It is gone, or its coordinator moved: nothing to complain about.
            Err(ClientError::Topic { .. }) => {}
            Err(error) => return Err(error),
        }
    }
    if findings.is_empty() {
        let text = format!("none of {} waits for anything", listed.len());
        findings.push(Finding::new("groups", State::Fine, text));
    }
    Ok(findings)
}

fn waiting(group: &str, state: &str, wait: &Explanation) -> Finding {
    let mut seen = wait.evidence.clone();
    seen.push(format!("freed by: {}", wait.freed_by));
    Finding::new(
        "groups",
        State::Warning,
        format!("group {group} is {state}: {} [{}]", wait.cause, wait.code),
    )
    .seen(seen)
    .help(format!("milena why group {group}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_is_told_with_its_evidence_and_its_command() {
        let wait = Explanation {
            code: "group.member-has-not-joined".into(),
            cause: "a member has not joined".to_owned(),
            evidence: vec!["member b-1".to_owned()],
            freed_by: "its JoinGroup".to_owned(),
            left_ms: None,
        };
        let expected = "warning  groups       group g is PreparingRebalance: a member has not joined \
                        [group.member-has-not-joined]\n                      seen: member b-1\n                      \
                        seen: freed by: its JoinGroup\n                      help: milena why group g";
        assert_eq!(waiting("g", "PreparingRebalance", &wait).in_words(), expected);
    }
}
