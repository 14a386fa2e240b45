//! UnregisterBroker (key 64), version 0: forgets a broker that will not come back (KIP-500).
//!
//! Broker and controller listeners; the controller decides. Needs ALTER on the cluster. Errors: BROKER_ID_NOT_REGISTERED,
//! CLUSTER_AUTHORIZATION_FAILED. A broker that lives is forgotten all the same, and serves nobody until it starts anew.

use std::sync::Arc;

use broker::Broker;
use controller_node::ControllerHandle;
use net::Request;
use protocol::messages::unregister_broker_request::UnregisterBrokerRequest;
use protocol::messages::unregister_broker_response::UnregisterBrokerResponse;
use types::{ErrorCode, NodeId};

use crate::authorizer::{self, Authorizer, Operation, Resource};
use crate::exchange::{self, Handled};

/// Answers when the broker is forgotten.
pub(crate) async fn handle(
    broker: &Arc<Broker>,
    controller: &ControllerHandle,
    authorizer: &Authorizer,
    request: &Request,
) -> Handled {
    let body: UnregisterBrokerRequest = exchange::decode(request)?;
    let refused = |error: ErrorCode, message: String| UnregisterBrokerResponse {
        error_code: error.code(),
        error_message: Some(message),
        ..Default::default()
    };
    if !authorizer.allows(&request.connection, Operation::Alter, Resource::Cluster) {
        let denied = refused(ErrorCode::ClusterAuthorizationFailed, authorizer::CLUSTER_DENIED.to_owned());
        return exchange::answer(&request.header, &denied);
    }
    let response = match controller.unregister_broker(NodeId(body.broker_id)).await {
        Ok(()) => {
            broker.applied(controller.image().provenance.offset).await;
            UnregisterBrokerResponse::default()
        }
        Err(error) => refused(error.code(), error.to_string()),
    };
    exchange::answer(&request.header, &response)
}
