//! ConsumerGroupHeartbeat (key 68), versions 0–1: a member of a consumer group joins, lives, says what it reads and has, is
//! told what it is to have, and leaves (KIP-848).
//!
//! v1 members make their ids themselves; patterns of topics. Broker listeners. Needs READ on the group and DESCRIBE on each
//! topic that is named; a pattern means the topics that its member may DESCRIBE. Errors: UNSUPPORTED_VERSION (where
//! `group.version` is 0 or the protocol is switched off), INVALID_REQUEST, UNKNOWN_MEMBER_ID, FENCED_MEMBER_EPOCH,
//! UNRELEASED_INSTANCE_ID, FENCED_INSTANCE_ID, UNSUPPORTED_ASSIGNOR, INVALID_REGULAR_EXPRESSION, GROUP_ID_NOT_FOUND,
//! GROUP_MAX_SIZE_REACHED, NOT_COORDINATOR, COORDINATOR_NOT_AVAILABLE, COORDINATOR_LOAD_IN_PROGRESS,
//! GROUP_AUTHORIZATION_FAILED, TOPIC_AUTHORIZATION_FAILED; UNKNOWN_SERVER_ERROR for more than the log can take.
//!
//! The answer may wait for a new assignment, which is worked out beside the coordinator.

use std::sync::Arc;

use broker::Broker;
use broker::group_coordinator::GroupRequest;
use broker::group_coordinator::assignors::{Assignment, TopicAssignment};
use broker::group_coordinator::consumer::{
    ConsumerHeartbeat, Heard, HeardReply, LEAVE_EPOCH, LEAVE_STATIC_EPOCH,
};
use broker::group_coordinator::topic_pattern::{PatternError, TopicPattern};
use broker::group_coordinator::{GroupError, GroupReply};
use net::Request;
use protocol::messages::consumer_group_heartbeat_request::ConsumerGroupHeartbeatRequest;
use protocol::messages::consumer_group_heartbeat_response::{
    Assignment as ToldAssignment, ConsumerGroupHeartbeatResponse, TopicPartitions,
};
use types::{ErrorCode, PartitionIndex, TopicName};

use crate::authorizer::{Authorizer, Operation, Resource};
use crate::exchange::{self, Handled};
use crate::{errors, group_replies, peer};

/// First version whose members make their ids themselves.
const OWN_MEMBER_ID_SINCE: i16 = 1;

/// Asks the group; where it has to be assigned anew, the answer waits for that.
pub(crate) fn handle(broker: &Arc<Broker>, authorizer: &Authorizer, request: &Request) -> Handled {
    let body: ConsumerGroupHeartbeatRequest = exchange::decode(request)?;
    let refuse = |error, words| exchange::answer(&request.header, &refused(error, words));
    if !broker.serves_consumer_groups() {
        return refuse(ErrorCode::UnsupportedVersion, None);
    }
    if !authorizer.allows(&request.connection, Operation::Read, Resource::Group(&body.group_id)) {
        return refuse(ErrorCode::GroupAuthorizationFailed, None);
    }
    let mut named = body.subscribed_topic_names.iter().flatten();
    if !named.all(|topic| authorizer.allows(&request.connection, Operation::Describe, Resource::Topic(topic)))
    {
        return refuse(ErrorCode::TopicAuthorizationFailed, None);
    }
    if let Err((error, words)) = validate(broker, &body, request.header.api_version) {
        return refuse(error, Some(words));
    }
    let group_id = body.group_id.clone();
    let regex = body.subscribed_topic_regex.clone().filter(|regex| !regex.is_empty());
    let why_not = regex.as_deref().and_then(|regex| TopicPattern::compile(regex).err());
    let heartbeat = heartbeat(broker, request, body, why_not.is_none());
    let called = broker.ask_group(&group_id, GroupRequest::ConsumerHeartbeat(Box::new(heartbeat)));
    let (resolving, authorizer, connection) =
        (broker.clone(), authorizer.clone(), request.connection.clone());
    group_replies::answer_with_jobs(broker, &request.header, called, move |reply| match reply {
        Ok(GroupReply::ConsumerHeartbeat(HeardReply { answer, resolve })) => {
            if let Some(resolve) = resolve {
                resolving.resolve_topics(resolve, move |topic| {
                    authorizer.allows(&connection, Operation::Describe, Resource::Topic(topic))
                });
            }
            answer.map_or_else(|error| not_heard(error, regex.as_deref(), why_not), told)
        }
        Ok(other) => refused(group_replies::mistaken(&other), None),
        Err(error) => refused(errors::unavailable(&error), None),
    })
}

