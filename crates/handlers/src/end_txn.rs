//! EndTxn (key 26), versions 0–5: commits or aborts a transaction (KIP-98).
//!
//! v2 PRODUCER_FENCED (before: INVALID_PRODUCER_EPOCH); v3 flexible; v4 TRANSACTION_ABORTABLE; v5 (KIP-890) the producer
//! goes on with the id and epoch of the answer. Broker listeners. Needs WRITE on the transactional id.
//!
//! Answered when the decision is written; the markers follow. Errors: TRANSACTIONAL_ID_AUTHORIZATION_FAILED,
//! INVALID_REQUEST (an empty transactional id), INVALID_PRODUCER_ID_MAPPING, PRODUCER_FENCED, INVALID_TXN_STATE,
//! CONCURRENT_TRANSACTIONS, UNSUPPORTED_VERSION, COORDINATOR_LOAD_IN_PROGRESS, NOT_COORDINATOR, COORDINATOR_NOT_AVAILABLE.

use std::sync::Arc;

use broker::Broker;
use broker::transaction_coordinator::{Decision, EndTransaction, Producer, TransactionRequest};
use net::Request;
use protocol::messages::end_txn_request::EndTxnRequest;
use protocol::messages::end_txn_response::EndTxnResponse;
use types::{ErrorCode, ProducerEpoch, ProducerId, TransactionVersion};

use crate::authorizer::{Authorizer, Operation, Resource};
use crate::exchange::{self, Handled};
use crate::transaction_replies::{self, transaction_reply};

/// First version that knows PRODUCER_FENCED.
const FENCED_SINCE: i16 = 2;
/// First version of clients whose epochs rise with each transaction.
const EPOCH_BUMPS_SINCE: i16 = 5;

/// Answers when the decision is committed: what follows on the connection may belong to the next transaction.
pub(crate) async fn handle(broker: &Arc<Broker>, authorizer: &Authorizer, request: &Request) -> Handled {
    let body: EndTxnRequest = exchange::decode(request)?;
    let version = request.header.api_version;
    let id = &body.transactional_id;
    let ended = match authorizer.allows(&request.connection, Operation::Write, Resource::TransactionalId(id))
    {
        true => end(broker, &body, version).await,
        false => Err(ErrorCode::TransactionalIdAuthorizationFailed),
    };
    let response = match ended {
        Ok(next) => {
            EndTxnResponse { producer_id: next.id.0, producer_epoch: next.epoch.0, ..Default::default() }
        }
        Err(error) => {
            let error = transaction_replies::fenced_before(FENCED_SINCE, version, error);
            EndTxnResponse { error_code: error.code(), ..Default::default() }
        }
    };
    exchange::answer(&request.header, &response)
}

async fn end(broker: &Arc<Broker>, body: &EndTxnRequest, version: i16) -> Result<Producer, ErrorCode> {
    if body.transactional_id.is_empty() {
        return Err(ErrorCode::InvalidRequest);
    }
    let bumps = version >= EPOCH_BUMPS_SINCE;
    let client_version = if bumps { TransactionVersion::V2 } else { TransactionVersion::V0 };
    let server_version = broker.transaction_version();
    let reply = broker.ask_transaction_with_id(&body.transactional_id, |fresh_producer_id| {
        TransactionRequest::End(EndTransaction {
            transactional_id: body.transactional_id.clone(),
            producer: Producer {
                id: ProducerId(body.producer_id),
                epoch: ProducerEpoch(body.producer_epoch),
            },
            decision: if body.committed { Decision::Commit } else { Decision::Abort },
            client_version,
            fresh_producer_id,
            server_version,
        })
    });
    transaction_reply!(reply.await, End)
}
