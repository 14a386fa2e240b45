//! FindCoordinator (key 10), versions 0–6: which broker coordinates a group or a transactional id.
//!
//! v1 key types (0 group, 1 transactional id), throttle time and message; v3 flexible; v4 (KIP-699) several keys at once;
//! v5 TRANSACTION_ABORTABLE; v6 (KIP-932) share groups' partitions (type 2). Broker listeners. Needs DESCRIBE on the group
//! or the transactional id, CLUSTER_ACTION on the cluster for type 2.
//!
//! The first look makes `__consumer_offsets` or `__transaction_state`. Errors: COORDINATOR_NOT_AVAILABLE (the topic cannot be made, its partition
//! has no leader), INVALID_REQUEST (unknown key type), GROUP_AUTHORIZATION_FAILED,
//! TRANSACTIONAL_ID_AUTHORIZATION_FAILED, CLUSTER_AUTHORIZATION_FAILED.
//!
//! Difference from Apache Kafka: the answer that makes the topic names the coordinator. This build does not coordinate
//! share groups: a share group's partition is refused with INVALID_REQUEST.

use std::sync::Arc;

use broker::{Broker, NodeEndpoint};
use controller_node::ControllerHandle;
use net::Request;
use protocol::messages::find_coordinator_request::FindCoordinatorRequest;
use protocol::messages::find_coordinator_response::{Coordinator, FindCoordinatorResponse};
use types::{ErrorCode, NodeId};

use crate::authorizer::{Authorizer, Operation, Resource};
use crate::coordinator_topics::{self, CoordinatorTopic};
use crate::exchange::{self, Handled};

/// First version with several keys.
const KEYS_SINCE: i16 = 4;
/// First version that knows share groups.
const SHARE_SINCE: i16 = 6;

const GROUP: i8 = 0;
const TRANSACTION: i8 = 1;
const SHARE: i8 = 2;

type Found = Result<(NodeId, NodeEndpoint), ErrorCode>;

/// Answers from the broker's image, after the topic was made where it was missing.
pub(crate) async fn handle(
    broker: &Arc<Broker>,
    controller: &ControllerHandle,
    authorizer: &Authorizer,
    request: &Request,
) -> Handled {
    let body: FindCoordinatorRequest = exchange::decode(request)?;
    if request.header.api_version < KEYS_SINCE {
        let found = find(broker, controller, authorizer, request, body.key_type, &body.key).await;
        return exchange::answer(&request.header, &told(found));
    }
    let mut coordinators = Vec::with_capacity(body.coordinator_keys.len());
    for key in body.coordinator_keys {
        let found = find(broker, controller, authorizer, request, body.key_type, &key).await;
        coordinators.push(told_of(key, found));
    }
    exchange::answer(&request.header, &FindCoordinatorResponse { coordinators, ..Default::default() })
}

async fn find(
    broker: &Arc<Broker>,
    controller: &ControllerHandle,
    authorizer: &Authorizer,
    request: &Request,
    key_type: i8,
    key: &str,
) -> Found {
    let may = |operation, resource| authorizer.allows(&request.connection, operation, resource);
    match key_type {
        GROUP if !may(Operation::Describe, Resource::Group(key)) => {
            return Err(ErrorCode::GroupAuthorizationFailed);
        }
        TRANSACTION if !may(Operation::Describe, Resource::TransactionalId(key)) => {
            return Err(ErrorCode::TransactionalIdAuthorizationFailed);
        }
        SHARE
            if request.header.api_version >= SHARE_SINCE
                && !may(Operation::ClusterAction, Resource::Cluster) =>
        {
            return Err(ErrorCode::ClusterAuthorizationFailed);
        }
        GROUP | TRANSACTION => {}
        _ => return Err(ErrorCode::InvalidRequest),
    }
    let topic = match key_type {
        TRANSACTION => CoordinatorTopic::Transactions,
        _ => CoordinatorTopic::Offsets,
    };
    if !coordinator_topics::ensure(broker, controller, topic).await {
        return Err(ErrorCode::CoordinatorNotAvailable);
    }
    let image = broker.image();
    let index = match topic {
        CoordinatorTopic::Offsets => broker.group_partition(&image, key),
        CoordinatorTopic::Transactions => broker.transaction_partition(&image, key),
    };
    let partition = image.topics.by_name(topic.name()).and_then(|topic| topic.partition(index).cloned());
    let leader =
        partition.and_then(|partition| partition.leader).ok_or(ErrorCode::CoordinatorNotAvailable)?;
    let endpoint = broker.endpoint(leader, &request.connection.listener);
    Ok((leader, endpoint.ok_or(ErrorCode::CoordinatorNotAvailable)?))
}

fn told(found: Found) -> FindCoordinatorResponse {
    let (error, message) = explained(&found);
    let (node, host, port) = address(found);
    FindCoordinatorResponse {
        error_code: error.code(),
        error_message: Some(message.unwrap_or("NONE").to_owned()),
        node_id: node.0,
        host,
        port,
        ..Default::default()
    }
}

fn told_of(key: String, found: Found) -> Coordinator {
    let (error, message) = explained(&found);
    let (node, host, port) = address(found);
    Coordinator {
        key,
        node_id: node.0,
        host,
        port,
        error_code: error.code(),
        error_message: Some(message.unwrap_or_default().to_owned()),
        ..Default::default()
    }
}

fn address(found: Found) -> (NodeId, String, i32) {
    match found {
        Ok((node, endpoint)) => (node, endpoint.host, endpoint.port),
        Err(_) => (NodeId::NONE, String::new(), -1),
    }
}

fn explained(found: &Found) -> (ErrorCode, Option<&'static str>) {
    match found {
        Ok(_) => (ErrorCode::None, None),
        Err(error) => (*error, Some(error.name())),
    }
}
