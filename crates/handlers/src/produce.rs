//! Produce (key 0), versions 3–13: appends record batches.
//!
//! v3 (KIP-98) transactional id and batches of magic 2; v5 log start offset; v7 zstd (KIP-110); v8 record errors
//! (KIP-467); v9 flexible; v10 current leader (KIP-951); v11 TRANSACTION_ABORTABLE (before: INVALID_TXN_STATE); v12
//! partitions join the transaction by being written to (KIP-890); v13 topic ids (KIP-516). Versions 0–2 are advertised and
//! refused (KAFKA-18659). Broker listeners. Needs WRITE on the topic, and where there is a transactional batch WRITE on the
//! transactional id.
//!
//! Each partition takes exactly one batch of magic 2. acks is −1 (all in-sync replicas), 1 or 0; with 0 nothing is
//! answered, and an error closes the connection. The decisions are `broker::produce`'s and the log's; per partition the
//! errors are UNKNOWN_TOPIC_OR_PARTITION, UNKNOWN_TOPIC_ID, NOT_LEADER_OR_FOLLOWER, TOPIC_AUTHORIZATION_FAILED,
//! INVALID_REQUIRED_ACKS, INVALID_RECORD, INVALID_TIMESTAMP, UNSUPPORTED_COMPRESSION_TYPE, MESSAGE_TOO_LARGE,
//! CORRUPT_MESSAGE, NOT_ENOUGH_REPLICAS, REQUEST_TIMED_OUT, KAFKA_STORAGE_ERROR and the idempotence errors; of all
//! TRANSACTIONAL_ID_AUTHORIZATION_FAILED and INVALID_PRODUCER_ID_MAPPING (batches of several transactions).
//!
//! A transactional batch is appended once the coordinator of transactions has confirmed that its partition is in the
//! transaction (`broker::transaction_verification`); the requests behind it on the connection wait for that, for they must
//! not overtake it. Errors: INVALID_TXN_STATE, TRANSACTION_ABORTABLE, INVALID_PRODUCER_EPOCH,
//! INVALID_PRODUCER_ID_MAPPING, CONCURRENT_TRANSACTIONS, and NOT_ENOUGH_REPLICAS where the coordinator cannot answer: every
//! client tries again on it.

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use broker::Broker;
use broker::fetch_sessions::TopicKey;
use broker::partition::PartitionAppendError;
use broker::produce::{AcknowledgementError, InTransaction, ProduceEntry, ProduceOutcome, RecordsError};
use broker::transaction_coordinator::Producer;
use broker::transaction_verification::{Joining, ToVerify, VerificationError};
use bytes::Bytes;
use net::{Answer, CloseReason, Request, RequestHeader};
use protocol::messages::produce_request::{ProduceRequest, TopicProduceData};
use protocol::messages::produce_response::{
    BatchIndexAndErrorMessage, LeaderIdAndEpoch, PartitionProduceResponse, ProduceResponse,
    TopicProduceResponse,
};
use types::{ErrorCode, PartitionIndex};

use crate::authorizer::{Authorizer, Operation, Resource};
use crate::doubled;
use crate::errors;
use crate::exchange::{self, Handled};
use crate::internal_topics;
use crate::node_endpoints;
use crate::peer;

/// First version that names topics by id.
const TOPIC_IDS_SINCE: i16 = 13;

/// First version that knows TRANSACTION_ABORTABLE.
const ABORTABLE_SINCE: i16 = 11;
/// First version that makes partitions join the transaction.
const JOINS_SINCE: i16 = 12;

/// How far a request is.
pub(crate) enum Begun<'a> {
    /// Its records are appended, or refused.
    Handled(Handled),
    /// Its transaction is looked at first.
    Verifying(Pin<Box<dyn Future<Output = Handled> + Send + 'a>>),
}

