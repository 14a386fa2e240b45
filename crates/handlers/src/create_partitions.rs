//! CreatePartitions (key 37), versions 0–3: gives topics more partitions.
//!
//! v2 flexible; v3 (KIP-599) throttling by quota. Broker and controller listeners; the controller decides. Needs ALTER
//! on the topic. Errors: UNKNOWN_TOPIC_OR_PARTITION, INVALID_PARTITIONS (fewer or as many), INVALID_REPLICA_ASSIGNMENT,
//! INVALID_REPLICATION_FACTOR, INVALID_REQUEST (named twice), TOPIC_AUTHORIZATION_FAILED. The answer comes when this
//! broker serves the new partitions.

use std::sync::Arc;

use broker::Broker;
use controller_node::{ControllerHandle, PartitionsToAdd};
use net::Request;
use protocol::messages::create_partitions_request::{CreatePartitionsRequest, CreatePartitionsTopic};
use protocol::messages::create_partitions_response::{CreatePartitionsResponse, CreatePartitionsTopicResult};
use types::{ErrorCode, NodeId};

use crate::authorizer::{Authorizer, Operation, Resource};
use crate::exchange::{self, Handled};
use crate::{controlled, errors};

/// Answers when the partitions are made.
pub(crate) async fn handle(
    broker: &Arc<Broker>,
    controller: &ControllerHandle,
    authorizer: &Authorizer,
    request: &Request,
) -> Handled {
    let body: CreatePartitionsRequest = exchange::decode(request)?;
    let may_alter =
        |name: &str| authorizer.allows(&request.connection, Operation::Alter, Resource::Topic(name));
    let (allowed, denied): (Vec<_>, Vec<_>) =
        body.topics.into_iter().partition(|topic| may_alter(&topic.name));
    let names: Vec<String> = allowed.iter().map(|topic| topic.name.clone()).collect();
    let topics = allowed.into_iter().map(partitions_to_add).collect();
    let mut response = CreatePartitionsResponse::default();
    let decision = controller.create_partitions(topics, body.validate_only);
    match controlled::applied(broker, controller, decision).await {
        Ok(outcomes) => response.results.extend(outcomes.into_iter().map(|(name, outcome)| {
            match errors::verdict(&outcome) {
                // The oracle has nothing to say on this one beyond its code.
                (error @ ErrorCode::UnknownTopicOrPartition, _) => result(name, error, None),
                (error, message) => result(name, error, message),
            }
        })),
        Err((error, message)) => {
            let refused = names.into_iter().map(|name| result(name, error, Some(message.clone())));
            response.results.extend(refused);
        }
    }
    let refused =
        denied.into_iter().map(|topic| result(topic.name, ErrorCode::TopicAuthorizationFailed, None));
    response.results.extend(refused);
    exchange::answer(&request.header, &response)
}

fn partitions_to_add(topic: CreatePartitionsTopic) -> PartitionsToAdd {
    let replicas = |ids: Vec<i32>| ids.into_iter().map(NodeId).collect();
    let assignments = topic.assignments.map(|assignments| {
        assignments.into_iter().map(|assignment| replicas(assignment.broker_ids)).collect()
    });
    PartitionsToAdd { topic: topic.name, count: topic.count, assignments }
}

fn result(name: String, error: ErrorCode, error_message: Option<String>) -> CreatePartitionsTopicResult {
    CreatePartitionsTopicResult { name, error_code: error.code(), error_message, ..Default::default() }
}
