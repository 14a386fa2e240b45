//! Produce (key 0), versions 3–13: appends record batches.
//!
//! v3 (KIP-98) transactional id and batches of magic 2; v5 log start offset; v7 zstd (KIP-110); v8 record errors
//! (KIP-467); v9 flexible; v10 current leader (KIP-951); v12 implicit transaction partitions (KIP-890); v13 topic ids
//! (KIP-516). Versions 0–2 are advertised and refused (KAFKA-18659). Broker listeners. Needs WRITE on the topic.
//!
//! Each partition takes exactly one batch of magic 2. acks is −1 (all in-sync replicas), 1 or 0; with 0 nothing is
//! answered, and an error closes the connection. The decisions are `broker::produce`'s and the log's; per partition the
//! errors are UNKNOWN_TOPIC_OR_PARTITION, UNKNOWN_TOPIC_ID, NOT_LEADER_OR_FOLLOWER, TOPIC_AUTHORIZATION_FAILED,
//! INVALID_REQUIRED_ACKS, INVALID_RECORD, INVALID_TIMESTAMP, UNSUPPORTED_COMPRESSION_TYPE, MESSAGE_TOO_LARGE,
//! CORRUPT_MESSAGE, NOT_ENOUGH_REPLICAS, REQUEST_TIMED_OUT, KAFKA_STORAGE_ERROR and the idempotence errors.
//!
//! Difference from Apache Kafka: transactional batches are refused with INVALID_TXN_STATE, because this build has no
//! transaction coordinator that could know the transaction.

use std::sync::Arc;
use std::time::Duration;

use broker::Broker;
use broker::fetch_sessions::TopicKey;
use broker::partition::PartitionAppendError;
use broker::produce::{AcknowledgementError, ProduceEntry, ProduceOutcome, RecordsError};
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

