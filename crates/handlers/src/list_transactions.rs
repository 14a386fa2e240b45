//! ListTransactions (key 66), versions 0–2: the transactional ids that this broker coordinates (KIP-664).
//!
//! v1 (KIP-994) filter by duration; v2 (KIP-1152) filter by a pattern. Broker listeners. Transactional ids that the client
//! may not DESCRIBE are left out. Errors of the whole: COORDINATOR_LOAD_IN_PROGRESS, as long as one partition of
//! `__transaction_state` is being loaded; INVALID_REGULAR_EXPRESSION.

use std::collections::BTreeSet;
use std::sync::Arc;

use broker::Broker;
use broker::coordinators::Unavailable;
use broker::transaction_coordinator::{IdPattern, ListTransactions, TransactionReply, TransactionRequest};
use net::Request;
use protocol::messages::list_transactions_request::ListTransactionsRequest;
use protocol::messages::list_transactions_response::{ListTransactionsResponse, TransactionState};
use types::{ErrorCode, ProducerId};

use crate::authorizer::{Authorizer, Operation, Resource};
use crate::exchange::{self, Handled};
use crate::transaction_replies::Reply;
use crate::{errors, transaction_replies};

/// Asks every shard.
pub(crate) fn handle(broker: &Arc<Broker>, authorizer: &Authorizer, request: &Request) -> Handled {
    let body: ListTransactionsRequest = exchange::decode(request)?;
    let pattern = body.transactional_id_pattern.filter(|pattern| !pattern.is_empty());
    let id_pattern = match pattern.as_deref().map(IdPattern::compile).transpose() {
        Ok(pattern) => pattern,
        Err(_) => return exchange::answer(&request.header, &refused(ErrorCode::InvalidRegularExpression)),
    };
    let states: BTreeSet<String> = body.state_filters.into_iter().collect();
    let filters = ListTransactions {
        states: states.clone(),
        producer_ids: body.producer_id_filters.into_iter().map(ProducerId).collect(),
        longer_than_ms: body.duration_filter,
        id_pattern,
    };
    let called = broker.transactions().call_all(|| TransactionRequest::List(filters.clone()));
    let (authorizer, connection) = (authorizer.clone(), request.connection.clone());
    transaction_replies::answer_all(&request.header, called, move |replies| {
        let mut response = collect(replies).unwrap_or_else(refused);
        response.transaction_states.retain(|state| {
            let id = Resource::TransactionalId(&state.transactional_id);
            authorizer.allows(&connection, Operation::Describe, id)
        });
        if response.error_code == 0 {
            response.unknown_state_filters = unknown(states);
        }
        response
    })
}

fn refused(error: ErrorCode) -> ListTransactionsResponse {
    ListTransactionsResponse { error_code: error.code(), ..Default::default() }
}

/// Names that no state has.
fn unknown(states: BTreeSet<String>) -> Vec<String> {
    let is_known =
        |name: &String| broker::transaction_coordinator::TransactionState::from_name(name).is_some();
    // Kafka has two states more, in which nobody is ever found.
    let is_transient = |name: &String| matches!(name.as_str(), "Dead" | "PrepareEpochFence");
    states.into_iter().filter(|name| !is_known(name) && !is_transient(name)).collect()
}

fn collect(replies: Vec<Reply>) -> Result<ListTransactionsResponse, ErrorCode> {
    let mut response = ListTransactionsResponse::default();
    for reply in replies {
        match reply {
            Ok(TransactionReply::List(listed)) => {
                response.transaction_states.extend(listed.transactions.into_iter().map(|it| {
                    TransactionState {
                        transactional_id: it.transactional_id,
                        producer_id: it.producer_id.0,
                        transaction_state: it.state.name().to_owned(),
                        ..Default::default()
                    }
                }));
            }
            Ok(other) => return Err(transaction_replies::mistaken(&other)),
            // Its transactional ids are somebody else's to list.
            Err(Unavailable::NotCoordinator) => {}
            Err(error) => return Err(errors::unavailable(&error)),
        }
    }
    Ok(response)
}
