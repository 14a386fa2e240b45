//! AlterPartitionReassignments (key 45), versions 0–1: other replicas for partitions (KIP-455).
//!
//! v1 (KIP-860) whether the number of replicas may change. Broker and controller listeners; the controller decides. Needs
//! ALTER on the cluster. Null replicas undo the reassignment under way. Errors of the request:
//! CLUSTER_AUTHORIZATION_FAILED, NOT_CONTROLLER; of a partition: UNKNOWN_TOPIC_OR_PARTITION,
//! INVALID_REPLICA_ASSIGNMENT, INVALID_REPLICATION_FACTOR, NO_REASSIGNMENT_IN_PROGRESS, INVALID_REQUEST (named twice).
//! The answer comes when this broker works by it.

use std::sync::Arc;

use broker::Broker;
use controller_node::{ControllerHandle, Reassignment};
use net::Request;
use protocol::messages::alter_partition_reassignments_request::AlterPartitionReassignmentsRequest;
use protocol::messages::alter_partition_reassignments_response::{
    AlterPartitionReassignmentsResponse, ReassignablePartitionResponse, ReassignableTopicResponse,
};
use types::{ErrorCode, NodeId, PartitionIndex};

use crate::authorizer::{self, Authorizer, Operation, Resource};
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
    if !authorizer.allows(&request.connection, Operation::Alter, Resource::Cluster) {
        let denied = (ErrorCode::ClusterAuthorizationFailed, authorizer::CLUSTER_DENIED.to_owned());
        return exchange::answer(&request.header, &refused(&body, denied));
    }
    if body.topics.is_empty() {
        return exchange::answer(&request.header, &AlterPartitionReassignmentsResponse::default());
    }
    let asked = body.topics.iter().flat_map(|topic| {
        topic.partitions.iter().map(|partition| Reassignment {
            topic: topic.name.clone(),
            partition: PartitionIndex(partition.partition_index),
            replicas: partition.replicas.as_ref().map(|ids| ids.iter().copied().map(NodeId).collect()),
        })
    });
    let response = match controller.reassign(asked.collect(), body.allow_replication_factor_change).await {
        Ok(results) => {
            broker.applied(controller.image().provenance.offset).await;
            let told = results.into_iter().map(|result| match result {
                Ok(()) => (ErrorCode::None, None),
                // The oracle has nothing to say on this one beyond its code.
                Err(error) if error.code() == ErrorCode::NoReassignmentInProgress => (error.code(), None),
                Err(error) => (error.code(), Some(error.to_string())),
            });
            AlterPartitionReassignmentsResponse {
                allow_replication_factor_change: body.allow_replication_factor_change,
                error_message: None,
                responses: responses(&body, told),
                ..Default::default()
            }
        }
        Err(error) => refused(&body, (error.code(), error.to_string())),
    };
    exchange::answer(&request.header, &response)
}

fn refused(
    body: &AlterPartitionReassignmentsRequest,
    (error, message): (ErrorCode, String),
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
