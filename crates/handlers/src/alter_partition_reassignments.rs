//! AlterPartitionReassignments (key 45), versions 0–1: other replicas for partitions (KIP-455).
//!
//! v1 (KIP-860) whether the number of replicas may change. Broker and controller listeners; the controller decides. Needs
//! ALTER on the cluster. Null replicas undo the reassignment under way. Errors of the request:
//! CLUSTER_AUTHORIZATION_FAILED, NOT_CONTROLLER; of a partition: UNKNOWN_TOPIC_OR_PARTITION,
//! INVALID_REPLICA_ASSIGNMENT, INVALID_REPLICATION_FACTOR, NO_REASSIGNMENT_IN_PROGRESS, INVALID_REQUEST (named twice).
//! The answer comes when this broker works by it.

use std::sync::Arc;

use broker::Broker;
use controller_node::{ControllerError, ControllerHandle, Reassignment};
use net::Request;
use protocol::messages::alter_partition_reassignments_request::AlterPartitionReassignmentsRequest;
use protocol::messages::alter_partition_reassignments_response::{
    AlterPartitionReassignmentsResponse, ReassignablePartitionResponse, ReassignableTopicResponse,
};
use types::{ErrorCode, NodeId, PartitionIndex};

use crate::authorizer::{Authorizer, Operation};
use crate::controlled::{self, Refusal};
use crate::errors;
use crate::exchange::{self, Handled};

/// What is told of a partition.
type Told = (ErrorCode, Option<String>);

/// Answers when the reassignments have begun.
pub(crate) async fn handle(
    broker: &Arc<Broker>,
    controller: &ControllerHandle,
    authorizer: &Authorizer,
    request: &Request,
) -> Handled {
    let body: AlterPartitionReassignmentsRequest = exchange::decode(request)?;
    let response = match reassign(broker, controller, authorizer, request, &body).await {
        Ok(_) if body.topics.is_empty() => AlterPartitionReassignmentsResponse::default(),
        Ok(results) => AlterPartitionReassignmentsResponse {
            allow_replication_factor_change: body.allow_replication_factor_change,
            error_message: None,
            responses: responses(&body, results.iter().map(told)),
            ..Default::default()
        },
        Err(refusal) => refused(&body, refusal),
    };
    exchange::answer(&request.header, &response)
}

async fn reassign(
    broker: &Broker,
    controller: &ControllerHandle,
    authorizer: &Authorizer,
    request: &Request,
    body: &AlterPartitionReassignmentsRequest,
) -> Result<Vec<Result<(), ControllerError>>, Refusal> {
    controlled::check_cluster(authorizer, request, Operation::Alter)?;
    let asked = body.topics.iter().flat_map(|topic| {
        topic.partitions.iter().map(|partition| Reassignment {
            topic: topic.name.clone(),
            partition: PartitionIndex(partition.partition_index),
            replicas: partition.replicas.as_ref().map(|ids| ids.iter().copied().map(NodeId).collect()),
        })
    });
    let decision = controller.reassign(asked.collect(), body.allow_replication_factor_change);
    controlled::applied(broker, controller, decision).await
}

fn told(result: &Result<(), ControllerError>) -> Told {
    match errors::verdict(result) {
        // The oracle has nothing to say on this one beyond its code.
        (error @ ErrorCode::NoReassignmentInProgress, _) => (error, None),
        told => told,
    }
}

fn refused(
    body: &AlterPartitionReassignmentsRequest,
    (error, message): Refusal,
) -> AlterPartitionReassignmentsResponse {
    AlterPartitionReassignmentsResponse {
        error_code: error.code(),
        error_message: Some(message.clone()),
        responses: responses(body, std::iter::repeat((error, Some(message)))),
        ..Default::default()
    }
}

/// `told` of each partition, in the order asked.
fn responses(
    body: &AlterPartitionReassignmentsRequest,
    mut told: impl Iterator<Item = Told>,
) -> Vec<ReassignableTopicResponse> {
    let mut responses = Vec::with_capacity(body.topics.len());
    for topic in &body.topics {
        let asked = topic.partitions.iter().map(|partition| partition.partition_index);
        let partitions = asked.zip(told.by_ref()).map(|(partition_index, (error, error_message))| {
            let error_code = error.code();
            ReassignablePartitionResponse { partition_index, error_code, error_message, ..Default::default() }
        });
        let (name, partitions) = (topic.name.clone(), partitions.collect());
        responses.push(ReassignableTopicResponse { name, partitions, ..Default::default() });
    }
    responses
}
