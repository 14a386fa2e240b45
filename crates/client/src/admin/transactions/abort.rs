//! WriteTxnMarkers, as an administrator sends it: a transaction that hangs in a partition is aborted there. The
//! coordinator is not asked, for it does not know of such a transaction any more.

use protocol::messages::write_txn_markers_request::{
    WritableTxnMarker, WritableTxnMarkerTopic, WriteTxnMarkersRequest,
};
use types::TopicPartition;

use crate::admin::{Admin, Outcomes, ProducerDescription, outcome};
use crate::error::ClientError;

/// Where no coordinator has ended a transaction of the producer yet: no leader epoch is lower.
const LOWEST_COORDINATOR_EPOCH: i32 = 0;

impl Admin {
    /// Aborts the open transaction of a producer in one partition, as [`Admin::describe_producers`] told of it.
    ///
    /// # Errors
    /// When the leader does not answer; for the partition INVALID_PRODUCER_EPOCH, TRANSACTION_COORDINATOR_FENCED and their
    /// like.
    pub async fn abort_transaction(
        &self,
        partition: &TopicPartition,
        producer: &ProducerDescription,
    ) -> Result<Outcomes<TopicPartition, ()>, ClientError> {
        let request = |partitions: &[TopicPartition]| WriteTxnMarkersRequest {
            markers: vec![WritableTxnMarker {
                producer_id: producer.producer_id,
                producer_epoch: i16::try_from(producer.epoch).unwrap_or(i16::MAX),
                coordinator_epoch: producer.coordinator_epoch.unwrap_or(LOWEST_COORDINATOR_EPOCH),
                transaction_result: false,
                topics: (partitions.iter())
                    .map(|it| WritableTxnMarkerTopic {
                        name: it.topic.to_string(),
                        partition_indexes: vec![it.partition.0],
                        ..WritableTxnMarkerTopic::default()
                    })
                    .collect(),
                ..WritableTxnMarker::default()
            }],
            ..WriteTxnMarkersRequest::default()
        };
        self.ask_leaders([partition.clone()], request, |answer| {
            let topics = answer.markers.into_iter().flat_map(|marker| marker.topics);
            let outcomes = topics.flat_map(|topic| {
                topic.partitions.into_iter().map(move |it| {
                    let partition = TopicPartition::new(topic.name.as_str(), it.partition_index);
                    let outcome = outcome(&partition.to_string(), it.error_code, None);
                    (partition, outcome)
                })
            });
            outcomes.collect()
        })
        .await
    }
}
