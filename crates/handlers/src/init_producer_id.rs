//! InitProducerId (key 22), versions 0–5: a producer id for an idempotent or transactional producer (KIP-98).
//!
//! v2 flexible; v3 (KIP-360) id and epoch to go on from; v4 PRODUCER_FENCED (before: INVALID_PRODUCER_EPOCH); v5
//! TRANSACTION_ABORTABLE; v6 (KIP-939) is unstable and not served. Broker listeners. With a transactional id needs WRITE on
//! it, else IDEMPOTENT_WRITE on the cluster or WRITE on any topic.
//!
//! Without a transactional id a fresh producer id with epoch 0 is given, whatever the client had before. With one its
//! coordinator gives id and epoch, and aborts the transaction that another producer has left open. Errors: INVALID_REQUEST
//! (an empty transactional id; an id without epoch), TRANSACTIONAL_ID_AUTHORIZATION_FAILED, CLUSTER_AUTHORIZATION_FAILED,
//! INVALID_TRANSACTION_TIMEOUT, CONCURRENT_TRANSACTIONS, PRODUCER_FENCED, INVALID_PRODUCER_ID_MAPPING,
//! COORDINATOR_LOAD_IN_PROGRESS, NOT_COORDINATOR, COORDINATOR_NOT_AVAILABLE.

use std::sync::Arc;

use broker::Broker;
use broker::transaction_coordinator::{InitProducerId, Producer, TransactionRequest};
use net::Request;
use protocol::messages::init_producer_id_request::InitProducerIdRequest;
use protocol::messages::init_producer_id_response::InitProducerIdResponse;
use types::{ErrorCode, ProducerEpoch, ProducerId};

use crate::authorizer::{Authorizer, Operation, Resource};
use crate::exchange::{self, Handled};
use crate::transaction_replies::{self, transaction_reply};

/// First version that knows PRODUCER_FENCED.
const FENCED_SINCE: i16 = 4;

/// Answers when there is an id to give, which now and then takes a write of the controller.
pub(crate) async fn handle(broker: &Arc<Broker>, authorizer: &Authorizer, request: &Request) -> Handled {
    let body: InitProducerIdRequest = exchange::decode(request)?;
    let mut response = InitProducerIdResponse { producer_id: -1, producer_epoch: -1, ..Default::default() };
    match give(broker, authorizer, request, body).await {
        Ok(producer) => {
            response.producer_id = producer.id.0;
            response.producer_epoch = producer.epoch.0;
        }
        Err(error) => {
            let version = request.header.api_version;
            response.error_code = transaction_replies::fenced_before(FENCED_SINCE, version, error).code();
        }
    }
    exchange::answer(&request.header, &response)
}

async fn give(
    broker: &Arc<Broker>,
    authorizer: &Authorizer,
    request: &Request,
    body: InitProducerIdRequest,
) -> Result<Producer, ErrorCode> {
    let may = |operation, resource| authorizer.allows(&request.connection, operation, resource);
    match &body.transactional_id {
        Some(id) => {
            let id = Resource::TransactionalId(id);
            let may_prepare = !body.enable2_pc || may(Operation::TwoPhaseCommit, id);
            if !may(Operation::Write, id) || !may_prepare {
                return Err(ErrorCode::TransactionalIdAuthorizationFailed);
            }
        }
        None => {
            let is_allowed = may(Operation::IdempotentWrite, Resource::Cluster)
                || may(Operation::Write, Resource::AnyTopic);
            if !is_allowed {
                return Err(ErrorCode::ClusterAuthorizationFailed);
            }
        }
    }
    let expected = expected(&body)?;
    let Some(transactional_id) = body.transactional_id else {
        let id = broker.producer_ids().next().await.map_err(|_| ErrorCode::CoordinatorLoadInProgress)?;
        return Ok(Producer { id, epoch: ProducerEpoch(0) });
    };
    if transactional_id.is_empty() {
        return Err(ErrorCode::InvalidRequest);
    }
    let server_version = broker.transaction_version();
    let reply = broker.ask_transaction_with_id(&transactional_id, |fresh_producer_id| {
        TransactionRequest::InitProducerId(InitProducerId {
            transactional_id: transactional_id.clone(),
            timeout_ms: body.transaction_timeout_ms,
            is_two_phase_commit: body.enable2_pc,
            keeps_prepared: body.keep_prepared_txn,
            expected,
            fresh_producer_id,
            server_version,
        })
    });
    transaction_reply!(reply.await, InitProducerId)
}

/// Who the client says that it was.
fn expected(body: &InitProducerIdRequest) -> Result<Option<Producer>, ErrorCode> {
    let (id, epoch) = (ProducerId(body.producer_id), ProducerEpoch(body.producer_epoch));
    match (id == ProducerId::NONE, epoch == ProducerEpoch::NONE) {
        (true, true) => Ok(None),
        (false, false) => Ok(Some(Producer { id, epoch })),
        _ => Err(ErrorCode::InvalidRequest),
    }
}
