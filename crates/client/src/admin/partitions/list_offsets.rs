//! ListOffsets with every question it takes.

use std::collections::BTreeMap;

use protocol::messages::list_offsets_request::{ListOffsetsPartition, ListOffsetsRequest, ListOffsetsTopic};
use types::{LeaderEpoch, Offset, PartitionIndex, TopicPartition};

use super::ask_leaders::by_topic;
use crate::admin::{Admin, Outcomes, outcome};
use crate::consumer::IsolationLevel;
use crate::error::ClientError;

/// Which offset of a partition is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OffsetSpec {
    /// Of the first record there is.
    Earliest,
    /// Behind the last record that may be read.
    Latest,
    /// Of the record with the greatest timestamp (KIP-734).
    MaxTimestamp,
    /// Of the first record on the broker's own disk (KIP-405).
    EarliestLocal,
    /// Of the last record in the tiered storage (KIP-1005).
    LatestTiered,
    /// Of the first record that is not in the tiered storage yet (KIP-1023).
    EarliestPendingUpload,
    /// Of the first record at or after this time, in milliseconds since 1970.
    Timestamp(i64),
}

impl OffsetSpec {
    /// The number that stands for it in place of a timestamp.
    const fn number(self) -> i64 {
        match self {
            Self::Latest => -1,
            Self::Earliest => -2,
            Self::MaxTimestamp => -3,
            Self::EarliestLocal => -4,
            Self::LatestTiered => -5,
            Self::EarliestPendingUpload => -6,
            Self::Timestamp(ms) => ms,
        }
    }
}

/// An offset that was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ListedOffset {
    /// `None` where there is no such record.
    pub offset: Option<Offset>,
    /// The record's, in milliseconds since 1970, where the question was about time.
    pub timestamp_ms: Option<i64>,
    /// The record's, where it is known.
    pub leader_epoch: Option<LeaderEpoch>,
}

impl Admin {
    /// Finds one offset of each of these partitions.
    ///
    /// # Errors
    /// When a leader does not answer; for a partition UNKNOWN_TOPIC_OR_PARTITION, LEADER_NOT_AVAILABLE and their like.
    pub async fn list_offsets(
        &self,
        queries: &BTreeMap<TopicPartition, OffsetSpec>,
        isolation_level: IsolationLevel,
    ) -> Result<Outcomes<TopicPartition, ListedOffset>, ClientError> {
        let timestamp = |topic: &str, index: i32| {
            queries.get(&TopicPartition::new(topic, PartitionIndex(index))).map_or(-1, |query| query.number())
        };
        let request = |partitions: &[TopicPartition]| ListOffsetsRequest {
            replica_id: -1,
            isolation_level: isolation_level.number(),
            timeout_ms: self.timeout_ms(),
            topics: by_topic(partitions)
                .into_iter()
                .map(|(name, indexes)| ListOffsetsTopic {
                    name: name.to_owned(),
                    partitions: indexes
                        .into_iter()
                        .map(|index| ListOffsetsPartition {
                            partition_index: index,
                            current_leader_epoch: -1,
                            timestamp: timestamp(name, index),
                            ..ListOffsetsPartition::default()
                        })
                        .collect(),
                    ..ListOffsetsTopic::default()
                })
                .collect(),
            ..ListOffsetsRequest::default()
        };
        self.ask_leaders(queries.keys().cloned(), request, |answer| {
            let topics = answer.topics.into_iter();
            let found = topics.flat_map(|topic| {
                topic.partitions.into_iter().map(move |found| {
                    let partition =
                        TopicPartition::new(topic.name.as_str(), PartitionIndex(found.partition_index));
                    let listed = ListedOffset {
                        offset: Some(Offset(found.offset)).filter(|offset| offset.0 >= 0),
                        timestamp_ms: Some(found.timestamp).filter(|timestamp| *timestamp >= 0),
                        leader_epoch: Some(LeaderEpoch(found.leader_epoch)).filter(|epoch| epoch.0 >= 0),
                    };
                    let outcome = outcome(&partition.to_string(), found.error_code, None).map(|()| listed);
                    (partition, outcome)
                })
            });
            found.collect()
        })
        .await
    }
}