/// Appends, then answers at once or when the in-sync replicas have it.
pub(crate) fn handle(broker: &Arc<Broker>, authorizer: &Authorizer, request: &Request) -> Handled {
    let body: ProduceRequest = exchange::decode(request)?;
    let acks = body.acks;
    let timeout = Duration::from_millis(u64::try_from(body.timeout_ms).unwrap_or(0));
    let mut call = Call { places: Vec::new(), entries: Vec::new(), response: ProduceResponse::default() };
    let terms = Terms { acks, is_transactional: body.transactional_id.is_some() };
    for topic in each_once(body.topic_data).into_iter().filter(|topic| !topic.partition_data.is_empty()) {
        call.begin_topic(&topic.name, topic.topic_id);
        let key = if request.header.api_version >= TOPIC_IDS_SINCE {
            TopicKey::Id(topic.topic_id)
        } else {
            TopicKey::Name(topic.name.as_str().into())
        };
        for partition in topic.partition_data {
            let index = PartitionIndex(partition.index);
            let entry = admit(broker, authorizer, request, &key, index, terms, partition.records);
            call.add(broker, request, partition.index, entry);
        }
    }
    let (outcomes, unacknowledged) = broker.append(std::mem::take(&mut call.entries), acks);
    for (index, outcome) in outcomes.into_iter().enumerate() {
        call.record(broker, request, index, outcome);
    }
    if acks == 0 {
        // Nobody waits, but what `flush.messages` asks for is done.
        drop(broker.acknowledge(unacknowledged, timeout, peer::waiting_client(request)));
        return match call.first_error() {
            None => Ok(Answer::Silent),
            Some(error) => {
                Err(CloseReason::refused(format!("a Produce request with acks=0 failed: {error}")))
            }
        };
    }
    if unacknowledged.is_empty() {
        return exchange::answer(&request.header, &call.response);
    }
    let acknowledged = broker.acknowledge(unacknowledged, timeout, peer::waiting_client(request));
    let header = request.header.clone();
    Ok(Answer::Later(Box::pin(async move {
        for (index, result) in acknowledged.await {
            if let Err(error) = result {
                call.fail(index, error);
            }
        }
        answer_later(&header, &call.response)
    })))
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

/// The request's answer as it grows.
struct Call {
    response: ProduceResponse,
    /// For each entry: its topic's and its partition's place in the response.
    places: Vec<(usize, usize)>,
    entries: Vec<ProduceEntry>,
}

impl Call {
    fn begin_topic(&mut self, name: &str, topic_id: types::Uuid) {
        let name = name.to_owned();
        self.response.responses.push(TopicProduceResponse { name, topic_id, ..Default::default() });
    }

    fn add(&mut self, broker: &Broker, request: &Request, index: i32, entry: Result<ProduceEntry, Refusal>) {
        let topic = self.response.responses.len() - 1;
        let partitions = &mut self.response.responses[topic].partition_responses;
        partitions.push(PartitionProduceResponse { index, base_offset: -1, ..Default::default() });
        let place = (topic, partitions.len() - 1);
        match entry {
            Ok(entry) => {
                self.entries.push(entry);
                self.places.push(place);
            }
            Err(refusal) => {
                let partition = &mut self.response.responses[place.0].partition_responses[place.1];
                partition.error_code = refusal.error.code();
                partition.error_message = refusal.message;
                if refusal.error == ErrorCode::NotLeaderOrFollower {
                    self.tell_leader(broker, request, place, refusal.leader);
                }
            }
        }
    }

    /// Enters what became of the entry.
    fn record(&mut self, broker: &Broker, request: &Request, entry: usize, outcome: ProduceOutcome) {
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
                    self.tell_leader(broker, request, place, errors::known_leader(&error));
                }
            }
        }
    }

    /// An entry was appended and not acknowledged.
    fn fail(&mut self, entry: usize, error: AcknowledgementError) {
        let place = self.places[entry];
        let partition = &mut self.response.responses[place.0].partition_responses[place.1];
        partition.error_code = errors::acknowledgement_error(&error).code();
        partition.base_offset = -1;
        partition.log_append_time_ms = -1;
    }

    /// From v10 on a client that asked the wrong node is told the right one (KIP-951).
    fn tell_leader(
        &mut self,
        broker: &Broker,
        request: &Request,
        place: (usize, usize),
        leader: Option<(types::NodeId, types::LeaderEpoch)>,
    ) {
        let Some((leader, leader_epoch)) = leader.filter(|_| request.header.api_version >= 10) else {
            return;
        };
        self.response.responses[place.0].partition_responses[place.1].current_leader =
            LeaderIdAndEpoch { leader_id: leader.0, leader_epoch: leader_epoch.0, ..Default::default() };
        node_endpoints::add_to_produce(
            broker,
            &request.connection.listener,
            leader,
            &mut self.response.node_endpoints,
        );
    }

    fn first_error(&self) -> Option<ErrorCode> {
        let partitions = self.response.responses.iter().flat_map(|topic| &topic.partition_responses);
        let mut codes = partitions.map(|partition| partition.error_code).filter(|code| *code != 0);
        codes.next().map(|code| ErrorCode::from_code(code).unwrap_or(ErrorCode::UnknownServerError))
    }
}

/// What a request says of all its entries.
#[derive(Clone, Copy)]
struct Terms {
    acks: i16,
    /// Whether it names a transactional id; without one, nobody may write transactional batches.
    is_transactional: bool,
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

fn admit(
    broker: &Broker,
    authorizer: &Authorizer,
    request: &Request,
    topic: &TopicKey,
    index: PartitionIndex,
    terms: Terms,
    records: Option<Bytes>,
) -> Result<ProduceEntry, Refusal> {
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
    if !(-1..=1).contains(&terms.acks) {
        return Err(ErrorCode::InvalidRequiredAcks.into());
    }
    let records = records.unwrap_or_default();
    broker::produce::check_records(&records, request.header.api_version).map_err(|error| match error {
        RecordsError::Invalid(_) => ErrorCode::InvalidRecord.into(),
        RecordsError::Corrupt => Refusal {
            error: ErrorCode::CorruptMessage,
            message: Some("these bytes are no record batch".to_owned()),
            leader: None,
        },
        RecordsError::UnsupportedCompression => ErrorCode::UnsupportedCompressionType.into(),
        RecordsError::Transactional if terms.is_transactional => ErrorCode::InvalidTxnState.into(),
        RecordsError::Transactional => ErrorCode::TransactionalIdAuthorizationFailed.into(),
    })?;
    Ok(ProduceEntry { partition, records, guard: None })
}

/// A response that could not be encoded has nobody left to tell but the log; the client runs into its timeout.
fn answer_later(header: &RequestHeader, response: &ProduceResponse) -> net::Response {
    exchange::respond(header, response, Vec::new()).unwrap_or_else(|error| {
        tracing::error!(%error, "a Produce response could not be encoded");
        net::Response::default()
    })
}
