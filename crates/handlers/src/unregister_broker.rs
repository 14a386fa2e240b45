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
use types::NodeId;

use crate::authorizer::{Authorizer, Operation};
use crate::controlled::{self, Refusal};
use crate::exchange::{self, Handled};

/// Answers when the broker is forgotten.
pub(crate) async fn handle(
    broker: &Arc<Broker>,
    controller: &ControllerHandle,
    authorizer: &Authorizer,
    request: &Request,
) -> Handled {
    let body: UnregisterBrokerRequest = exchange::decode(request)?;
    let forgotten = async {
        controlled::check_cluster(authorizer, request, Operation::Alter)?;
        let decision = controller.unregister_broker(NodeId(body.broker_id));
        controlled::applied(broker, controller, decision).await
    };
    let refused = |(error, message): Refusal| UnregisterBrokerResponse {
        error_code: error.code(),
        error_message: Some(message),
        ..Default::default()
    };
    let response = forgotten.await.map_or_else(refused, |()| UnregisterBrokerResponse::default());
    exchange::answer(&request.header, &response)
}
