//! ElectLeaders (key 43), versions 0–2: leaders that somebody asks for (KIP-183).
//!
//! v1 (KIP-460) unclean elections and an error of the request; v2 flexible. Broker and controller listeners; the
//! controller decides. Needs ALTER on the cluster. Null partitions: all, of which those that need no election are not
//! told. Errors of the request: INVALID_REQUEST (unknown type of election), CLUSTER_AUTHORIZATION_FAILED,
//! NOT_CONTROLLER; of a partition: UNKNOWN_TOPIC_OR_PARTITION, ELECTION_NOT_NEEDED, PREFERRED_LEADER_NOT_AVAILABLE,
//! ELIGIBLE_LEADERS_NOT_AVAILABLE. The answer comes when this broker works by it.

use std::sync::Arc;

use broker::Broker;
use controller_node::{ControllerHandle, ElectionKind, ElectionOutcome};
use net::Request;
use protocol::messages::elect_leaders_request::ElectLeadersRequest;
use protocol::messages::elect_leaders_response::{
    ElectLeadersResponse, PartitionResult, ReplicaElectionResult,
};
use types::{ErrorCode, PartitionIndex};

use crate::authorizer::{self, Authorizer, Operation, Resource};
use crate::exchange::{self, Handled};

/// Answers when the leaders are elected.
pub(crate) async fn handle(
    broker: &Arc<Broker>,
    controller: &ControllerHandle,
    authorizer: &Authorizer,
    request: &Request,
) -> Handled {
    let body: ElectLeadersRequest = exchange::decode(request)?;
    if !authorizer.allows(&request.connection, Operation::Alter, Resource::Cluster) {
        let denied = (ErrorCode::ClusterAuthorizationFailed, authorizer::CLUSTER_DENIED.to_owned());
        return answer(request, &refused(&body, denied));
    }
    if body.topic_partitions.as_ref().is_some_and(Vec::is_empty) {
        return answer(request, &ElectLeadersResponse::default());
    }
    // v0 knows one type, which is the field's default.
    let Some(kind) = ElectionKind::from_id(body.election_type) else {
        let message = format!("no type of election has the number {}", body.election_type);
        return answer(request, &refused(&body, (ErrorCode::InvalidRequest, message)));
    };
    let asked = body.topic_partitions.as_ref().map(|topics| {
        let topics = topics.iter().map(|topic| {
            (topic.topic.clone(), topic.partitions.iter().copied().map(PartitionIndex).collect())
        });
        topics.collect()
    });
    let response = match controller.elect_leaders(kind, asked).await {
        Ok(outcome) => {
            broker.applied(controller.image().provenance.offset).await;
            told(outcome)
        }
        Err(error) => refused(&body, (error.code(), error.to_string())),
    };
    answer(request, &response)
}

fn answer(request: &Request, response: &ElectLeadersResponse) -> Handled {
    if request.header.api_version == 0 {
        // There is no place for an error of the request.
        return exchange::answer(
            &request.header,
            &ElectLeadersResponse { error_code: 0, ..response.clone() },
        );
    }
    exchange::answer(&request.header, response)
}

fn told(outcome: ElectionOutcome) -> ElectLeadersResponse {
    let results = outcome.into_iter().map(|(topic, partitions)| {
        let partitions = partitions.into_iter().map(|(index, result)| match result {
            Ok(()) => partition_result(index.0, ErrorCode::None, None),
            Err(error) => partition_result(index.0, error.code(), Some(error.to_string())),
        });
        ReplicaElectionResult { topic, partition_result: partitions.collect(), ..Default::default() }
    });
    ElectLeadersResponse { replica_election_results: results.collect(), ..Default::default() }
}

fn refused(body: &ElectLeadersRequest, (error, message): (ErrorCode, String)) -> ElectLeadersResponse {
    let results = body.topic_partitions.iter().flatten().map(|topic| {
        let asked = topic.partitions.iter();
        let partitions = asked.map(|index| partition_result(*index, error, Some(message.clone())));
        let (topic, partition_result) = (topic.topic.clone(), partitions.collect());
        ReplicaElectionResult { topic, partition_result, ..Default::default() }
    });
    ElectLeadersResponse {
        error_code: error.code(),
        replica_election_results: results.collect(),
        ..Default::default()
    }
}

fn partition_result(partition_id: i32, error: ErrorCode, error_message: Option<String>) -> PartitionResult {
    PartitionResult { partition_id, error_code: error.code(), error_message, ..Default::default() }
}
