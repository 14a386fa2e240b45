//! DeleteRecords (key 21), versions 0–2: moves the start of a partition's log (KIP-107).
//!
//! v2 flexible. Broker listeners. Needs DELETE on the topic. An offset of −1 means the high watermark. Errors per
//! partition: UNKNOWN_TOPIC_OR_PARTITION, NOT_LEADER_OR_FOLLOWER, OFFSET_OUT_OF_RANGE (beyond the high watermark),
//! POLICY_VIOLATION (compacted, not deleted), INVALID_TOPIC_EXCEPTION (internal topics), TOPIC_AUTHORIZATION_FAILED,
//! KAFKA_STORAGE_ERROR. With one replica the low watermark is the log's start at once: there is nobody to wait for.

use std::sync::Arc;

use broker::Broker;
use broker::fetch_sessions::TopicKey;
use net::Request;
use protocol::messages::delete_records_request::{
    DeleteRecordsPartition, DeleteRecordsRequest, DeleteRecordsTopic,
};
use protocol::messages::delete_records_response::{
    DeleteRecordsPartitionResult, DeleteRecordsResponse, DeleteRecordsTopicResult,
};
use types::{ErrorCode, Offset, PartitionIndex};

use crate::authorizer::{Authorizer, Operation, Resource};
use crate::doubled;
use crate::errors;
use crate::exchange::{self, Handled};
use crate::internal_topics;

/// `offset` that stands for the high watermark.
const HIGH_WATERMARK: i64 = -1;

/// Deletes, then answers.
pub(crate) async fn handle(broker: &Arc<Broker>, authorizer: &Authorizer, request: &Request) -> Handled {
    let body: DeleteRecordsRequest = exchange::decode(request)?;
    let mut response = DeleteRecordsResponse::default();
    for topic in each_once(body.topics).iter().filter(|topic| !topic.partitions.is_empty()) {
        let mut partitions = Vec::with_capacity(topic.partitions.len());
        for asked in &topic.partitions {
            let (low_watermark, error) = match delete(broker, authorizer, request, &topic.name, asked).await {
                Ok(log_start) => (log_start.0, ErrorCode::None),
                Err(error) => (-1, error),
            };
            partitions.push(DeleteRecordsPartitionResult {
                partition_index: asked.partition_index,
                low_watermark,
                error_code: error.code(),
                ..Default::default()
            });
        }
        response.topics.push(DeleteRecordsTopicResult {
            name: topic.name.clone(),
            partitions,
            ..Default::default()
        });
    }
    if let Err(error) = broker.record_log_starts().await {
        tracing::error!(%error, "deleted records may come back with a crash");
        let told = response.topics.iter_mut().flat_map(|topic| &mut topic.partitions);
        for partition in told.filter(|partition| partition.error_code == 0) {
            partition.error_code = ErrorCode::KafkaStorageError.code();
            partition.low_watermark = -1;
        }
    }
    exchange::answer(&request.header, &response)
}

/// Of offsets that are named for one partition, the last is taken, as the oracle does.
fn each_once(topics: Vec<DeleteRecordsTopic>) -> Vec<DeleteRecordsTopic> {
    let mut topics = doubled::merge(
        topics,
        |topic| topic.name.clone(),
        |topic, later| topic.partitions.extend(later.partitions),
    );
    for topic in &mut topics {
        let partitions = std::mem::take(&mut topic.partitions);
        topic.partitions = doubled::last_of_each(partitions, |partition| partition.partition_index);
    }
    topics
}

async fn delete(
    broker: &Broker,
    authorizer: &Authorizer,
    request: &Request,
    topic: &str,
    asked: &DeleteRecordsPartition,
) -> Result<Offset, ErrorCode> {
    if !authorizer.allows(&request.connection, Operation::Delete, Resource::Topic(topic)) {
        return Err(ErrorCode::TopicAuthorizationFailed);
    }
    let key = TopicKey::Name(topic.into());
    let partition = broker
        .find_partition(&key, PartitionIndex(asked.partition_index))
        .map_err(|error| errors::lookup_error(&error))?;
    if internal_topics::is_internal(topic) {
        return Err(ErrorCode::InvalidTopicException);
    }
    let offset = (asked.offset != HIGH_WATERMARK).then_some(Offset(asked.offset));
    broker.delete_records(&partition, offset).await.map_err(|error| errors::delete_records_error(&error))
}
