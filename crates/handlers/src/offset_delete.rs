//! OffsetDelete (key 47), version 0: deletes offsets of topics that a group does not read any more (KIP-496).
//!
//! Broker listeners. Needs DELETE on the group and READ on each topic. Errors of the whole: INVALID_GROUP_ID,
//! GROUP_ID_NOT_FOUND, NON_EMPTY_GROUP, COORDINATOR_LOAD_IN_PROGRESS, NOT_COORDINATOR, COORDINATOR_NOT_AVAILABLE,
//! GROUP_AUTHORIZATION_FAILED; of each partition: GROUP_SUBSCRIBED_TO_TOPIC, UNKNOWN_TOPIC_OR_PARTITION,
//! TOPIC_AUTHORIZATION_FAILED.

use std::sync::Arc;

use broker::Broker;
use broker::group_coordinator::GroupRequest;
use broker::group_coordinator::offsets::DeleteOffsets;
use net::Request;
use protocol::messages::offset_delete_request::OffsetDeleteRequest;
use protocol::messages::offset_delete_response::{
    OffsetDeleteResponse, OffsetDeleteResponsePartition, OffsetDeleteResponseTopic,
};
use types::{ErrorCode, PartitionIndex, TopicPartition};

use crate::authorizer::{Authorizer, Operation, Resource};
use crate::errors;
use crate::exchange::{self, Handled};
use crate::group_replies::{self, group_reply};

/// Asks the group for what exists and may be read.
pub(crate) fn handle(broker: &Arc<Broker>, authorizer: &Authorizer, request: &Request) -> Handled {
    let body: OffsetDeleteRequest = exchange::decode(request)?;
    if !authorizer.allows(&request.connection, Operation::Delete, Resource::Group(&body.group_id)) {
        return exchange::answer(&request.header, &refused(ErrorCode::GroupAuthorizationFailed));
    }
    let image = broker.image();
    let mut response = OffsetDeleteResponse::default();
    let mut partitions = Vec::new();
    for topic in body.topics {
        let found = image.topics.by_name(&topic.name);
        let may_read = authorizer.allows(&request.connection, Operation::Read, Resource::Topic(&topic.name));
        for partition in topic.partitions {
            let index = partition.partition_index;
            let is_there = found.is_some_and(|found| found.partition(PartitionIndex(index)).is_some());
            match (may_read, is_there) {
                (false, _) => add(&mut response, &topic.name, index, ErrorCode::TopicAuthorizationFailed),
                (true, false) => add(&mut response, &topic.name, index, ErrorCode::UnknownTopicOrPartition),
                (true, true) => partitions.push(TopicPartition::new(topic.name.as_str(), index)),
            }
        }
    }
    if body.group_id.is_empty() {
        return exchange::answer(&request.header, &refused(ErrorCode::InvalidGroupId));
    }
    let delete = DeleteOffsets { group_id: body.group_id.clone(), partitions };
    let called = broker.ask_group(&body.group_id, GroupRequest::DeleteOffsets(delete));
    group_replies::answer(&request.header, called, move |reply| match group_reply!(reply, DeleteOffsets) {
        Ok(deleted) => {
            for it in deleted {
                let error = it.error.map_or(ErrorCode::None, |error| errors::group_error(&error));
                add(&mut response, &it.partition.topic, it.partition.partition.0, error);
            }
            response
        }
        Err(error) => refused(error),
    })
}

fn add(response: &mut OffsetDeleteResponse, topic: &str, partition_index: i32, error: ErrorCode) {
    let place = response.topics.iter().position(|told| told.name == topic).unwrap_or_else(|| {
        response.topics.push(OffsetDeleteResponseTopic { name: topic.to_owned(), ..Default::default() });
        response.topics.len() - 1
    });
    let told = OffsetDeleteResponsePartition { partition_index, error_code: error.code() };
    response.topics[place].partitions.push(told);
}

fn refused(error: ErrorCode) -> OffsetDeleteResponse {
    OffsetDeleteResponse { error_code: error.code(), ..Default::default() }
}
