//! ListOffsets: one offset of each partition, asked of its leader; and one topic created, for whoever needs no more.

use std::collections::BTreeMap;

use protocol::messages::create_topics_request::{CreatableTopic, CreateTopicsRequest};
use protocol::messages::list_offsets_request::{ListOffsetsPartition, ListOffsetsRequest, ListOffsetsTopic};
use tokio::time::Instant;
use types::{ErrorCode, NodeId, Offset, PartitionIndex};

use crate::consumer::IsolationLevel;
use crate::error::{ClientError, error_code};
use crate::network_client::{AutoCreate, NetworkClient, topic_error};

/// Which offset of a partition is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OffsetSpec {
    /// Of the first record there is.
    Earliest,
    /// Behind the last record that may be read.
    Latest,
}

impl OffsetSpec {
    /// The number that stands for it in place of a timestamp.
    const fn number(self) -> i64 {
        match self {
            Self::Earliest => -2,
            Self::Latest => -1,
        }
    }
}

/// Finds one offset of each of these partitions, asking each partition's leader.
///
/// # Errors
/// When a partition does not exist, or no answer came within `metadata_timeout`.
pub async fn list_offsets(
    client: &NetworkClient,
    topic: &str,
    partitions: &[PartitionIndex],
    spec: OffsetSpec,
    isolation_level: IsolationLevel,
) -> Result<BTreeMap<PartitionIndex, Offset>, ClientError> {
    let deadline = Instant::now() + client.config().metadata_timeout;
    let mut found = BTreeMap::new();
    let mut failures = 0;
    loop {
        let missing: Vec<PartitionIndex> =
            partitions.iter().copied().filter(|index| !found.contains_key(index)).collect();
        if missing.is_empty() {
            return Ok(found);
        }
        let Err(error) = ask_leaders(client, topic, &missing, spec, isolation_level, &mut found).await else {
            continue;
        };
        failures += 1;
        let retry_at = Instant::now() + client.config().backoff(failures);
        if !error.is_retriable() || retry_at > deadline {
            return Err(error);
        }
        tokio::time::sleep_until(retry_at).await;
        // What went wrong may be that somebody else leads now; if nobody answers, the next round finds out.
        if let Err(error) = client.refresh(&[topic.into()], AutoCreate::Forbidden).await {
            tracing::debug!(%error, "metadata not refreshed");
        }
    }
}

async fn ask_leaders(
    client: &NetworkClient,
    topic: &str,
    partitions: &[PartitionIndex],
    spec: OffsetSpec,
    isolation_level: IsolationLevel,
    found: &mut BTreeMap<PartitionIndex, Offset>,
) -> Result<(), ClientError> {
    let metadata = client.topic(topic, AutoCreate::Forbidden).await?;
    let mut by_node: BTreeMap<NodeId, Vec<ListOffsetsPartition>> = BTreeMap::new();
    for index in partitions {
        let partition = metadata.partition(*index).ok_or_else(|| ClientError::NoSuchPartition {
            topic: topic.to_owned(),
            partition: index.0,
            partitions: metadata.partitions.len() as i32,
        })?;
        let leader = partition.leader.ok_or_else(|| topic_error(topic, ErrorCode::LeaderNotAvailable))?;
        by_node.entry(leader).or_default().push(ListOffsetsPartition {
            partition_index: index.0,
            current_leader_epoch: partition.leader_epoch.0,
            timestamp: spec.number(),
            ..ListOffsetsPartition::default()
        });
    }
    for (node, partitions) in by_node {
        let request = ListOffsetsRequest {
            replica_id: -1,
            isolation_level: isolation_level.number(),
            topics: vec![ListOffsetsTopic {
                name: topic.to_owned(),
                partitions,
                ..ListOffsetsTopic::default()
            }],
            ..ListOffsetsRequest::default()
        };
        let answer = client.node(node).await?.call(&request, ListOffsetsRequest::MAX_VERSION).await?;
        for partition in answer.topics.into_iter().flat_map(|topic| topic.partitions) {
            match error_code(partition.error_code) {
                ErrorCode::None => {
                    found.insert(PartitionIndex(partition.partition_index), Offset(partition.offset));
                }
                code => return Err(topic_error(&format!("{topic}-{}", partition.partition_index), code)),
            }
        }
    }
    match partitions.iter().find(|index| !found.contains_key(index)) {
        Some(index) => Err(ClientError::Malformed {
            api: "ListOffsets",
            reason: format!("no answer for {topic}-{index}"),
        }),
        None => Ok(()),
    }
}

/// Creates a topic; −1 leaves a number to the brokers' defaults.
///
/// # Errors
/// With the brokers' refusal, such as TOPIC_ALREADY_EXISTS.
pub async fn create_topic(
    client: &NetworkClient,
    topic: &str,
    partitions: i32,
    replication_factor: i16,
) -> Result<(), ClientError> {
    let timeout_ms = i32::try_from(client.config().request_timeout.as_millis()).unwrap_or(i32::MAX);
    let request = CreateTopicsRequest {
        topics: vec![CreatableTopic {
            name: topic.to_owned(),
            num_partitions: partitions,
            replication_factor,
            ..CreatableTopic::default()
        }],
        timeout_ms,
        ..CreateTopicsRequest::default()
    };
    let answer = client.call_any(&request).await?;
    match answer.topics.into_iter().find(|answered| answered.name == topic) {
        Some(answered) if answered.error_code == 0 => Ok(()),
        Some(answered) => Err(ClientError::Topic {
            subject: topic.to_owned(),
            code: error_code(answered.error_code),
            message: answered.error_message,
        }),
        None => Err(ClientError::Malformed {
            api: "CreateTopics",
            reason: format!("no answer for the topic {topic}"),
        }),
    }
}
