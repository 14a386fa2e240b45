//! OffsetCommit (key 8), versions 2–10: how far a group has read.
//!
//! v2–4 a retention of its own; v3 throttle time; v6 (KIP-320) leader epochs; v7 (KIP-345) group instance id; v8
//! flexible; v9 (KIP-848) a member epoch in place of the generation, with GROUP_ID_NOT_FOUND and STALE_MEMBER_EPOCH; v10
//! (KIP-848) topic ids. Broker listeners. Needs READ on the group and on each topic.
//!
//! Errors of each partition: UNKNOWN_TOPIC_OR_PARTITION, UNKNOWN_TOPIC_ID, TOPIC_AUTHORIZATION_FAILED,
//! OFFSET_METADATA_TOO_LARGE, and those of the whole request, told for each: UNKNOWN_MEMBER_ID, ILLEGAL_GENERATION,
//! FENCED_INSTANCE_ID, REBALANCE_IN_PROGRESS, GROUP_ID_NOT_FOUND, STALE_MEMBER_EPOCH, GROUP_AUTHORIZATION_FAILED,
//! COORDINATOR_LOAD_IN_PROGRESS, NOT_COORDINATOR, COORDINATOR_NOT_AVAILABLE, UNKNOWN_SERVER_ERROR (larger than the topic
//! takes).

use std::sync::Arc;

use broker::Broker;
use broker::group_coordinator::GroupRequest;
use broker::group_coordinator::offsets::{CommitOffset, CommitOffsets};
use metadata::TopicImage;
use net::Request;
use protocol::messages::offset_commit_request::{
    OffsetCommitRequest, OffsetCommitRequestPartition, OffsetCommitRequestTopic,
};
use protocol::messages::offset_commit_response::{
    OffsetCommitResponse, OffsetCommitResponsePartition, OffsetCommitResponseTopic,
};
use types::{ErrorCode, LeaderEpoch, Offset, PartitionIndex, TopicPartition, Uuid};

use crate::authorizer::{Authorizer, Operation, Resource};
use crate::errors;
use crate::exchange::{self, Handled};
use crate::group_replies::{self, group_reply};

/// First version that is told that there is no such group.
const GROUP_ID_NOT_FOUND_SINCE: i16 = 9;
/// First version that names topics by id.
const TOPIC_IDS_SINCE: i16 = 10;

/// Asks the group for what exists and may be read.
pub(crate) fn handle(broker: &Arc<Broker>, authorizer: &Authorizer, request: &Request) -> Handled {
    let body: OffsetCommitRequest = exchange::decode(request)?;
    let image = broker.image();
    let version = request.header.api_version;
    let by_id = version >= TOPIC_IDS_SINCE;
    let mut told = Told { by_id, response: OffsetCommitResponse::default() };
    if !authorizer.allows(&request.connection, Operation::Read, Resource::Group(&body.group_id)) {
        for topic in &body.topics {
            told.refuse_topic(topic, topic.topic_id, ErrorCode::GroupAuthorizationFailed);
        }
        return exchange::answer(&request.header, &told.response);
    }
    let mut offsets = Vec::new();
    for topic in body.topics {
        let found =
            if by_id { image.topics.by_id(topic.topic_id) } else { image.topics.by_name(&topic.name) };
        if by_id && found.is_none() {
            told.refuse_topic(&topic, topic.topic_id, ErrorCode::UnknownTopicId);
            continue;
        }
        let name = found.map_or(&*topic.name, |found| &*found.name);
        if !authorizer.allows(&request.connection, Operation::Read, Resource::Topic(name)) {
            told.refuse_topic(&topic, topic.topic_id, ErrorCode::TopicAuthorizationFailed);
            continue;
        }
        let Some(found) = found else {
            told.refuse_topic(&topic, Uuid::ZERO, ErrorCode::UnknownTopicOrPartition);
            continue;
        };
        for partition in topic.partitions {
            match found.partition(PartitionIndex(partition.partition_index)).is_some() {
                true => offsets.push(commit(found, partition)),
                false => told.add(
                    found.id,
                    &found.name,
                    partition.partition_index,
                    ErrorCode::UnknownTopicOrPartition,
                ),
            }
        }
    }
    if offsets.is_empty() {
        return exchange::answer(&request.header, &told.response);
    }
    let asked: Vec<(TopicPartition, Uuid)> = (offsets.iter())
        .map(|offset| (offset.partition.clone(), offset.topic_id.unwrap_or(Uuid::ZERO)))
        .collect();
    let called = broker.ask_group(
        &body.group_id,
        GroupRequest::CommitOffsets(CommitOffsets {
            group_id: body.group_id.clone(),
            member_id: body.member_id,
            group_instance_id: body.group_instance_id,
            generation_or_member_epoch: body.generation_id_or_member_epoch,
            knows_member_epochs: version >= GROUP_ID_NOT_FOUND_SINCE,
            retention_ms: Some(body.retention_time_ms).filter(|retention_ms| *retention_ms != -1),
            offsets,
        }),
    );
    group_replies::answer(&request.header, called, move |reply| {
        let codes: Vec<ErrorCode> = match group_reply!(reply, CommitOffsets) {
            Ok(committed) => {
                let code = |error| errors::group_error(&error);
                committed.into_iter().map(|it| it.error.map_or(ErrorCode::None, code)).collect()
            }
            // Older clients know no group that is not there, only a generation that is not.
            Err(ErrorCode::GroupIdNotFound) if version < GROUP_ID_NOT_FOUND_SINCE => {
                vec![ErrorCode::IllegalGeneration; asked.len()]
            }
            Err(error) => vec![error; asked.len()],
        };
        for ((partition, topic_id), code) in asked.into_iter().zip(codes) {
            told.add(topic_id, &partition.topic, partition.partition.0, code);
        }
        told.response
    })
}

fn commit(topic: &TopicImage, partition: OffsetCommitRequestPartition) -> CommitOffset {
    CommitOffset {
        partition: TopicPartition::new(topic.name.clone(), partition.partition_index),
        topic_id: Some(topic.id),
        offset: Offset(partition.committed_offset),
        leader_epoch: Some(LeaderEpoch(partition.committed_leader_epoch)).filter(|epoch| epoch.0 >= 0),
        metadata: partition.committed_metadata.unwrap_or_default(),
    }
}

/// The answer as it grows, each topic once.
struct Told {
    by_id: bool,
    response: OffsetCommitResponse,
}

impl Told {
    fn add(&mut self, topic_id: Uuid, name: &str, partition_index: i32, error: ErrorCode) {
        let by_id = self.by_id;
        let is_same = |topic: &OffsetCommitResponseTopic| match by_id {
            true => topic.topic_id == topic_id,
            false => topic.name == name,
        };
        let topics = &mut self.response.topics;
        // Partitions of one topic mostly come together.
        let place = match topics.last() {
            Some(last) if is_same(last) => Some(topics.len() - 1),
            _ => topics.iter().position(is_same),
        };
        let place = place.unwrap_or_else(|| {
            let name = name.to_owned();
            topics.push(OffsetCommitResponseTopic { name, topic_id, ..Default::default() });
            topics.len() - 1
        });
        let told =
            OffsetCommitResponsePartition { partition_index, error_code: error.code(), ..Default::default() };
        topics[place].partitions.push(told);
    }

    fn refuse_topic(&mut self, topic: &OffsetCommitRequestTopic, topic_id: Uuid, error: ErrorCode) {
        for partition in &topic.partitions {
            self.add(topic_id, &topic.name, partition.partition_index, error);
        }
    }
}
