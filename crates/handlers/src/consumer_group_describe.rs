//! ConsumerGroupDescribe (key 69), versions 0–1: state and members of consumer groups (KIP-848).
//!
//! v1 (KIP-1099) which protocol a member speaks. Broker listeners. Needs DESCRIBE on each group, and on each topic that a
//! member of it has or is to have. Errors of each group: UNSUPPORTED_VERSION (where `group.version` is 0 or the protocol is
//! switched off), INVALID_GROUP_ID, GROUP_ID_NOT_FOUND, COORDINATOR_LOAD_IN_PROGRESS, NOT_COORDINATOR,
//! COORDINATOR_NOT_AVAILABLE, GROUP_AUTHORIZATION_FAILED, TOPIC_AUTHORIZATION_FAILED.

use std::sync::Arc;

use broker::Broker;
use broker::coordinators::Called;
use broker::group_coordinator::GroupRequest;
use broker::group_coordinator::consumer::{
    ConsumerGroupDescription, ConsumerMemberDescription, NamedPartitions,
};
use net::Request;
use protocol::messages::consumer_group_describe_request::ConsumerGroupDescribeRequest;
use protocol::messages::consumer_group_describe_response::{
    Assignment, ConsumerGroupDescribeResponse, DescribedGroup, Member, TopicPartitions,
};
use types::ErrorCode;

use crate::authorizer::{Authorizer, Operation, Resource};
use crate::exchange::{self, Handled};
use crate::group_replies::{self, group_reply};

const CLASSIC_MEMBER: i8 = 0;
const CONSUMER_MEMBER: i8 = 1;

/// Asks each group.
pub(crate) fn handle(broker: &Arc<Broker>, authorizer: &Authorizer, request: &Request) -> Handled {
    let body: ConsumerGroupDescribeRequest = exchange::decode(request)?;
    if !broker.serves_consumer_groups() {
        let groups =
            body.group_ids.into_iter().map(|group_id| refused(group_id, ErrorCode::UnsupportedVersion));
        let response = ConsumerGroupDescribeResponse { groups: groups.collect(), ..Default::default() };
        return exchange::answer(&request.header, &response);
    }
    let may_describe =
        |group: &String| authorizer.allows(&request.connection, Operation::Describe, Resource::Group(group));
    let (allowed, denied): (Vec<_>, Vec<_>) = body.group_ids.into_iter().partition(may_describe);
    let (named, nameless): (Vec<_>, Vec<_>) = allowed.into_iter().partition(|group| !group.is_empty());
    let called: Vec<Called<_>> = (named.iter())
        .map(|group| broker.ask_group(group, GroupRequest::ConsumerDescribe { group_id: group.clone() }))
        .collect();
    let (authorizer, connection) = (authorizer.clone(), request.connection.clone());
    group_replies::answer_all(&request.header, called, move |replies| {
        let denied = denied.into_iter().map(|group| refused(group, ErrorCode::GroupAuthorizationFailed));
        let nameless = nameless.into_iter().map(|group| refused(group, ErrorCode::InvalidGroupId));
        let mut groups: Vec<DescribedGroup> = denied.chain(nameless).collect();
        for (group_id, reply) in named.into_iter().zip(replies) {
            let group = match group_reply!(reply, ConsumerDescribe) {
                Ok(description) => described(group_id, description),
                Err(ErrorCode::GroupIdNotFound) => not_found(group_id),
                Err(error) => refused(group_id, error),
            };
            let may_see =
                |topic: &str| authorizer.allows(&connection, Operation::Describe, Resource::Topic(topic));
            groups.push(if group.members.iter().flat_map(topics_of).all(may_see) {
                with_operations(group, body.include_authorized_operations, |group| {
                    authorizer.allowed_operations(&connection, Resource::Group(group))
                })
            } else {
                hidden(group.group_id)
            });
        }
        ConsumerGroupDescribeResponse { groups, ..Default::default() }
    })
}

fn topics_of(member: &Member) -> impl Iterator<Item = &str> {
    let both = [&member.assignment, &member.target_assignment];
    both.into_iter()
        .flat_map(|assignment| &assignment.topic_partitions)
        .map(|topic| topic.topic_name.as_str())
}

fn with_operations(
    group: DescribedGroup,
    is_asked: bool,
    operations: impl FnOnce(&str) -> i32,
) -> DescribedGroup {
    if !is_asked || group.error_code != 0 {
        return group;
    }
    DescribedGroup { authorized_operations: operations(&group.group_id), ..group }
}

fn described(group_id: String, description: ConsumerGroupDescription) -> DescribedGroup {
    DescribedGroup {
        group_id,
        group_state: description.state.to_owned(),
        group_epoch: description.group_epoch,
        assignment_epoch: description.assignment_epoch,
        assignor_name: description.assignor,
        members: description.members.into_iter().map(described_member).collect(),
        ..Default::default()
    }
}

fn described_member(member: ConsumerMemberDescription) -> Member {
    Member {
        member_id: member.member_id,
        instance_id: member.group_instance_id,
        rack_id: member.rack_id,
        member_epoch: member.member_epoch,
        client_id: member.client_id,
        client_host: member.client_host,
        subscribed_topic_names: member.subscribed_topics.iter().map(ToString::to_string).collect(),
        subscribed_topic_regex: member.subscribed_regex,
        assignment: assignment(member.assignment),
        target_assignment: assignment(member.target),
        member_type: if member.is_classic { CLASSIC_MEMBER } else { CONSUMER_MEMBER },
        ..Default::default()
    }
}

fn assignment(topics: Vec<NamedPartitions>) -> Assignment {
    let topics = topics.into_iter().map(|topic| TopicPartitions {
        topic_id: topic.topic_id,
        topic_name: topic.topic_name.to_string(),
        partitions: topic.partitions.into_iter().map(|partition| partition.0).collect(),
        ..Default::default()
    });
    Assignment { topic_partitions: topics.collect(), ..Default::default() }
}

fn not_found(group_id: String) -> DescribedGroup {
    let words = format!("there is no consumer group {group_id}");
    DescribedGroup { error_message: Some(words), ..refused(group_id, ErrorCode::GroupIdNotFound) }
}

fn hidden(group_id: String) -> DescribedGroup {
    let words = "not allowed to describe a topic that the group reads".to_owned();
    DescribedGroup { error_message: Some(words), ..refused(group_id, ErrorCode::TopicAuthorizationFailed) }
}

fn refused(group_id: String, error: ErrorCode) -> DescribedGroup {
    DescribedGroup { error_code: error.code(), group_id, ..Default::default() }
}