/// Appends, then answers at once or when the in-sync replicas have it.
pub(crate) fn handle<'a>(
    broker: &'a Arc<Broker>,
    authorizer: &Authorizer,
    request: &'a Request,
) -> Begun<'a> {
    let body: ProduceRequest = match exchange::decode(request) {
        Ok(body) => body,
        Err(reason) => return Begun::Handled(Err(reason)),
    };
    let mut call = Call {
        broker,
        request,
        acks: body.acks,
        timeout: Duration::from_millis(u64::try_from(body.timeout_ms).unwrap_or(0)),
        places: Vec::new(),
        entries: Vec::new(),
        transactions: Vec::new(),
        response: ProduceResponse::default(),
    };
    let transactional_id = match transactional_id(authorizer, request, &body) {
        Ok(transactional_id) => transactional_id,
        Err(error) => return Begun::Handled(call.refuse(body.topic_data, error)),
    };
    let are_of_two_producers = |call: &Call<'_>| {
        let mut producers = call.transactions.iter().flatten().map(|one| one.producer);
        let first = producers.next();
        producers.any(|producer| Some(producer) != first)
    };
    let topics = each_once(body.topic_data);
    for topic in topics.iter().filter(|topic| !topic.partition_data.is_empty()) {
        call.begin_topic(&topic.name, topic.topic_id);
        let key = if request.header.api_version >= TOPIC_IDS_SINCE {
            TopicKey::Id(topic.topic_id)
        } else {
            TopicKey::Name(topic.name.as_str().into())
        };
        for partition in &topic.partition_data {
            let index = PartitionIndex(partition.index);
            let admitted = call.admit(authorizer, &key, index, partition.records.as_ref());
            call.add(partition.index, admitted);
        }
    }
    if are_of_two_producers(&call) {
        return Begun::Handled(call.refuse(topics, ErrorCode::InvalidProducerIdMapping));
    }
    let producer = call.transactions.iter().flatten().next().map(|one| one.producer);
    match transactional_id.zip(producer) {
        None => Begun::Handled(call.append()),
        Some((transactional_id, producer)) => Begun::Verifying(Box::pin(async move {
            call.verify(&transactional_id, producer).await;
            call.append()
        })),
    }
}

/// The transactional id, where there are records that need it.
fn transactional_id(
    authorizer: &Authorizer,
    request: &Request,
    body: &ProduceRequest,
) -> Result<Option<String>, ErrorCode> {
    let mut records = (body.topic_data.iter())
        .flat_map(|topic| &topic.partition_data)
        .filter_map(|partition| partition.records.as_ref());
    if !records.any(|records| broker::produce::is_transactional(records)) {
        return Ok(None);
    }
    let id = body
        .transactional_id
        .as_ref()
        .filter(|id| authorizer.allows(&request.connection, Operation::Write, Resource::TransactionalId(id)));
    id.cloned().map(Some).ok_or(ErrorCode::TransactionalIdAuthorizationFailed)
}

/// Of what is sent for one partition, the last is taken, as the oracle does.
fn each_once(topics: Vec<TopicProduceData>) -> Vec<TopicProduceData> {
    let mut topics = doubled::merge(
        topics,
        |topic| (topic.name.clone(), topic.topic_id),
        |topic, later| topic.partition_data.extend(later.partition_data),
    );
    for topic in &mut topics {
        let partitions = std::mem::take(&mut topic.partition_data);
        topic.partition_data = doubled::last_of_each(partitions, |partition| partition.index);
    }
    topics
}

/// A request on its way, and its answer as it grows.
struct Call<'a> {
    broker: &'a Arc<Broker>,
    request: &'a Request,
    acks: i16,
    timeout: Duration,
    response: ProduceResponse,
    /// For each entry: its topic's and its partition's place in the response.
    places: Vec<(usize, usize)>,
    entries: Vec<ProduceEntry>,
    /// For each entry: the transaction of its records.
    transactions: Vec<Option<InTransaction>>,
}

