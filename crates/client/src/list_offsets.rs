//! ListOffsets, as whoever asks for offsets asks: the numbers that stand for ends, the request, and the answer by partition.

use std::collections::BTreeMap;

use protocol::messages::list_offsets_request::{ListOffsetsPartition, ListOffsetsRequest, ListOffsetsTopic};
use protocol::messages::list_offsets_response::{ListOffsetsPartitionResponse, ListOffsetsResponse};
use types::{LeaderEpoch, TopicName, TopicPartition};

use crate::consumer::IsolationLevel;

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

/// Asks one leader; the epoch is that of the leader as far as it is known, else −1 (KIP-320).
pub(crate) fn request(
    isolation_level: IsolationLevel,
    questions: impl IntoIterator<Item = (TopicPartition, LeaderEpoch, OffsetSpec)>,
) -> ListOffsetsRequest {
    let mut topics: BTreeMap<TopicName, ListOffsetsTopic> = BTreeMap::new();
    for (partition, current_leader_epoch, wanted) in questions {
        let topic = topics.entry(partition.topic).or_insert_with_key(|name| ListOffsetsTopic {
            name: name.to_string(),
            ..ListOffsetsTopic::default()
        });
        topic.partitions.push(ListOffsetsPartition {
            partition_index: partition.partition.0,
            current_leader_epoch: current_leader_epoch.0,
            timestamp: wanted.number(),
            ..ListOffsetsPartition::default()
        });
    }
    ListOffsetsRequest {
        replica_id: -1,
        isolation_level: isolation_level.number(),
        topics: topics.into_values().collect(),
        ..ListOffsetsRequest::default()
    }
}

/// What was answered of each partition.
pub(crate) fn answers(
    answer: ListOffsetsResponse,
) -> impl Iterator<Item = (TopicPartition, ListOffsetsPartitionResponse)> {
    answer.topics.into_iter().flat_map(|topic| {
        let name = TopicName::from(topic.name);
        let named = move |each: ListOffsetsPartitionResponse| {
            (TopicPartition::new(name.clone(), each.partition_index), each)
        };
        topic.partitions.into_iter().map(named)
    })
}
