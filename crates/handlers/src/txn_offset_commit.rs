//! TxnOffsetCommit (key 28), versions 0–5: how far a group has read counts when the transaction is committed (KIP-98).
//!
//! v2 (KIP-320) leader epochs, and COORDINATOR_LOAD_IN_PROGRESS (before: COORDINATOR_NOT_AVAILABLE); v3 (KIP-447) flexible,
//! member, generation and group instance id; v4 TRANSACTION_ABORTABLE (before: INVALID_TXN_STATE); v5 (KIP-890) the group's
//! partition joins the transaction by this. Broker listeners. Needs WRITE on the transactional id, READ on the group and on
//! each topic.
//!
//! Errors of each partition: TOPIC_AUTHORIZATION_FAILED, UNKNOWN_TOPIC_OR_PARTITION, OFFSET_METADATA_TOO_LARGE, and those of
//! the whole request, told for each: TRANSACTIONAL_ID_AUTHORIZATION_FAILED, GROUP_AUTHORIZATION_FAILED, INVALID_GROUP_ID,
//! UNKNOWN_MEMBER_ID, ILLEGAL_GENERATION, FENCED_INSTANCE_ID, those of the coordinator of transactions
//! (INVALID_PRODUCER_ID_MAPPING, INVALID_PRODUCER_EPOCH, CONCURRENT_TRANSACTIONS, TRANSACTION_ABORTABLE, INVALID_TXN_STATE),
//! COORDINATOR_LOAD_IN_PROGRESS, NOT_COORDINATOR, COORDINATOR_NOT_AVAILABLE.

use std::sync::Arc;

use broker::Broker;
use broker::group_coordinator::offsets::{CommitOffset, CommitOffsetsInTransaction, CommittedPartition};
use broker::transaction_coordinator::Producer;
use broker::transaction_verification::Joining;
use net::Request;
use protocol::messages::txn_offset_commit_request::{
    TxnOffsetCommitRequest, TxnOffsetCommitRequestPartition, TxnOffsetCommitRequestTopic,
};
use protocol::messages::txn_offset_commit_response::{
    TxnOffsetCommitResponse, TxnOffsetCommitResponsePartition, TxnOffsetCommitResponseTopic,
};
use types::{
    ErrorCode, LeaderEpoch, Offset, PartitionIndex, ProducerEpoch, ProducerId, TopicName, TopicPartition,
};

use crate::authorizer::{Authorizer, Operation, Resource};
use crate::errors;
use crate::exchange::{self, Handled};
use crate::group_replies::{self, group_reply};

/// First version that knows COORDINATOR_LOAD_IN_PROGRESS.
const LOADING_SINCE: i16 = 2;
/// First version that knows TRANSACTION_ABORTABLE.
const ABORTABLE_SINCE: i16 = 4;
/// First version that makes the partition join the transaction.
const JOINS_SINCE: i16 = 5;

