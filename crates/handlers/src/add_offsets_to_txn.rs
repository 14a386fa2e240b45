//! AddOffsetsToTxn (key 25), versions 0–4: a transaction is to commit offsets of a group (KIP-98).
//!
//! v2 PRODUCER_FENCED (before: INVALID_PRODUCER_EPOCH); v3 flexible; v4 TRANSACTION_ABORTABLE. Broker listeners. Needs WRITE
//! on the transactional id and READ on the group. Clients of `transaction.version` 2 do not ask: TxnOffsetCommit v5 does it.
//!
//! The group's partition of `__consumer_offsets` joins the transaction. Errors: TRANSACTIONAL_ID_AUTHORIZATION_FAILED,
//! GROUP_AUTHORIZATION_FAILED, and those of AddPartitionsToTxn.

use std::sync::Arc;

use broker::Broker;
use broker::coordinators::groups::OFFSETS_TOPIC;
use broker::transaction_coordinator::{AddPartitions, Producer, TransactionRequest};
use net::Request;
use protocol::messages::add_offsets_to_txn_request::AddOffsetsToTxnRequest;
use protocol::messages::add_offsets_to_txn_response::AddOffsetsToTxnResponse;
use types::{ErrorCode, ProducerEpoch, ProducerId, TopicPartition, TransactionVersion};

use crate::authorizer::{Authorizer, Operation, Resource};
use crate::exchange::{self, Handled};
use crate::transaction_replies::{self, transaction_reply};

/// First version that knows PRODUCER_FENCED.
const FENCED_SINCE: i16 = 2;

/// Asks the transaction's coordinator.
pub(crate) fn handle(broker: &Arc<Broker>, authorizer: &Authorizer, request: &Request) -> Handled {
    let body: AddOffsetsToTxnRequest = exchange::decode(request)?;
    let version = request.header.api_version;
    let may = |operation, resource| authorizer.allows(&request.connection, operation, resource);
    if !may(Operation::Write, Resource::TransactionalId(&body.transactional_id)) {
        return exchange::answer(&request.header, &told(ErrorCode::TransactionalIdAuthorizationFailed));
    }
    if !may(Operation::Read, Resource::Group(&body.group_id)) {
        return exchange::answer(&request.header, &told(ErrorCode::GroupAuthorizationFailed));
    }
    let partition = broker.group_partition(&broker.image(), &body.group_id);
    let called = broker.ask_transaction(
        &body.transactional_id,
        TransactionRequest::AddPartitions(AddPartitions {
            transactional_id: body.transactional_id.clone(),
            producer: Producer {
                id: ProducerId(body.producer_id),
                epoch: ProducerEpoch(body.producer_epoch),
            },
            partitions: [TopicPartition::new(OFFSETS_TOPIC, partition)].into(),
            client_version: TransactionVersion::V0,
            server_version: broker.transaction_version(),
        }),
    );
    transaction_replies::answer(&request.header, called, move |reply| {
        let error = transaction_reply!(reply, AddPartitions).err().unwrap_or(ErrorCode::None);
        told(transaction_replies::fenced_before(FENCED_SINCE, version, error))
    })
}

fn told(error: ErrorCode) -> AddOffsetsToTxnResponse {
    AddOffsetsToTxnResponse { error_code: error.code(), ..Default::default() }
}
