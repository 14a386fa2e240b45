//! `milena why group NAME`, `milena why partition TOPIC-PARTITION`: what waits there, what shows it, and what frees it.

use std::io::Write as _;

use client::ClientError;
use client::admin::Admin;
use serde_json::{Map, Value, json};
use types::spelling::nearest;
use types::waits::{Explanation, FactValue, Report};
use types::{ErrorCode, TopicPartition};

use crate::command_line::{OutputFormat, WhyCommand, WhyOptions};
use crate::commands::connect;
use crate::failure::Failure;
use crate::logging;

pub(crate) fn why(command: &WhyCommand) -> Result<(), Failure> {
    let (subject, report, options) = match command {
        WhyCommand::Group { name, options } => {
            (format!("group {name}"), ask(options, async |admin| group(&admin, name).await)?, options)
        }
        WhyCommand::Partition { partition, options } => {
            let report = ask(options, async |admin| self::partition(&admin, partition).await)?;
            (format!("partition {partition}"), report, options)
        }
    };
    let told = match options.output {
        OutputFormat::Text => in_words(&subject, &report),
        OutputFormat::Json => format!("{:#}\n", in_json(&subject, &report)),
    };
    // Whoever reads our output may have seen enough.
    let _ = std::io::stdout().lock().write_all(told.as_bytes());
    Ok(())
}

fn ask(
    options: &WhyOptions,
    question: impl AsyncFnOnce(Admin) -> Result<Report, Failure>,
) -> Result<Report, Failure> {
    logging::start(&options.log, "warn")?;
    let admin = Admin::new(connect::client(&options.cluster, "milena-why"));
    connect::runtime()?.block_on(question(admin))
}

async fn group(admin: &Admin, name: &str) -> Result<Report, Failure> {
    let error = match admin.why_group(name).await {
        Ok(report) => return Ok(report),
        Err(error) => error,
    };
    let ClientError::Topic { code: ErrorCode::GroupIdNotFound, .. } = error else {
        return Err(failure(&error));
    };
    // Without a list there is nothing to suggest.
    let known = admin.list_groups().await.unwrap_or_default();
    let known: Vec<String> = known.into_iter().map(|listed| listed.group).collect();
    Err(Failure::runtime("group-not-found", not_found("group", name, &known)))
}

async fn partition(admin: &Admin, partition: &TopicPartition) -> Result<Report, Failure> {
    let error = match admin.why_partition(partition).await {
        Ok(report) => return Ok(report),
        Err(error) => error,
    };
    let ClientError::Topic { code: ErrorCode::UnknownTopicOrPartition, .. } = error else {
        return Err(failure(&error));
    };
    let known = admin.list_topics().await.unwrap_or_default();
    let known: Vec<String> = known.into_iter().map(|listed| listed.name).collect();
    Err(Failure::runtime("topic-not-found", not_found("topic", &partition.topic, &known)))
}

fn not_found(what: &str, name: &str, known: &[String]) -> String {
    let way_out = match nearest(name, known.iter().map(String::as_str)) {
        Some(nearest) => format!("did you mean {nearest}?"),
        None if known.is_empty() => format!("there are no {what}s"),
        None => format!("there are {} others", known.len()),
    };
    format!("there is no {what} {name}; {way_out}")
}

fn failure(error: &ClientError) -> Failure {
    match error {
        ClientError::NotMilena { .. } => Failure::runtime("not-milena", error),
        ClientError::Topic { .. } => Failure::runtime("why", error),
        error => connect::failure(error),
    }
}

/// The report for people.
fn in_words(subject: &str, report: &Report) -> String {
    let mut lines = vec![subject.to_owned()];
    for fact in &report.facts {
        match &fact.value {
            FactValue::Number(number) => lines.push(format!("  {}: {number}", fact.name)),
            FactValue::Text(text) => lines.push(format!("  {}: {text}", fact.name)),
            FactValue::List(texts) if texts.is_empty() => lines.push(format!("  {}: none", fact.name)),
            FactValue::List(texts) => {
                lines.push(format!("  {}:", fact.name));
                lines.extend(texts.iter().map(|text| format!("    {text}")));
            }
        }
    }
    lines.push(String::new());
    match report.waits.as_slice() {
        [] => lines.push("nothing waits".to_owned()),
        waits => {
            let numbered = waits.iter().enumerate();
            lines.extend(numbered.map(|(index, wait)| format!("{}. {wait}", index + 1)));
        }
    }
    lines.join("\n") + "\n"
}

/// The report for programs.
fn in_json(subject: &str, report: &Report) -> Value {
    let facts: Map<String, Value> = (report.facts.iter())
        .map(|fact| {
            let value = match &fact.value {
                FactValue::Number(number) => json!(number),
                FactValue::Text(text) => json!(text),
                FactValue::List(texts) => json!(texts),
            };
            (fact.name.replace(' ', "_"), value)
        })
        .collect();
    let wait = |wait: &Explanation| {
        json!({
            "code": wait.code,
            "cause": wait.cause,
            "evidence": wait.evidence,
            "freed_by": wait.freed_by,
            "left_ms": wait.left_ms,
        })
    };
    let waits: Vec<Value> = report.waits.iter().map(wait).collect();
    json!({ "subject": subject, "facts": facts, "waits": waits })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report() -> Report {
        let mut report = Report::default();
        report.text("state", "PreparingRebalance");
        report.number("generation", 3);
        report.list("members", ["member a-1".to_owned(), "member b-1".to_owned()]);
        report.waits.push(Explanation {
            code: "group.member-has-not-joined".into(),
            cause: "a member has not joined".to_owned(),
            evidence: vec!["member b-1".to_owned()],
            freed_by: "its JoinGroup".to_owned(),
            left_ms: Some(500),
        });
        report
    }

    #[test]
    fn a_report_is_told_in_words() {
        let expected = "group g\n  state: PreparingRebalance\n  generation: 3\n  members:\n    member a-1\n    \
                        member b-1\n\n1. a member has not joined [group.member-has-not-joined]\n  seen: member b-1\n  \
                        freed by: its JoinGroup, or in 500 ms\n";
        assert_eq!(in_words("group g", &report()), expected);
        assert_eq!(in_words("group g", &Report::default()), "group g\n\nnothing waits\n");
    }

    #[test]
    fn a_report_is_told_to_programs() {
        let told = in_json("group g", &report());
        assert_eq!(told["facts"]["generation"], json!(3));
        assert_eq!(told["facts"]["members"], json!(["member a-1", "member b-1"]));
        assert_eq!(told["waits"][0]["code"], json!("group.member-has-not-joined"));
        assert_eq!(told["waits"][0]["left_ms"], json!(500));
    }

    #[test]
    fn a_slip_gets_a_suggestion() {
        let known = ["readers".to_owned(), "writers".to_owned()];
        let told = |name| not_found("group", name, &known);
        assert_eq!(told("raeders"), "there is no group raeders; did you mean readers?");
        assert_eq!(told("something-else"), "there is no group something-else; there are 2 others");
        assert_eq!(not_found("topic", "t", &[]), "there is no topic t; there are no topics");
    }
}