impl Call<'_> {
    fn begin_topic(&mut self, name: &str, topic_id: types::Uuid) {
        let name = name.to_owned();
        self.response.responses.push(TopicProduceResponse { name, topic_id, ..Default::default() });
    }

    fn add(&mut self, index: i32, admitted: Result<Admitted, Refusal>) {
        let topic = self.response.responses.len() - 1;
        let partitions = &mut self.response.responses[topic].partition_responses;
        partitions.push(PartitionProduceResponse { index, base_offset: -1, ..Default::default() });
        let place = (topic, partitions.len() - 1);
        match admitted {
            Ok(admitted) => {
                self.entries.push(admitted.entry);
                self.transactions.push(admitted.transaction);
                self.places.push(place);
            }
            Err(refusal) => self.refuse_one(place, refusal),
        }
    }

    fn refuse_one(&mut self, place: (usize, usize), refusal: Refusal) {
        let partition = &mut self.response.responses[place.0].partition_responses[place.1];
        partition.error_code = refusal.error.code();
        partition.error_message = refusal.message;
        if refusal.error == ErrorCode::NotLeaderOrFollower {
            self.tell_leader(place, refusal.leader);
        }
    }

    /// Refuses the request as a whole.
    fn refuse(mut self, topics: Vec<TopicProduceData>, error: ErrorCode) -> Handled {
        self.response = ProduceResponse::default();
        for topic in each_once(topics).into_iter().filter(|topic| !topic.partition_data.is_empty()) {
            self.begin_topic(&topic.name, topic.topic_id);
            for partition in topic.partition_data {
                let message = (error == ErrorCode::InvalidProducerIdMapping)
                    .then(|| "one request holds records of one transaction".to_owned());
                self.add(partition.index, Err(Refusal { error, message, leader: None }));
            }
        }
        match self.acks {
            0 => Err(refused_unanswered(error)),
            _ => exchange::answer(&self.request.header, &self.response),
        }
    }

    /// Asks the coordinator of transactions about the entries; those that it does not confirm are refused.
    async fn verify(&mut self, transactional_id: &str, producer: Producer) {
        let version = self.request.header.api_version;
        let joining = if version >= JOINS_SINCE { Joining::ByWriting } else { Joining::Never };
        let asked: Vec<usize> =
            (0..self.entries.len()).filter(|at| self.transactions[*at].is_some()).collect();
        let to_verify = |at: &usize| ToVerify {
            partition: self.entries[*at].partition.clone(),
            sequence: self.transactions[*at].map_or(-1, |transaction| transaction.sequence),
        };
        let to_verify: Vec<ToVerify> = asked.iter().map(to_verify).collect();
        let verified = self.broker.verify_transaction(transactional_id, producer, &to_verify, joining).await;
        let mut refusals = vec![None; self.entries.len()];
        for (at, verified) in asked.into_iter().zip(verified) {
            match verified {
                Ok(guard) => self.entries[at].guard = guard,
                Err(error) => refusals[at] = Some(error),
            }
        }
        let entries = std::mem::take(&mut self.entries);
        let places = std::mem::take(&mut self.places);
        for ((entry, place), refusal) in entries.into_iter().zip(places).zip(refusals) {
            match refusal {
                None => {
                    self.entries.push(entry);
                    self.places.push(place);
                }
                Some(error) => self.refuse_one(place, unverified(&error, version)),
            }
        }
    }

    /// Appends the entries, then answers at once or when the in-sync replicas have them.
    fn append(mut self) -> Handled {
        let (outcomes, unacknowledged) = self.broker.append(std::mem::take(&mut self.entries), self.acks);
        for (index, outcome) in outcomes.into_iter().enumerate() {
            self.record(index, outcome);
        }
        let client = || peer::waiting_client(self.request);
        if self.acks == 0 {
            // Nobody waits, but what `flush.messages` asks for is done.
            drop(self.broker.acknowledge(unacknowledged, self.timeout, client()));
            return match self.first_error() {
                None => Ok(Answer::Silent),
                Some(error) => Err(refused_unanswered(error)),
            };
        }
        if unacknowledged.is_empty() {
            return exchange::answer(&self.request.header, &self.response);
        }
        let acknowledged = self.broker.acknowledge(unacknowledged, self.timeout, client());
        let header = self.request.header.clone();
        let (mut response, places) = (self.response, self.places);
        Ok(Answer::Later(Box::pin(async move {
            for (index, result) in acknowledged.await {
                if let Err(error) = result {
                    fail(&mut response, places[index], error);
                }
            }
            answer_later(&header, &response)
        })))
    }

    /// Enters what became of the entry.
    fn record(&mut self, entry: usize, outcome: ProduceOutcome) {
        let place = self.places[entry];
        let partition = &mut self.response.responses[place.0].partition_responses[place.1];
        match outcome {
            ProduceOutcome::Appended(appended) => {
                partition.base_offset = appended.info.first_offset.0;
                partition.log_append_time_ms = appended.info.log_append_time_ms;
                partition.log_start_offset = appended.info.log_start_offset.0;
            }
            ProduceOutcome::Refused { error, log_start } => {
                let told = errors::append_error(&error);
                partition.error_code = told.error.code();
                partition.error_message = told.message;
                partition.log_start_offset = if told.reached_log { log_start.0 } else { -1 };
                partition.record_errors = (told.record_errors.into_iter())
                    .map(|(batch_index, message)| BatchIndexAndErrorMessage {
                        batch_index,
                        batch_index_error_message: message,
                        ..Default::default()
                    })
                    .collect();
                if let PartitionAppendError::Leadership(error) = error {
                    self.tell_leader(place, errors::known_leader(&error));
                }
            }
        }
    }

    /// From v10 on a client that asked the wrong node is told the right one (KIP-951).
    fn tell_leader(&mut self, place: (usize, usize), leader: Option<(types::NodeId, types::LeaderEpoch)>) {
        let is_told = self.request.header.api_version >= 10;
        let Some((leader, leader_epoch)) = leader.filter(|_| is_told) else { return };
        self.response.responses[place.0].partition_responses[place.1].current_leader =
            LeaderIdAndEpoch { leader_id: leader.0, leader_epoch: leader_epoch.0, ..Default::default() };
        node_endpoints::add_to_produce(
            self.broker,
            &self.request.connection.listener,
            leader,
            &mut self.response.node_endpoints,
        );
    }

    fn first_error(&self) -> Option<ErrorCode> {
        let partitions = self.response.responses.iter().flat_map(|topic| &topic.partition_responses);
        let mut codes = partitions.map(|partition| partition.error_code).filter(|code| *code != 0);
        codes.next().map(|code| ErrorCode::from_code(code).unwrap_or(ErrorCode::UnknownServerError))
    }

    fn admit(
        &self,
        authorizer: &Authorizer,
        topic: &TopicKey,
        index: PartitionIndex,
        records: Option<&Bytes>,
    ) -> Result<Admitted, Refusal> {
        let (broker, request) = (self.broker, self.request);
        // Whoever names a topic is told whether it exists only after being allowed to.
        let name = match topic {
            TopicKey::Name(name) => name.clone(),
            TopicKey::Id(_) => broker.topic_name(topic).ok_or(errors::unknown_topic(topic))?,
        };
        if !authorizer.allows(&request.connection, Operation::Write, Resource::Topic(&name)) {
            return Err(ErrorCode::TopicAuthorizationFailed.into());
        }
        let is_allowed_client = request.header.client_id.as_deref() == Some(internal_topics::ADMIN_CLIENT_ID);
        if internal_topics::is_internal(&name) && !is_allowed_client {
            return Err(ErrorCode::InvalidTopicException.into());
        }
        let partition = broker.find_partition(topic, index).map_err(|error| Refusal {
            error: errors::lookup_error(&error),
            message: None,
            leader: errors::looked_up_leader(&error),
        })?;
        if !(-1..=1).contains(&self.acks) {
            return Err(ErrorCode::InvalidRequiredAcks.into());
        }
        let records = records.cloned().unwrap_or_default();
        let checked = broker::produce::check_records(&records, request.header.api_version);
        let transaction = checked.map_err(|error| match error {
            RecordsError::Invalid(_) => ErrorCode::InvalidRecord.into(),
            RecordsError::Corrupt => Refusal {
                error: ErrorCode::CorruptMessage,
                message: Some("these bytes are no record batch".to_owned()),
                leader: None,
            },
            RecordsError::UnsupportedCompression => ErrorCode::UnsupportedCompressionType.into(),
        })?;
        Ok(Admitted { entry: ProduceEntry { partition, records, guard: None }, transaction })
    }
}

