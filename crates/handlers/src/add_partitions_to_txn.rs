//! AddPartitionsToTxn (key 24), versions 0–5: partitions join a transaction, or are looked for in one (KIP-98).
//!
//! v2 PRODUCER_FENCED (before: INVALID_PRODUCER_EPOCH); v3 flexible; v4 (KIP-890) between brokers: several transactions,
//! some only to be verified; v5 TRANSACTION_ABORTABLE. Broker listeners. To v3 needs WRITE on the transactional id and on
//! each topic; from v4 on CLUSTER_ACTION on the cluster.
//!
//! Errors of each partition: TRANSACTIONAL_ID_AUTHORIZATION_FAILED, TOPIC_AUTHORIZATION_FAILED (internal topics as well),
//! UNKNOWN_TOPIC_OR_PARTITION, and where another partition has one of these OPERATION_NOT_ATTEMPTED; INVALID_REQUEST (an
//! empty transactional id), INVALID_PRODUCER_ID_MAPPING, PRODUCER_FENCED, CONCURRENT_TRANSACTIONS, TRANSACTION_ABORTABLE
//! (only verified, and not in the transaction), UNSUPPORTED_VERSION, COORDINATOR_LOAD_IN_PROGRESS, NOT_COORDINATOR,
//! COORDINATOR_NOT_AVAILABLE. Error of the whole from v4 on: CLUSTER_AUTHORIZATION_FAILED.

use std::collections::BTreeSet;
use std::sync::Arc;

use broker::Broker;
use broker::coordinators::Called;
use broker::transaction_coordinator::{
    AddPartitions, Producer, TransactionReply, TransactionRequest, TransactionShard, VerifyPartitions,
};
use metadata::MetadataImage;
use net::Request;
use protocol::messages::add_partitions_to_txn_request::{
    AddPartitionsToTxnRequest, AddPartitionsToTxnTopic, AddPartitionsToTxnTransaction,
};
use protocol::messages::add_partitions_to_txn_response::{
    AddPartitionsToTxnPartitionResult, AddPartitionsToTxnResponse, AddPartitionsToTxnResult,
    AddPartitionsToTxnTopicResult,
};
use types::{ErrorCode, PartitionIndex, ProducerEpoch, ProducerId, TopicPartition, TransactionVersion};

use crate::authorizer::{Authorizer, Operation, Resource};
use crate::exchange::{self, Handled};
use crate::transaction_replies::{self, Reply, transaction_reply};
use crate::{doubled, internal_topics};

/// First version that knows PRODUCER_FENCED.
const FENCED_SINCE: i16 = 2;
/// First version that brokers send to each other.
const BROKERS_SINCE: i16 = 4;

/// Asks the coordinator about each transaction.
pub(crate) fn handle(broker: &Arc<Broker>, authorizer: &Authorizer, request: &Request) -> Handled {
    let body: AddPartitionsToTxnRequest = exchange::decode(request)?;
    let version = request.header.api_version;
    let is_of_broker = version >= BROKERS_SINCE;
    if is_of_broker && !authorizer.allows(&request.connection, Operation::ClusterAction, Resource::Cluster) {
        let error_code = ErrorCode::ClusterAuthorizationFailed.code();
        let response = AddPartitionsToTxnResponse { error_code, ..Default::default() };
        return exchange::answer(&request.header, &response);
    }
    let image = broker.image();
    let mut called = Vec::new();
    let mut answers = Vec::new();
    for transaction in transactions(body, is_of_broker) {
        let transactional_id = transaction.transactional_id.clone();
        let partitions = partitions(&transaction);
        let refused = match is_of_broker {
            true => existing(&image, &partitions),
            false => allowed(authorizer, request, &image, &transaction, &partitions),
        };
        let told = refused.err();
        if told.is_none() {
            called.push(ask(broker, is_of_broker, transaction, &partitions));
        }
        answers.push(Asked { transactional_id, partitions, told });
    }
    transaction_replies::answer_all(&request.header, called, move |replies| {
        let mut replies = replies.into_iter();
        let results = answers.into_iter().map(|mut asked| {
            let codes = asked.told.take().unwrap_or_else(|| {
                replies.next().map_or_else(Vec::new, |reply| codes(reply, asked.partitions.len(), version))
            });
            asked.result(codes)
        });
        let mut results: Vec<_> = results.collect();
        if is_of_broker {
            return AddPartitionsToTxnResponse { results_by_transaction: results, ..Default::default() };
        }
        let results_by_topic_v3_and_below =
            results.pop().map_or_else(Vec::new, |result| result.topic_results);
        AddPartitionsToTxnResponse { results_by_topic_v3_and_below, ..Default::default() }
    })
}

/// One transaction of the request.
struct Asked {
    transactional_id: String,
    partitions: Vec<TopicPartition>,
    /// What each partition is told, where the coordinator is not asked.
    told: Option<Vec<ErrorCode>>,
}

/// A request of a client is about one transaction.
fn transactions(body: AddPartitionsToTxnRequest, is_of_broker: bool) -> Vec<AddPartitionsToTxnTransaction> {
    let transactions = match is_of_broker {
        true => doubled::last_of_each(body.transactions, |transaction| transaction.transactional_id.clone()),
        false => vec![AddPartitionsToTxnTransaction {
            transactional_id: body.v3_and_below_transactional_id,
            producer_id: body.v3_and_below_producer_id,
            producer_epoch: body.v3_and_below_producer_epoch,
            topics: body.v3_and_below_topics,
            ..Default::default()
        }],
    };
    let mut transactions = transactions;
    for transaction in &mut transactions {
        let absorb = |topic: &mut AddPartitionsToTxnTopic, later: AddPartitionsToTxnTopic| {
            topic.partitions.extend(later.partitions);
        };
        let topics = std::mem::take(&mut transaction.topics);
        transaction.topics = doubled::merge(topics, |topic| topic.name.clone(), absorb);
        for topic in &mut transaction.topics {
            let partitions = std::mem::take(&mut topic.partitions);
            topic.partitions = doubled::last_of_each(partitions, |index| *index);
        }
    }
    transactions
}

