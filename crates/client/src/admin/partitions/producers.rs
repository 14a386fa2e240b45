//! DescribeProducers (KIP-664).

use protocol::messages::describe_producers_request::{DescribeProducersRequest, TopicRequest};
use types::{Offset, PartitionIndex, TopicPartition};

use super::ask_leaders::by_topic;
use crate::admin::{Admin, Outcomes, outcome};
use crate::error::ClientError;

/// An idempotent producer as a partition knows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProducerDescription {
    /// Its id.
    pub producer_id: i64,
    /// Its epoch.
    pub epoch: i32,
    /// Of the coordinator that ended its last transaction here; `None` where none has.
    pub coordinator_epoch: Option<i32>,
    /// Of its last record; −1 where there is none.
    pub last_sequence: i32,
    /// When it last wrote, in milliseconds since 1970.
    pub last_timestamp_ms: i64,
    /// Where its open transaction began.
    pub transaction_start: Option<Offset>,
}

impl Admin {
    /// The producers that each of these partitions remembers.
    ///
    /// # Errors
    /// When a leader does not answer; for a partition UNKNOWN_TOPIC_OR_PARTITION and its like.
    pub async fn describe_producers(
        &self,
        partitions: &[TopicPartition],
    ) -> Result<Outcomes<TopicPartition, Vec<ProducerDescription>>, ClientError> {
        let request = |partitions: &[TopicPartition]| DescribeProducersRequest {
            topics: by_topic(partitions)
                .into_iter()
                .map(|(name, indexes)| TopicRequest {
                    name: name.to_owned(),
                    partition_indexes: indexes,
                    ..TopicRequest::default()
                })
                .collect(),
            ..DescribeProducersRequest::default()
        };
        self.ask_leaders(partitions.iter().cloned(), request, |answer| {
            let topics = answer.topics.into_iter();
            let described = topics.flat_map(|topic| {
                topic.partitions.into_iter().map(move |described| {
                    let partition =
                        TopicPartition::new(topic.name.as_str(), PartitionIndex(described.partition_index));
                    let producers = described.active_producers.iter().map(|producer| ProducerDescription {
                        producer_id: producer.producer_id,
                        epoch: producer.producer_epoch,
                        coordinator_epoch: Some(producer.coordinator_epoch).filter(|epoch| *epoch >= 0),
                        last_sequence: producer.last_sequence,
                        last_timestamp_ms: producer.last_timestamp,
                        transaction_start: Some(Offset(producer.current_txn_start_offset))
                            .filter(|start| start.0 >= 0),
                    });
                    let producers = producers.collect();
                    let code = described.error_code;
                    let outcome = outcome(&partition.to_string(), code, described.error_message);
                    (partition, outcome.map(|()| producers))
                })
            });
            described.collect()
        })
        .await
    }
}
