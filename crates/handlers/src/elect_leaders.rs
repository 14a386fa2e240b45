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

use crate::authorizer::{Authorizer, Operation};
use crate::controlled::{self, Refusal};
use crate::errors;
use crate::exchange::{self, Handled};

/// Answers when the leaders are elected.
pub(crate) async fn handle(
    broker: &Arc<Broker>,
    controller: &ControllerHandle,
    authorizer: &Authorizer,
    request: &Request,
) -> Handled {
    let body: ElectLeadersRequest = exchange::decode(request)?;
    let elected = elect(broker, controller, authorizer, request, &body).await;
    let response = elected.map_or_else(|refusal| refused(&body, refusal), told);
    answer(request, &response)
}

async fn elect(
    broker: &Broker,
    controller: &ControllerHandle,
    authorizer: &Authorizer,
    request: &Request,
    body: &ElectLeadersRequest,
) -> Result<ElectionOutcome, Refusal> {
    controlled::check_cluster(authorizer, request, Operation::Alter)?;
    if body.topic_partitions.as_ref().is_some_and(Vec::is_empty) {
        return Ok(ElectionOutcome::new());
    }
    // v0 knows one type, which is the field's default.
    let kind = ElectionKind::from_id(body.election_type).ok_or_else(|| {
        let message = format!("no type of election has the number {}", body.election_type);
        (ErrorCode::InvalidRequest, message)
    })?;
    let asked = body.topic_partitions.as_ref().map(|topics| {
        let topics = topics.iter().map(|topic| {
            (topic.topic.clone(), topic.partitions.iter().copied().map(PartitionIndex).collect())
        });
        topics.collect()
    });
    controlled::applied(broker, controller, controller.elect_leaders(kind, asked)).await
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
        let partitions = partitions.into_iter().map(|(index, result)| {
            let (error, message) = errors::verdict(&result);
            partition_result(index.0, error, message)
        });
        ReplicaElectionResult { topic, partition_result: partitions.collect(), ..Default::default() }
    });
    ElectLeadersResponse { replica_election_results: results.collect(), ..Default::default() }
}

fn refused(body: &ElectLeadersRequest, (error, message): Refusal) -> ElectLeadersResponse {
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
