//! ListTransactions (key 66), versions 0–2: the transactional ids that this broker coordinates (KIP-664).
//!
//! v1 (KIP-994) filter by duration; v2 (KIP-1152) filter by a pattern. Broker listeners. Transactional ids that the client
//! may not DESCRIBE are left out. Errors of the whole: COORDINATOR_LOAD_IN_PROGRESS, as long as one partition of
//! `__transaction_state` is being loaded; INVALID_REGULAR_EXPRESSION.

use std::sync::Arc;

use broker::Broker;
use broker::coordinators::Unavailable;
use broker::transaction_coordinator::{
    IdPattern, ListTransactions, StateFilter, TransactionReply, TransactionRequest,
};
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
    let states = StateFilter::of(body.state_filters);
    let filters = ListTransactions {
        states: states.clone(),
        producer_ids: body.producer_id_filters.into_iter().map(ProducerId).collect(),
        longer_than_ms: body.duration_filter,
    };
    let called = broker.transactions().call_all(|| TransactionRequest::List(filters.clone()));
    let (authorizer, connection) = (authorizer.clone(), request.connection.clone());
    transaction_replies::answer_all(&request.header, called, move |replies| {
        let mut response = collect(replies).unwrap_or_else(refused);
        response.transaction_states.retain(|state| {
            let id = &state.transactional_id;
            id_pattern.as_ref().is_none_or(|pattern| pattern.matches(id))
                && authorizer.allows(&connection, Operation::Describe, Resource::TransactionalId(id))
        });
        if response.error_code == 0 {
            response.unknown_state_filters = states.into_unknown().into_iter().collect();
        }
        response
    })
}

fn refused(error: ErrorCode) -> ListTransactionsResponse {
    ListTransactionsResponse { error_code: error.code(), ..Default::default() }
}

fn collect(replies: Vec<Reply>) -> Result<ListTransactionsResponse, ErrorCode> {
    let mut response = ListTransactionsResponse::default();
    for reply in replies {
        match reply {
            Ok(TransactionReply::List(listed)) => {
                response.transaction_states.extend(listed.into_iter().map(|it| TransactionState {
                    transactional_id: it.transactional_id,
                    producer_id: it.producer_id.0,
                    transaction_state: it.state.name().to_owned(),
                    ..Default::default()
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
