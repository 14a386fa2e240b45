//! The answer that a node gives which refuses all of a request: its error stands where Kafka's clients look for it, at
//! each partition, topic or group that was asked for, or at the top.

use handlers::exchange::{answer, decode};
use net::{Answer, CloseReason, Request};
use protocol::api;
use protocol::messages::create_topics_request::CreateTopicsRequest;
use protocol::messages::create_topics_response::{CreatableTopicResult, CreateTopicsResponse};
use protocol::messages::delete_topics_request::DeleteTopicsRequest;
use protocol::messages::delete_topics_response::{DeletableTopicResult, DeleteTopicsResponse};
use protocol::messages::fetch_response::FetchResponse;
use protocol::messages::find_coordinator_request::FindCoordinatorRequest;
use protocol::messages::find_coordinator_response::{Coordinator, FindCoordinatorResponse};
use protocol::messages::heartbeat_response::HeartbeatResponse;
use protocol::messages::init_producer_id_response::InitProducerIdResponse;
use protocol::messages::join_group_response::JoinGroupResponse;
use protocol::messages::leave_group_response::LeaveGroupResponse;
use protocol::messages::list_offsets_request::ListOffsetsRequest;
use protocol::messages::list_offsets_response::{
    ListOffsetsPartitionResponse, ListOffsetsResponse, ListOffsetsTopicResponse,
};
use protocol::messages::metadata_request::MetadataRequest;
use protocol::messages::metadata_response::{MetadataResponse, MetadataResponseTopic};
use protocol::messages::offset_commit_request::OffsetCommitRequest;
use protocol::messages::offset_commit_response::{
    OffsetCommitResponse, OffsetCommitResponsePartition, OffsetCommitResponseTopic,
};
use protocol::messages::offset_fetch_request::OffsetFetchRequest;
use protocol::messages::offset_fetch_response::{
    OffsetFetchResponse, OffsetFetchResponseGroup, OffsetFetchResponsePartition, OffsetFetchResponseTopic,
};
use protocol::messages::produce_request::ProduceRequest;
use protocol::messages::produce_response::{PartitionProduceResponse, ProduceResponse, TopicProduceResponse};
use protocol::messages::sync_group_response::SyncGroupResponse;
use types::ErrorCode;

/// The answer to `request` that says nothing but `error`.
///
/// # Errors
/// When the request cannot be read, or is none that has such an answer.
pub(super) fn error_answer(request: &Request, error: ErrorCode) -> Result<Answer, CloseReason> {
    let (header, error_code) = (&request.header, error.code());
    match header.api_key {
        api::PRODUCE => {
            let asked: ProduceRequest = decode(request)?;
            if asked.acks == 0 {
                return Err(CloseReason::refused("the script of a test: nobody waits for the error"));
            }
            answer(header, &produce(asked, error_code))
        }
        api::FETCH => answer(header, &FetchResponse { error_code, ..Default::default() }),
        api::LIST_OFFSETS => answer(header, &list_offsets(decode(request)?, error_code)),
        api::METADATA => answer(header, &metadata(decode(request)?, error_code)),
        api::OFFSET_COMMIT => answer(header, &offset_commit(decode(request)?, error_code)),
        api::OFFSET_FETCH => answer(header, &offset_fetch(decode(request)?, error_code)),
        api::FIND_COORDINATOR => answer(header, &find_coordinator(decode(request)?, error_code)),
        api::JOIN_GROUP => answer(
            header,
            &JoinGroupResponse {
                error_code,
                generation_id: -1,
                protocol_name: (header.api_version < 7).then(String::new),
                ..Default::default()
            },
        ),
        api::SYNC_GROUP => answer(header, &SyncGroupResponse { error_code, ..Default::default() }),
        api::HEARTBEAT => answer(header, &HeartbeatResponse { error_code, ..Default::default() }),
        api::LEAVE_GROUP => answer(header, &LeaveGroupResponse { error_code, ..Default::default() }),
        api::INIT_PRODUCER_ID => answer(
            header,
            &InitProducerIdResponse { error_code, producer_id: -1, producer_epoch: -1, ..Default::default() },
        ),
        api::CREATE_TOPICS => answer(header, &create_topics(decode(request)?, error_code)),
        api::DELETE_TOPICS => answer(header, &delete_topics(decode(request)?, error_code)),
        key => Err(CloseReason::refused(format!("the script of a test has no error for API key {key}"))),
    }
}