/// What can be judged without the group.
fn validate(
    broker: &Broker,
    body: &ConsumerGroupHeartbeatRequest,
    version: i16,
) -> Result<(), (ErrorCode, String)> {
    let invalid = |words: &str| Err((ErrorCode::InvalidRequest, words.to_owned()));
    let is_given_blank = |text: &Option<String>| text.as_deref().is_some_and(is_blank);
    let needs_id =
        version >= OWN_MEMBER_ID_SINCE || body.member_epoch > 0 || body.member_epoch == LEAVE_EPOCH;
    if needs_id && is_blank(&body.member_id) {
        return invalid("the member id is empty");
    }
    if is_blank(&body.group_id) {
        return invalid("the group id is empty");
    }
    if is_given_blank(&body.instance_id) {
        return invalid("the group instance id is empty");
    }
    if is_given_blank(&body.rack_id) {
        return invalid("the rack id is empty");
    }
    match body.member_epoch {
        0 => {
            if body.rebalance_timeout_ms == -1 {
                return invalid("a member that joins has to say its rebalance timeout");
            }
            if body.topic_partitions.as_ref().is_none_or(|partitions| !partitions.is_empty()) {
                return invalid("a member that joins has no partitions, and has to say so");
            }
            if body.subscribed_topic_names.is_none() && body.subscribed_topic_regex.is_none() {
                return invalid("a member that joins has to say which topics it reads");
            }
        }
        LEAVE_STATIC_EPOCH if body.instance_id.is_none() => {
            return invalid("a member that leaves for a while needs a group instance id");
        }
        epoch if epoch < LEAVE_STATIC_EPOCH => return invalid("there is no such member epoch"),
        _ => {}
    }
    let settings = &broker.settings().groups.consumer;
    match &body.server_assignor {
        Some(name) if settings.assignor(name).is_none() => {
            let known: Vec<&str> =
                settings.assignors.iter().flatten().map(|assignor| assignor.name()).collect();
            let words = format!("there is no assignor {name}, but {}", known.join(", "));
            Err((ErrorCode::UnsupportedAssignor, words))
        }
        _ => Ok(()),
    }
}

/// Nothing but what Java's `String.trim` removes.
fn is_blank(text: &str) -> bool {
    text.chars().all(|character| character <= ' ')
}

fn heartbeat(
    broker: &Broker,
    request: &Request,
    body: ConsumerGroupHeartbeatRequest,
    is_regex_valid: bool,
) -> ConsumerHeartbeat {
    let names = |names: Vec<String>| names.iter().map(|name| TopicName::from(name.as_str())).collect();
    let owned = body.topic_partitions.map(|topics| {
        let topics = topics.into_iter().map(|topic| TopicAssignment {
            topic_id: topic.topic_id,
            partitions: topic.partitions.into_iter().map(PartitionIndex).collect(),
        });
        Assignment { topics: topics.collect() }
    });
    ConsumerHeartbeat {
        group_id: body.group_id,
        member_id: body.member_id,
        member_epoch: body.member_epoch,
        group_instance_id: body.instance_id,
        rack_id: body.rack_id,
        rebalance_timeout_ms: Some(body.rebalance_timeout_ms).filter(|timeout_ms| *timeout_ms != -1),
        subscribed_topics: body.subscribed_topic_names.map(names),
        subscribed_regex: body.subscribed_topic_regex,
        is_regex_valid,
        server_assignor: body.server_assignor,
        owned,
        client_id: request.header.client_id.clone().unwrap_or_default(),
        client_host: peer::client_host(&request.connection),
        fresh_id: broker.fresh_id(),
    }
}

fn told(heard: Heard) -> ConsumerGroupHeartbeatResponse {
    ConsumerGroupHeartbeatResponse {
        member_id: Some(heard.member_id),
        member_epoch: heard.member_epoch,
        heartbeat_interval_ms: heard.heartbeat_interval_ms,
        assignment: heard.assignment.map(|assignment| Box::new(told_assignment(assignment))),
        ..Default::default()
    }
}

fn told_assignment(assignment: Assignment) -> ToldAssignment {
    let topics = assignment.topics.into_iter().map(|topic| TopicPartitions {
        topic_id: topic.topic_id,
        partitions: topic.partitions.into_iter().map(|partition| partition.0).collect(),
        ..Default::default()
    });
    ToldAssignment { topic_partitions: topics.collect(), ..Default::default() }
}

fn not_heard(
    error: GroupError,
    regex: Option<&str>,
    why_not: Option<PatternError>,
) -> ConsumerGroupHeartbeatResponse {
    let words = match (error, regex, why_not) {
        (GroupError::InvalidRegularExpression, Some(regex), Some(why_not)) => {
            format!("SubscribedTopicRegex `{regex}` is not a valid regular expression: {why_not}.")
        }
        _ => error.to_string(),
    };
    refused(errors::group_error(&error), Some(words))
}

fn refused(error: ErrorCode, words: Option<String>) -> ConsumerGroupHeartbeatResponse {
    ConsumerGroupHeartbeatResponse { error_code: error.code(), error_message: words, ..Default::default() }
}
