//! DeleteRecords (KIP-107).

use std::collections::BTreeMap;

use protocol::messages::delete_records_request::{
    DeleteRecordsPartition, DeleteRecordsRequest, DeleteRecordsTopic,
};
use types::{Offset, PartitionIndex, TopicPartition};

use super::ask_leaders::by_topic;
use crate::admin::{Admin, Outcomes, outcome};
use crate::error::ClientError;

impl Admin {
    /// Deletes the records of each partition before an offset; `None` means all that are committed. Tells where each log
    /// begins now.
    ///
    /// # Errors
    /// When a leader does not answer; for a partition OFFSET_OUT_OF_RANGE, POLICY_VIOLATION (a compacted topic) and their
    /// like.
    pub async fn delete_records(
        &self,
        before: &BTreeMap<TopicPartition, Option<Offset>>,
    ) -> Result<Outcomes<TopicPartition, Offset>, ClientError> {
        let offset = |topic: &str, index: i32| {
            let partition = TopicPartition::new(topic, PartitionIndex(index));
            before.get(&partition).copied().flatten().map_or(-1, |offset| offset.0)
        };
        let request = |partitions: &[TopicPartition]| DeleteRecordsRequest {
            topics: by_topic(partitions)
                .into_iter()
                .map(|(name, indexes)| DeleteRecordsTopic {
                    name: name.to_owned(),
                    partitions: indexes
                        .into_iter()
                        .map(|index| DeleteRecordsPartition {
                            partition_index: index,
                            offset: offset(name, index),
                            ..DeleteRecordsPartition::default()
                        })
                        .collect(),
                    ..DeleteRecordsTopic::default()
                })
                .collect(),
            timeout_ms: self.timeout_ms(),
            ..DeleteRecordsRequest::default()
        };
        self.ask_leaders(before.keys().cloned(), request, |answer| {
            let topics = answer.topics.into_iter();
            let deleted = topics.flat_map(|topic| {
                topic.partitions.into_iter().map(move |deleted| {
                    let partition =
                        TopicPartition::new(topic.name.as_str(), PartitionIndex(deleted.partition_index));
                    let outcome = outcome(&partition.to_string(), deleted.error_code, None)
                        .map(|()| Offset(deleted.low_watermark));
                    (partition, outcome)
                })
            });
            deleted.collect()
        })
        .await
    }
}