fn partitions(transaction: &AddPartitionsToTxnTransaction) -> Vec<TopicPartition> {
    let of_topic = |topic: &AddPartitionsToTxnTopic| {
        let name: types::TopicName = topic.name.as_str().into();
        let indexes = topic.partitions.clone().into_iter();
        indexes.map(move |index| TopicPartition::new(name.clone(), index)).collect::<Vec<_>>()
    };
    transaction.topics.iter().flat_map(of_topic).collect()
}

/// What a client may do, and what there is.
fn allowed(
    authorizer: &Authorizer,
    request: &Request,
    image: &MetadataImage,
    transaction: &AddPartitionsToTxnTransaction,
    partitions: &[TopicPartition],
) -> Result<(), Vec<ErrorCode>> {
    let may = |operation, resource: Resource<'_>| authorizer.allows(&request.connection, operation, resource);
    if !may(Operation::Write, Resource::TransactionalId(&transaction.transactional_id)) {
        return Err(vec![ErrorCode::TransactionalIdAuthorizationFailed; partitions.len()]);
    }
    let may_write = |topic: &AddPartitionsToTxnTopic| {
        !internal_topics::is_internal(&topic.name) && may(Operation::Write, Resource::Topic(&topic.name))
    };
    let denied: BTreeSet<&str> =
        transaction.topics.iter().filter(|topic| !may_write(topic)).map(|topic| &*topic.name).collect();
    attempted(partitions, |partition| match denied.contains(&*partition.topic) {
        true => Some(ErrorCode::TopicAuthorizationFailed),
        false => missing(image, partition),
    })
}

fn existing(image: &MetadataImage, partitions: &[TopicPartition]) -> Result<(), Vec<ErrorCode>> {
    attempted(partitions, |partition| missing(image, partition))
}

fn missing(image: &MetadataImage, partition: &TopicPartition) -> Option<ErrorCode> {
    let topic = image.topics.by_name(&partition.topic);
    let found = topic.and_then(|topic| topic.partition(partition.partition));
    found.is_none().then_some(ErrorCode::UnknownTopicOrPartition)
}

/// Either all partitions join a transaction or none.
fn attempted(
    partitions: &[TopicPartition],
    refusal: impl Fn(&TopicPartition) -> Option<ErrorCode>,
) -> Result<(), Vec<ErrorCode>> {
    let refusals: Vec<_> = partitions.iter().map(refusal).collect();
    if refusals.iter().all(Option::is_none) {
        return Ok(());
    }
    Err(refusals.into_iter().map(|refusal| refusal.unwrap_or(ErrorCode::OperationNotAttempted)).collect())
}

fn ask(
    broker: &Arc<Broker>,
    is_of_broker: bool,
    transaction: AddPartitionsToTxnTransaction,
    partitions: &[TopicPartition],
) -> Called<TransactionShard> {
    let producer = Producer {
        id: ProducerId(transaction.producer_id),
        epoch: ProducerEpoch(transaction.producer_epoch),
    };
    let transactional_id = transaction.transactional_id.clone();
    let request = if transaction.verify_only {
        let partitions = partitions.to_vec();
        TransactionRequest::VerifyPartitions(VerifyPartitions { transactional_id, producer, partitions })
    } else {
        TransactionRequest::AddPartitions(AddPartitions {
            transactional_id,
            producer,
            partitions: partitions.iter().cloned().collect(),
            client_version: if is_of_broker { TransactionVersion::V2 } else { TransactionVersion::V0 },
            server_version: broker.transaction_version(),
        })
    };
    broker.ask_transaction(&transaction.transactional_id, request)
}

/// What each of `count` partitions is told.
fn codes(reply: Reply, count: usize, version: i16) -> Vec<ErrorCode> {
    let told = match reply {
        Ok(TransactionReply::VerifyPartitions(Ok(is_in))) => {
            let code = |is_in| if is_in { ErrorCode::None } else { ErrorCode::TransactionAbortable };
            return is_in.into_iter().map(code).collect();
        }
        Ok(TransactionReply::VerifyPartitions(Err(error))) => crate::errors::transaction_error(&error),
        reply => transaction_reply!(reply, AddPartitions).err().unwrap_or(ErrorCode::None),
    };
    vec![transaction_replies::fenced_before(FENCED_SINCE, version, told); count]
}

impl Asked {
    fn result(self, codes: Vec<ErrorCode>) -> AddPartitionsToTxnResult {
        let mut topic_results: Vec<AddPartitionsToTxnTopicResult> = Vec::new();
        for (partition, code) in self.partitions.into_iter().zip(codes) {
            // Partitions of a topic come together.
            if topic_results.last().is_none_or(|last| *last.name != *partition.topic) {
                let name = partition.topic.to_string();
                topic_results.push(AddPartitionsToTxnTopicResult { name, ..Default::default() });
            }
            let PartitionIndex(partition_index) = partition.partition;
            let partition_error_code = code.code();
            if let Some(topic) = topic_results.last_mut() {
                topic.results_by_partition.push(AddPartitionsToTxnPartitionResult {
                    partition_index,
                    partition_error_code,
                    ..Default::default()
                });
            }
        }
        AddPartitionsToTxnResult {
            transactional_id: self.transactional_id,
            topic_results,
            ..Default::default()
        }
    }
}
