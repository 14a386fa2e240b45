//! InitProducerId (key 22), versions 0–5: a producer id for an idempotent producer (KIP-98).
//!
//! v2 flexible; v3 (KIP-360) id and epoch to go on from; v4 PRODUCER_FENCED; v5 TRANSACTION_ABORTABLE; v6 is unstable
//! and not served. Broker listeners. Needs IDEMPOTENT_WRITE on the cluster or WRITE on any topic.
//!
//! Without a transactional id a fresh producer id with epoch 0 is given, whatever the client had before. A
//! transactional id is answered with TRANSACTIONAL_ID_AUTHORIZATION_FAILED, which is fatal to every client: this build
//! has no transaction coordinator.

use std::sync::Arc;

use broker::Broker;
use net::Request;
use protocol::messages::init_producer_id_request::InitProducerIdRequest;
use protocol::messages::init_producer_id_response::InitProducerIdResponse;
use types::{ErrorCode, ProducerEpoch, ProducerId};

use crate::authorizer::{Authorizer, Operation, Resource};
use crate::exchange::{self, Handled};

/// Answers when there is an id to give, which now and then takes a write of the controller.
pub(crate) async fn handle(broker: &Arc<Broker>, authorizer: &Authorizer, request: &Request) -> Handled {
    let body: InitProducerIdRequest = exchange::decode(request)?;
    let mut response = InitProducerIdResponse { producer_id: -1, producer_epoch: -1, ..Default::default() };
    match give(broker, authorizer, request, &body).await {
        Ok(producer_id) => {
            response.producer_id = producer_id.0;
            response.producer_epoch = 0;
        }
        Err(error) => response.error_code = error.code(),
    }
    exchange::answer(&request.header, &response)
}

async fn give(
    broker: &Arc<Broker>,
    authorizer: &Authorizer,
    request: &Request,
    body: &InitProducerIdRequest,
) -> Result<ProducerId, ErrorCode> {
    if body.transactional_id.as_deref() == Some("") {
        return Err(ErrorCode::InvalidRequest);
    }
    if body.transactional_id.is_some() {
        return Err(ErrorCode::TransactionalIdAuthorizationFailed);
    }
    let may = |operation, resource| authorizer.allows(&request.connection, operation, resource);
    if !may(Operation::IdempotentWrite, Resource::Cluster) && !may(Operation::Write, Resource::AnyTopic) {
        return Err(ErrorCode::ClusterAuthorizationFailed);
    }
    let has_id = ProducerId(body.producer_id) != ProducerId::NONE;
    let has_epoch = ProducerEpoch(body.producer_epoch) != ProducerEpoch::NONE;
    if has_id != has_epoch {
        return Err(ErrorCode::InvalidRequest);
    }
    broker.producer_ids().next().await.map_err(|_| ErrorCode::CoordinatorLoadInProgress)
}
