//! Which of the partitions that somebody named there are.

use std::collections::BTreeSet;

use client::admin::Admin;
use types::TopicPartition;

use crate::commands::{connect, missing};
use crate::failure::Failure;

/// Those that exist, and what is to be told of the others.
pub(super) async fn split<'a>(
    admin: &Admin,
    named: impl IntoIterator<Item = &'a TopicPartition>,
) -> Result<(Vec<TopicPartition>, Vec<Failure>), Failure> {
    let named: BTreeSet<&TopicPartition> = named.into_iter().collect();
    let topics: BTreeSet<String> = named.iter().map(|partition| partition.topic.to_string()).collect();
    let topics: Vec<String> = topics.into_iter().collect();
    let described = admin.describe_topics(&topics).await.map_err(|error| connect::failure(&error))?;
    let (described, mut failures) = missing::settle(admin, described).await;
    let mut known = Vec::new();
    for partition in named {
        // Of a topic that does not exist it is told already.
        let Some((_, topic)) = described.iter().find(|(name, _)| *name == *partition.topic) else { continue };
        if topic.partitions.iter().any(|found| found.index == partition.partition) {
            known.push(partition.clone());
            continue;
        }
        let (name, last) = (&partition.topic, topic.partitions.len().saturating_sub(1));
        let told = format!("{name} has partitions 0 to {last}, not {}", partition.partition);
        failures.push(Failure::not_found("partition", told));
    }
    Ok((known, failures))
}
