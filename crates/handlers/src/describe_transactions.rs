//! DescribeTransactions (key 65), version 0: how transactional ids stand (KIP-664).
//!
//! Broker listeners. Needs DESCRIBE on each transactional id; topics that the client may not DESCRIBE are left out. Errors
//! of each transactional id: TRANSACTIONAL_ID_AUTHORIZATION_FAILED, INVALID_REQUEST (an empty one),
//! TRANSACTIONAL_ID_NOT_FOUND, COORDINATOR_LOAD_IN_PROGRESS, NOT_COORDINATOR.

use std::sync::Arc;

use broker::Broker;
use broker::transaction_coordinator::{TransactionDescription, TransactionRequest};
use net::Request;
use protocol::messages::describe_transactions_request::DescribeTransactionsRequest;
use protocol::messages::describe_transactions_response::{
    DescribeTransactionsResponse, TopicData, TransactionState,
};
use types::ErrorCode;

use crate::authorizer::{Authorizer, Operation, Resource};
use crate::exchange::{self, Handled};
use crate::transaction_replies::{self, transaction_reply};

/// Asks the coordinator of each.
pub(crate) fn handle(broker: &Arc<Broker>, authorizer: &Authorizer, request: &Request) -> Handled {
    let body: DescribeTransactionsRequest = exchange::decode(request)?;
    let mut called = Vec::new();
    let mut asked = Vec::new();
    for id in body.transactional_ids {
        let may = authorizer.allows(&request.connection, Operation::Describe, Resource::TransactionalId(&id));
        if may {
            let describe = TransactionRequest::Describe { transactional_id: id.clone() };
            called.push(broker.ask_transaction(&id, describe));
        }
        asked.push((id, may));
    }
    let (authorizer, connection) = (authorizer.clone(), request.connection.clone());
    transaction_replies::answer_all(&request.header, called, move |replies| {
        let mut replies = replies.into_iter();
        let states = asked.into_iter().map(|(id, may)| {
            let described = match if may { replies.next() } else { None } {
                Some(reply) => transaction_reply!(reply, Describe),
                None => Err(ErrorCode::TransactionalIdAuthorizationFailed),
            };
            let mut state = match described {
                Ok(description) => described_as(description),
                Err(error) => TransactionState { error_code: error.code(), ..Default::default() },
            };
            state.topics.retain(|topic| {
                authorizer.allows(&connection, Operation::Describe, Resource::Topic(&topic.topic))
            });
            TransactionState { transactional_id: id, ..state }
        });
        DescribeTransactionsResponse { transaction_states: states.collect(), ..Default::default() }
    })
}

fn described_as(description: TransactionDescription) -> TransactionState {
    let mut topics: Vec<TopicData> = Vec::new();
    for partition in description.partitions {
        // Partitions come in order, those of a topic together.
        match topics.last_mut() {
            Some(last) if *last.topic == *partition.topic => last.partitions.push(partition.partition.0),
            _ => topics.push(TopicData {
                topic: partition.topic.to_string(),
                partitions: vec![partition.partition.0],
                ..Default::default()
            }),
        }
    }
    TransactionState {
        transaction_state: description.state.name().to_owned(),
        transaction_timeout_ms: description.timeout_ms,
        transaction_start_time_ms: description.started_at_ms,
        producer_id: description.producer.id.0,
        producer_epoch: description.producer.epoch.0,
        topics,
        ..Default::default()
    }
}