/// Asks the transaction's coordinator whether the group's partition is in it, then the group.
pub(crate) async fn handle(broker: &Arc<Broker>, authorizer: &Authorizer, request: &Request) -> Handled {
    let body: TxnOffsetCommitRequest = exchange::decode(request)?;
    let version = request.header.api_version;
    let mut told = Told { version, response: TxnOffsetCommitResponse::default() };
    let may = |operation, resource: Resource<'_>| authorizer.allows(&request.connection, operation, resource);
    let denied = if !may(Operation::Write, Resource::TransactionalId(&body.transactional_id)) {
        Some(ErrorCode::TransactionalIdAuthorizationFailed)
    } else if !may(Operation::Read, Resource::Group(&body.group_id)) {
        Some(ErrorCode::GroupAuthorizationFailed)
    } else {
        None
    };
    if let Some(error) = denied {
        for topic in &body.topics {
            told.refuse_topic(topic, error);
        }
        return exchange::answer(&request.header, &told.response);
    }
    let mut offsets = Vec::new();
    let image = broker.image();
    for topic in body.topics {
        if !may(Operation::Read, Resource::Topic(&topic.name)) {
            told.refuse_topic(&topic, ErrorCode::TopicAuthorizationFailed);
            continue;
        }
        let found = image.topics.by_name(&topic.name);
        for partition in topic.partitions {
            let index = PartitionIndex(partition.partition_index);
            match found.filter(|found| found.partition(index).is_some()) {
                Some(found) => offsets.push(commit(&found.name, partition)),
                None => told.add(&topic.name, index.0, ErrorCode::UnknownTopicOrPartition),
            }
        }
    }
    if offsets.is_empty() {
        return exchange::answer(&request.header, &told.response);
    }
    let asked: Vec<TopicPartition> = offsets.iter().map(|offset| offset.partition.clone()).collect();
    let producer = Producer { id: ProducerId(body.producer_id), epoch: ProducerEpoch(body.producer_epoch) };
    let commit = CommitOffsetsInTransaction {
        producer: (producer.id, producer.epoch),
        group_id: body.group_id,
        member_id: body.member_id,
        group_instance_id: body.group_instance_id,
        generation_or_member_epoch: body.generation_id,
        offsets,
    };
    let called = match commit.group_id.is_empty() {
        true => Err(ErrorCode::InvalidGroupId),
        false => {
            let joining = if version >= JOINS_SINCE { Joining::ByWriting } else { Joining::Never };
            let called = broker.commit_in_transaction(&body.transactional_id, producer, joining, commit);
            called
                .await
                .map_err(|error| errors::transactional_commit_error(&error, version >= ABORTABLE_SINCE))
        }
    };
    let called = match called {
        Ok(called) => called,
        Err(error) => {
            told.add_all(asked, |_| error);
            return exchange::answer(&request.header, &told.response);
        }
    };
    group_replies::answer(&request.header, called, move |reply| {
        match group_reply!(reply, CommitOffsetsInTransaction) {
            Ok(committed) => told.add_all(asked, |at| code(&committed, at)),
            Err(error) => told.add_all(asked, |_| error),
        }
        told.response
    })
}

fn code(committed: &[CommittedPartition], at: usize) -> ErrorCode {
    let error = committed.get(at).and_then(|committed| committed.error);
    error.map_or(ErrorCode::None, |error| errors::group_error(&error))
}

fn commit(topic: &TopicName, partition: TxnOffsetCommitRequestPartition) -> CommitOffset {
    CommitOffset {
        partition: TopicPartition::new(topic.clone(), partition.partition_index),
        // Kafka writes none in a transaction.
        topic_id: None,
        offset: Offset(partition.committed_offset),
        leader_epoch: Some(LeaderEpoch(partition.committed_leader_epoch)).filter(|epoch| epoch.0 >= 0),
        metadata: partition.committed_metadata.unwrap_or_default(),
    }
}

/// The answer as it grows, each topic once.
struct Told {
    version: i16,
    response: TxnOffsetCommitResponse,
}

impl Told {
    fn add(&mut self, name: &str, partition_index: i32, error: ErrorCode) {
        let error = match error {
            ErrorCode::CoordinatorLoadInProgress if self.version < LOADING_SINCE => {
                ErrorCode::CoordinatorNotAvailable
            }
            error => error,
        };
        let topics = &mut self.response.topics;
        // Partitions of one topic mostly come together.
        let place = match topics.last() {
            Some(last) if last.name == name => Some(topics.len() - 1),
            _ => topics.iter().position(|topic| topic.name == name),
        };
        let place = place.unwrap_or_else(|| {
            topics.push(TxnOffsetCommitResponseTopic { name: name.to_owned(), ..Default::default() });
            topics.len() - 1
        });
        let error_code = error.code();
        let told = TxnOffsetCommitResponsePartition { partition_index, error_code, ..Default::default() };
        topics[place].partitions.push(told);
    }

    fn add_all(&mut self, partitions: Vec<TopicPartition>, error: impl Fn(usize) -> ErrorCode) {
        for (at, partition) in partitions.into_iter().enumerate() {
            self.add(&partition.topic, partition.partition.0, error(at));
        }
    }

    fn refuse_topic(&mut self, topic: &TxnOffsetCommitRequestTopic, error: ErrorCode) {
        for partition in &topic.partitions {
            self.add(&topic.name, partition.partition_index, error);
        }
    }
}
