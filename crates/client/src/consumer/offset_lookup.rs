//! Offsets of partitions that need not be assigned: ends, and times.

use std::collections::BTreeMap;

use protocol::messages::list_offsets_request::ListOffsetsRequest;
use types::{ErrorCode, LeaderEpoch, NodeId, Offset, TopicPartition};

use crate::consumer::ConsumerConfig;
use crate::error::{ClientError, error_code};
use crate::list_offsets::{self, OffsetSpec};
use crate::network_client::{AutoCreate, NetworkClient, topic_error};
use crate::patience::Patience;

/// A record found by its time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OffsetAndTimestamp {
    /// Its offset.
    pub offset: Offset,
    /// Its timestamp, milliseconds since 1970.
    pub timestamp: i64,
    /// The leader epoch it was written in; −1 where it is not known.
    pub leader_epoch: LeaderEpoch,
}

/// Asks the leader of each partition, again while that may help.
pub(super) async fn find(
    client: &NetworkClient,
    config: &ConsumerConfig,
    wanted: &BTreeMap<TopicPartition, OffsetSpec>,
) -> Result<BTreeMap<TopicPartition, OffsetAndTimestamp>, ClientError> {
    let mut patience = Patience::lasting(client.config(), config.default_api_timeout);
    let mut found = BTreeMap::new();
    loop {
        let missing: Vec<&TopicPartition> =
            wanted.keys().filter(|partition| !found.contains_key(*partition)).collect();
        if missing.is_empty() {
            return Ok(found);
        }
        let asked =
            tokio::time::timeout_at(patience.deadline(), ask(client, config, wanted, &missing, &mut found));
        let after = config.default_api_timeout;
        let timed_out = ClientError::CallTimeout { what: "looking up offsets", after };
        let Err(error) = asked.await.unwrap_or(Err(timed_out)) else { continue };
        if !error.is_retriable() || !patience.waits().await {
            return Err(error);
        }
        let topics: Vec<_> = wanted.keys().map(|partition| partition.topic.clone()).collect();
        if let Err(error) = client.refresh(&topics, AutoCreate::Forbidden).await {
            tracing::debug!(%error, "metadata not refreshed");
        }
    }
}

async fn ask(
    client: &NetworkClient,
    config: &ConsumerConfig,
    wanted: &BTreeMap<TopicPartition, OffsetSpec>,
    missing: &[&TopicPartition],
    found: &mut BTreeMap<TopicPartition, OffsetAndTimestamp>,
) -> Result<(), ClientError> {
    let mut by_node: BTreeMap<NodeId, Vec<_>> = BTreeMap::new();
    for partition in missing {
        let topic = client.topic(&partition.topic, AutoCreate::Forbidden).await?;
        let known = topic.partition(partition.partition).ok_or_else(|| ClientError::NoSuchPartition {
            topic: topic.name.to_string(),
            partition: partition.partition.0,
            partitions: topic.partitions.len() as i32,
        })?;
        let without_leader = || topic_error(&topic.name, ErrorCode::LeaderNotAvailable);
        let questions = by_node.entry(known.leader.ok_or_else(without_leader)?).or_default();
        questions.push(((*partition).clone(), known.leader_epoch, wanted[*partition]));
    }
    for (node, questions) in by_node {
        let request = list_offsets::request(config.isolation_level, questions);
        let answer = client.node(node).await?.call(&request, ListOffsetsRequest::MAX_VERSION).await?;
        for (partition, each) in list_offsets::answers(answer) {
            match error_code(each.error_code) {
                ErrorCode::None => {}
                code => return Err(topic_error(&partition.to_string(), code)),
            }
            let (offset, leader_epoch) = (Offset(each.offset), LeaderEpoch(each.leader_epoch));
            let timestamp = each.timestamp;
            found.insert(partition, OffsetAndTimestamp { offset, timestamp, leader_epoch });
        }
    }
    match missing.iter().find(|partition| !found.contains_key(**partition)) {
        Some(partition) => {
            Err(ClientError::Malformed { api: "ListOffsets", reason: format!("no answer for {partition}") })
        }
        None => Ok(()),
    }
}
