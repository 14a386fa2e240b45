//! WriteTxnMarkers (key 27), versions 1–2: ends transactions on partitions (KIP-98).
//!
//! v1 flexible; v2 (KIP-1228) the transaction's version. Sent by coordinators of transactions to the leaders of partitions,
//! and by `kafka-transactions abort`. Broker listeners. Needs ALTER or CLUSTER_ACTION on the cluster.
//!
//! Errors of each partition: CLUSTER_AUTHORIZATION_FAILED, UNKNOWN_TOPIC_OR_PARTITION (not hosted here),
//! NOT_LEADER_OR_FOLLOWER (also where the coordinator of groups is not ready), INVALID_PRODUCER_EPOCH,
//! TRANSACTION_COORDINATOR_FENCED, NOT_ENOUGH_REPLICAS, REQUEST_TIMED_OUT, KAFKA_STORAGE_ERROR.

use std::collections::BTreeMap;
use std::sync::Arc;

use broker::Broker;
use broker::coordinators::EndOfTransaction;
use broker::txn_markers::{MarkerError, MarkerWrite};
use net::{Answer, Request};
use protocol::messages::write_txn_markers_request::{WritableTxnMarker, WriteTxnMarkersRequest};
use protocol::messages::write_txn_markers_response::{
    WritableTxnMarkerPartitionResult, WritableTxnMarkerResult, WritableTxnMarkerTopicResult,
    WriteTxnMarkersResponse,
};
use types::{ErrorCode, ProducerEpoch, ProducerId, TopicName, TopicPartition};

use crate::authorizer::{Authorizer, Operation, Resource};
use crate::exchange::{self, Handled};
use crate::{doubled, errors, shard_replies};

/// Writes every marker in order, then waits until all are committed.
pub(crate) fn handle(broker: &Arc<Broker>, authorizer: &Authorizer, request: &Request) -> Handled {
    let body: WriteTxnMarkersRequest = exchange::decode(request)?;
    let may = |operation| authorizer.allows(&request.connection, operation, Resource::Cluster);
    if !may(Operation::Alter) && !may(Operation::ClusterAction) {
        let mut told = Told::default();
        for marker in &body.markers {
            for partition in partitions(marker) {
                told.add(marker.producer_id, partition, ErrorCode::ClusterAuthorizationFailed);
            }
        }
        return exchange::answer(&request.header, &told.response());
    }
    let mut written = Vec::new();
    for marker in &body.markers {
        let end = EndOfTransaction {
            producer: (ProducerId(marker.producer_id), ProducerEpoch(marker.producer_epoch)),
            is_committed: marker.transaction_result,
            coordinator_epoch: marker.coordinator_epoch,
            transaction_version: marker.transaction_version.into(),
        };
        for partition in partitions(marker) {
            let write = broker.write_marker(end, &partition);
            written.push((marker.producer_id, partition, write));
        }
    }
    if written.iter().all(|(_, _, write)| matches!(write, MarkerWrite::Done(_))) {
        let mut told = Told::default();
        for (producer_id, partition, write) in written {
            if let MarkerWrite::Done(outcome) = write {
                told.add(producer_id, partition, code(outcome));
            }
        }
        return exchange::answer(&request.header, &told.response());
    }
    let header = request.header.clone();
    Ok(Answer::Later(Box::pin(async move {
        let mut told = Told::default();
        for (producer_id, partition, write) in written {
            told.add(producer_id, partition, code(write.outcome().await));
        }
        shard_replies::respond_later(&header, &told.response())
    })))
}

/// The partitions of a marker; one that is named twice gets one.
fn partitions(marker: &WritableTxnMarker) -> Vec<TopicPartition> {
    let mut partitions = Vec::new();
    for topic in &marker.topics {
        let name: TopicName = topic.name.as_str().into();
        partitions
            .extend(topic.partition_indexes.iter().map(|index| TopicPartition::new(name.clone(), *index)));
    }
    doubled::last_of_each(partitions, TopicPartition::clone)
}

fn code(outcome: Result<(), MarkerError>) -> ErrorCode {
    outcome.err().map_or(ErrorCode::None, |error| errors::marker_error(&error))
}

/// What is told of each partition, by producer and topic. The last of several markers of a producer for one partition is
/// told.
#[derive(Default)]
struct Told(BTreeMap<i64, BTreeMap<TopicName, BTreeMap<i32, ErrorCode>>>);

impl Told {
    fn add(&mut self, producer_id: i64, partition: TopicPartition, error: ErrorCode) {
        let topics = self.0.entry(producer_id).or_default();
        topics.entry(partition.topic).or_default().insert(partition.partition.0, error);
    }

    fn response(self) -> WriteTxnMarkersResponse {
        let partition = |(partition_index, error): (i32, ErrorCode)| WritableTxnMarkerPartitionResult {
            partition_index,
            error_code: error.code(),
            ..Default::default()
        };
        let topic =
            |(name, partitions): (TopicName, BTreeMap<i32, ErrorCode>)| WritableTxnMarkerTopicResult {
                name: name.to_string(),
                partitions: partitions.into_iter().map(partition).collect(),
                ..Default::default()
            };
        let markers = self.0.into_iter().map(|(producer_id, topics)| WritableTxnMarkerResult {
            producer_id,
            topics: topics.into_iter().map(topic).collect(),
            ..Default::default()
        });
        WriteTxnMarkersResponse { markers: markers.collect(), ..Default::default() }
    }
}
