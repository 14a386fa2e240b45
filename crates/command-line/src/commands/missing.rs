//! What a cluster says of single items, with the nearest name for one that does not exist.

use std::fmt::Display;

use client::ClientError;
use client::admin::{Admin, Outcomes, TransactionsFilter};
use types::ErrorCode;

use super::connect;
use crate::failure::Failure;
use crate::output::suggest::{nearest, or_nearest};

/// What was done, and what was not.
pub(crate) async fn settle<K: Display, T>(
    admin: &Admin,
    outcomes: Outcomes<K, T>,
) -> (Vec<(K, T)>, Vec<Failure>) {
    let (mut done, mut failures) = (Vec::new(), Vec::new());
    for (item, outcome) in outcomes {
        match outcome {
            Ok(outcome) => done.push((item, outcome)),
            Err(error) => failures.push(explain(admin, &error).await),
        }
    }
    (done, failures)
}

/// The failure of one item.
pub(crate) async fn explain(admin: &Admin, error: &ClientError) -> Failure {
    match error {
        ClientError::Topic { subject, code: ErrorCode::UnknownTopicOrPartition, .. } => {
            let name = subject.strip_prefix("topic ").unwrap_or(subject);
            topic(admin, name).await
        }
        ClientError::Topic { subject, code: ErrorCode::GroupIdNotFound, .. } => {
            group(admin, subject.strip_prefix("group ").unwrap_or(subject)).await
        }
        ClientError::Topic { subject, code: ErrorCode::TransactionalIdNotFound, .. } => {
            transaction(admin, subject.strip_prefix("transactional id ").unwrap_or(subject)).await
        }
        other => connect::failure(other),
    }
}

/// The failure of a topic that does not exist.
pub(crate) async fn topic(admin: &Admin, name: &str) -> Failure {
    // Without a list there is no suggestion, and that is all.
    let known = admin.list_topics().await.unwrap_or_default();
    let nearest = another(name, known.iter().map(|topic| topic.name.as_str()));
    Failure::not_found(
        ErrorCode::UnknownTopicOrPartition.name(),
        format!("the topic {name} does not exist{}", or_nearest(nearest)),
    )
}

/// The failure of a group that does not exist.
pub(crate) async fn group(admin: &Admin, name: &str) -> Failure {
    let known = admin.list_groups().await.unwrap_or_default();
    let nearest = another(name, known.iter().map(|group| group.group.as_str()));
    Failure::not_found(
        ErrorCode::GroupIdNotFound.name(),
        format!("the group {name} does not exist{}", or_nearest(nearest)),
    )
}

/// The failure of a transactional id that does not exist.
async fn transaction(admin: &Admin, name: &str) -> Failure {
    let known = admin.list_transactions(&TransactionsFilter::default()).await.unwrap_or_default();
    let nearest = another(name, known.iter().map(|it| it.transactional_id.as_str()));
    Failure::not_found(
        ErrorCode::TransactionalIdNotFound.name(),
        format!("the transactional id {name} does not exist{}", or_nearest(nearest)),
    )
}

/// What else may have been meant; `name` itself may be there meanwhile.
fn another<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    nearest(name, known.filter(|known| *known != name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_is_told_that_a_name_means_itself() {
        assert_eq!(another("readers", ["readers"].into_iter()), None);
        assert_eq!(another("reader", ["readers"].into_iter()), Some("readers"));
    }
}
