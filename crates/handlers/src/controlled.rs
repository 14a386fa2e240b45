//! What requests share that the controller decides: who may ask, and when the answer leaves.

use broker::Broker;
use controller_node::{CallError, ControllerHandle};
use net::Request;
use types::ErrorCode;

use crate::authorizer::{self, Authorizer, Operation, Resource};

/// Why a whole request is refused: the code and the words.
pub(crate) type Refusal = (ErrorCode, String);

/// Refuses whoever may not do this to the cluster.
pub(crate) fn check_cluster(
    authorizer: &Authorizer,
    request: &Request,
    operation: Operation,
) -> Result<(), Refusal> {
    match authorizer.allows(&request.connection, operation, Resource::Cluster) {
        true => Ok(()),
        false => Err((ErrorCode::ClusterAuthorizationFailed, authorizer::CLUSTER_DENIED.to_owned())),
    }
}

/// What the controller decided, once this broker works by it: a client that goes on at once finds what it made.
pub(crate) async fn applied<T>(
    broker: &Broker,
    controller: &ControllerHandle,
    decision: impl Future<Output = Result<T, CallError>>,
) -> Result<T, Refusal> {
    let decided = decision.await.map_err(|error| (error.code(), error.to_string()))?;
    broker.applied(controller.image().provenance.offset).await;
    Ok(decided)
}