/// An entry that may be tried.
struct Admitted {
    entry: ProduceEntry,
    transaction: Option<InTransaction>,
}

/// Why an entry is not even tried.
struct Refusal {
    error: ErrorCode,
    message: Option<String>,
    leader: Option<(types::NodeId, types::LeaderEpoch)>,
}

impl From<ErrorCode> for Refusal {
    fn from(error: ErrorCode) -> Self {
        Self { error, message: None, leader: None }
    }
}

/// What a producer is told of a partition that its transaction is not known to hold.
fn unverified(error: &VerificationError, version: i16) -> Refusal {
    let code = errors::verification_error(error, version >= ABORTABLE_SINCE);
    let is_to_be_tried_again = match code {
        ErrorCode::CoordinatorLoadInProgress
        | ErrorCode::CoordinatorNotAvailable
        | ErrorCode::NotCoordinator => true,
        ErrorCode::ConcurrentTransactions => version < JOINS_SINCE,
        _ => false,
    };
    if is_to_be_tried_again {
        let message = Some(format!("whether the partition is in the transaction is not known: {error}"));
        return Refusal { error: ErrorCode::NotEnoughReplicas, message, leader: None };
    }
    let leader = match error {
        VerificationError::Leadership(error) => errors::known_leader(error),
        _ => None,
    };
    let message = (code == ErrorCode::InvalidTxnState).then(|| error.to_string());
    Refusal { error: code, message, leader }
}

/// An entry was appended and not acknowledged.
fn fail(response: &mut ProduceResponse, place: (usize, usize), error: AcknowledgementError) {
    let partition = &mut response.responses[place.0].partition_responses[place.1];
    partition.error_code = errors::acknowledgement_error(&error).code();
    partition.base_offset = -1;
    partition.log_append_time_ms = -1;
}

fn refused_unanswered(error: ErrorCode) -> CloseReason {
    CloseReason::refused(format!("a Produce request with acks=0 failed: {error}"))
}

/// A response that could not be encoded has nobody left to tell but the log; the client runs into its timeout.
fn answer_later(header: &RequestHeader, response: &ProduceResponse) -> net::Response {
    exchange::respond(header, response, Vec::new()).unwrap_or_else(|error| {
        tracing::error!(%error, "a Produce response could not be encoded");
        net::Response::default()
    })
}