fn produce(asked: ProduceRequest, error_code: i16) -> ProduceResponse {
    let partition = |index| PartitionProduceResponse {
        index,
        error_code,
        base_offset: -1,
        log_append_time_ms: -1,
        log_start_offset: -1,
        ..Default::default()
    };
    let topics = asked.topic_data.into_iter().map(|topic| TopicProduceResponse {
        name: topic.name,
        topic_id: topic.topic_id,
        partition_responses: topic.partition_data.iter().map(|it| partition(it.index)).collect(),
        ..Default::default()
    });
    ProduceResponse { responses: topics.collect(), ..Default::default() }
}

fn list_offsets(asked: ListOffsetsRequest, error_code: i16) -> ListOffsetsResponse {
    let partition = |partition_index| ListOffsetsPartitionResponse {
        partition_index,
        error_code,
        timestamp: -1,
        offset: -1,
        leader_epoch: -1,
        ..Default::default()
    };
    let topics = asked.topics.into_iter().map(|topic| ListOffsetsTopicResponse {
        name: topic.name,
        partitions: topic.partitions.iter().map(|it| partition(it.partition_index)).collect(),
        ..Default::default()
    });
    ListOffsetsResponse { topics: topics.collect(), ..Default::default() }
}

/// A node that answers so names no broker; of all topics, when those are asked for, it tells none.
fn metadata(asked: MetadataRequest, error_code: i16) -> MetadataResponse {
    let topics = asked.topics.unwrap_or_default().into_iter().map(|topic| MetadataResponseTopic {
        error_code,
        name: topic.name,
        topic_id: topic.topic_id,
        ..Default::default()
    });
    MetadataResponse { topics: topics.collect(), controller_id: -1, error_code, ..Default::default() }
}

fn offset_commit(asked: OffsetCommitRequest, error_code: i16) -> OffsetCommitResponse {
    let partition =
        |partition_index| OffsetCommitResponsePartition { partition_index, error_code, ..Default::default() };
    let topics = asked.topics.into_iter().map(|topic| OffsetCommitResponseTopic {
        name: topic.name,
        topic_id: topic.topic_id,
        partitions: topic.partitions.iter().map(|it| partition(it.partition_index)).collect(),
        ..Default::default()
    });
    OffsetCommitResponse { topics: topics.collect(), ..Default::default() }
}

/// Until version 7 one group is asked for, whose error stands at the top, and before version 2 at each partition.
fn offset_fetch(asked: OffsetFetchRequest, error_code: i16) -> OffsetFetchResponse {
    let partition = |partition_index| OffsetFetchResponsePartition {
        partition_index,
        committed_offset: -1,
        committed_leader_epoch: -1,
        error_code,
        metadata: Some(String::new()),
        ..Default::default()
    };
    let topics = asked.topics.unwrap_or_default().into_iter().map(|topic| OffsetFetchResponseTopic {
        name: topic.name,
        partitions: topic.partition_indexes.into_iter().map(partition).collect(),
        ..Default::default()
    });
    let groups = asked.groups.into_iter().map(|group| OffsetFetchResponseGroup {
        group_id: group.group_id,
        error_code,
        ..Default::default()
    });
    OffsetFetchResponse {
        topics: topics.collect(),
        groups: groups.collect(),
        error_code,
        ..Default::default()
    }
}

fn find_coordinator(asked: FindCoordinatorRequest, error_code: i16) -> FindCoordinatorResponse {
    let coordinators = asked.coordinator_keys.into_iter().map(|key| Coordinator {
        key,
        node_id: -1,
        port: -1,
        error_code,
        ..Default::default()
    });
    FindCoordinatorResponse {
        error_code,
        node_id: -1,
        port: -1,
        coordinators: coordinators.collect(),
        ..Default::default()
    }
}

fn create_topics(asked: CreateTopicsRequest, error_code: i16) -> CreateTopicsResponse {
    let topics = asked.topics.into_iter().map(|topic| CreatableTopicResult {
        name: topic.name,
        error_code,
        ..Default::default()
    });
    CreateTopicsResponse { topics: topics.collect(), ..Default::default() }
}

fn delete_topics(asked: DeleteTopicsRequest, error_code: i16) -> DeleteTopicsResponse {
    let by_name = asked.topic_names.into_iter().map(|name| (Some(name), types::Uuid::ZERO));
    let by_either = asked.topics.into_iter().map(|topic| (topic.name, topic.topic_id));
    let responses = by_name.chain(by_either).map(|(name, topic_id)| DeletableTopicResult {
        name,
        topic_id,
        error_code,
        ..Default::default()
    });
    DeleteTopicsResponse { responses: responses.collect(), ..Default::default() }
}
