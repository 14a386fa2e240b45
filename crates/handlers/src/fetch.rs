//! Fetch (key 1), versions 4–18: reads record batches, for consumers and replicas.
//!
//! v4 (KIP-98) isolation; v5 log start offset; v7 (KIP-227) sessions; v9 (KIP-320) leader epoch; v11 (KIP-392) rack;
//! v12 (KIP-595) flexible, last fetched epoch, cluster id; v13 (KIP-516) topic ids; v15 (KIP-903) replica state; v16
//! (KIP-951) node endpoints; v17 (KIP-853) replica directory; v18 (KIP-1166) high watermark of the replica. Broker
//! listeners. Consumers need READ on the topic, replicas CLUSTER_ACTION.
//!
//! Errors of the whole answer: FETCH_SESSION_ID_NOT_FOUND, INVALID_FETCH_SESSION_EPOCH, FETCH_SESSION_TOPIC_ID_ERROR.
//! Per partition: UNKNOWN_TOPIC_ID, UNKNOWN_TOPIC_OR_PARTITION, INCONSISTENT_TOPIC_ID, NOT_LEADER_OR_FOLLOWER,
//! FENCED_LEADER_EPOCH, UNKNOWN_LEADER_EPOCH, OFFSET_OUT_OF_RANGE, TOPIC_AUTHORIZATION_FAILED, KAFKA_STORAGE_ERROR. An
//! error, or news of a diverging epoch, answers at once. The decisions are `broker::fetch`'s and `fetch_sessions`'.
//!
//! Replicas are not served yet: a fetch that claims to be one is told that it is no replica of the partition.

use std::sync::Arc;
use std::time::Duration;

use broker::Broker;
use broker::fetch::{FetchBounds, FetchEntry, FetchResult};
use broker::fetch_sessions::{
    FetchContext, FetchPartition, PartitionKey, PartitionRequest, ResultSummary, SessionRequest, TopicKey,
};
use broker::partition::{Isolation, PartitionRead, PartitionReadError};
use io::FileRegion;
use net::{Answer, Request, RequestHeader, Response};
use protocol::Records;
use protocol::messages::fetch_request::FetchRequest;
use protocol::messages::fetch_response::{
    AbortedTransaction, EpochEndOffset, FetchResponse, FetchableTopicResponse, LeaderIdAndEpoch,
    PartitionData,
};
use types::{ErrorCode, LeaderEpoch, NodeId, Offset, PartitionIndex, Uuid};

use crate::authorizer::{Authorizer, Operation, Resource};
use crate::doubled;
use crate::errors;
use crate::exchange::{self, Handled};
use crate::node_endpoints;
use crate::peer;

/// First version that names topics by id.
const TOPIC_IDS_SINCE: i16 = 13;
/// First version that tells who leads instead, and where; the field is older, and was only ever between replicas.
const LEADERS_SINCE: i16 = 16;

/// Answers now where there is enough to read, else waits.
pub(crate) fn handle(broker: &Arc<Broker>, authorizer: &Authorizer, request: &Request) -> Handled {
    let body: FetchRequest = exchange::decode(request)?;
    let version = request.header.api_version;
    let replica_id = if version >= 15 { body.replica_state.replica_id } else { body.replica_id };
    let bounds = bounds(broker, &body);
    let context = begin_session(broker, body, version, replica_id);
    let mut call = Call { broker: broker.clone(), context, refusals: Vec::new(), entries: Vec::new() };
    for partition in call.context.partitions() {
        match admit(broker, authorizer, request, partition, replica_id) {
            Ok(entry) => {
                call.entries.push(entry);
                call.refusals.push(None);
            }
            Err(refusal) => call.refusals.push(Some(refusal)),
        }
    }
    let seen = Broker::read_held(&call.entries, &bounds);
    let header = request.header.clone();
    let listener = request.connection.listener.clone();
    // A partition that is refused here does not answer at once: the oracle, too, waits for the others.
    let is_answer = |results: &Vec<_>| call.entries.is_empty() || Broker::is_answer(results, &bounds);
    match seen {
        Some(results) if is_answer(&results) => Ok(Answer::Now(call.respond(&header, &listener, results))),
        seen => {
            let client = peer::waiting_client(request);
            Ok(Answer::Later(Box::pin(async move {
                let entries = std::mem::take(&mut call.entries);
                let results = call.broker.clone().read_later(entries, bounds, seen, client).await;
                call.respond(&header, &listener, results)
            })))
        }
    }
}

fn bounds(broker: &Broker, body: &FetchRequest) -> FetchBounds {
    let max_bytes = body.max_bytes.min(broker.settings().fetch_max_bytes).max(0);
    FetchBounds {
        max_bytes: max_bytes as usize,
        min_bytes: body.min_bytes.clamp(0, max_bytes) as usize,
        max_wait: Duration::from_millis(u64::try_from(body.max_wait_ms).unwrap_or(0)),
        isolation: if body.isolation_level == 1 {
            Isolation::ReadCommitted
        } else {
            Isolation::ReadUncommitted
        },
    }
}

fn begin_session(broker: &Broker, body: FetchRequest, version: i16, replica_id: i32) -> FetchContext {
    let uses_topic_ids = version >= TOPIC_IDS_SINCE;
    let topic_key = |name: &str, id: Uuid| {
        if uses_topic_ids { TopicKey::Id(id) } else { TopicKey::Name(name.into()) }
    };
    let mut partitions = Vec::new();
    for topic in body.topics {
        let key = topic_key(&topic.topic, topic.topic_id);
        let name = broker.topic_name(&key);
        partitions.extend(topic.partitions.into_iter().map(|partition| FetchPartition {
            key: PartitionKey { topic: key.clone(), partition: PartitionIndex(partition.partition) },
            request: PartitionRequest {
                fetch_offset: Offset(partition.fetch_offset),
                log_start_offset: Offset(partition.log_start_offset),
                max_bytes: partition.partition_max_bytes,
                current_leader_epoch: known_epoch(partition.current_leader_epoch),
                last_fetched_epoch: known_epoch(partition.last_fetched_epoch),
            },
            topic: name.clone(),
        }));
    }
    // A partition named twice is read once, at its first place and as it was named last.
    let partitions = doubled::last_of_each(partitions, |partition| partition.key.clone());
    let forgotten = body.forgotten_topics_data.into_iter().flat_map(|topic| {
        let key = topic_key(&topic.topic, topic.topic_id);
        let keyed = move |index| PartitionKey { topic: key.clone(), partition: PartitionIndex(index) };
        topic.partitions.into_iter().map(keyed)
    });
    let session = SessionRequest {
        session_id: if version >= 7 { body.session_id } else { 0 },
        epoch: if version >= 7 { body.session_epoch } else { -1 },
        is_follower: replica_id >= 0,
        uses_topic_ids,
        partitions,
        forgotten: forgotten.collect(),
    };
    broker.fetch_sessions().begin(session, |id| broker.topic_name(&TopicKey::Id(*id)), broker.uptime_ms())
}

fn known_epoch(epoch: i32) -> Option<LeaderEpoch> {
    (epoch >= 0).then_some(LeaderEpoch(epoch))
}

/// Why a partition is not read at all, and who leads it if that is why.
type Refusal = (ErrorCode, Option<(NodeId, LeaderEpoch)>);

fn admit(
    broker: &Broker,
    authorizer: &Authorizer,
    request: &Request,
    partition: &FetchPartition,
    replica_id: i32,
) -> Result<FetchEntry, Refusal> {
    // Who may not read a topic is not told whether it exists.
    if replica_id >= 0 && !authorizer.allows(&request.connection, Operation::ClusterAction, Resource::Cluster)
    {
        return Err((ErrorCode::TopicAuthorizationFailed, None));
    }
    let name = match (&partition.topic, &partition.key.topic) {
        (Some(name), _) | (None, TopicKey::Name(name)) => name,
        (None, TopicKey::Id(_)) => return Err((ErrorCode::UnknownTopicId, None)),
    };
    if replica_id < 0 && !authorizer.allows(&request.connection, Operation::Read, Resource::Topic(name)) {
        return Err((ErrorCode::TopicAuthorizationFailed, None));
    }
    // By name first: an id whose topic is gone while its name lives on belongs to an earlier incarnation.
    let by_name = TopicKey::Name(name.clone());
    let refuse = |error| (errors::lookup_error(&error), errors::looked_up_leader(&error));
    let found = broker.find_partition(&by_name, partition.key.partition).map_err(refuse)?;
    if let TopicKey::Id(id) = partition.key.topic
        && found.id().topic_id != id
    {
        return Err((ErrorCode::InconsistentTopicId, None));
    }
    if replica_id >= 0 {
        let has_epoch = partition.request.current_leader_epoch.is_some();
        let error = if has_epoch { ErrorCode::UnknownLeaderEpoch } else { ErrorCode::NotLeaderOrFollower };
        return Err((error, None));
    }
    Ok(FetchEntry { partition: found, request: partition.request })
}

/// One fetch on its way to an answer.
struct Call {
    broker: Arc<Broker>,
    context: FetchContext,
    /// For each partition of the context: why it is not read; those without are the entries, in order.
    refusals: Vec<Option<Refusal>>,
    entries: Vec<FetchEntry>,
}

impl Call {
    fn respond(&self, header: &RequestHeader, listener: &str, results: Vec<FetchResult>) -> Response {
        let mut results = results.into_iter();
        let mut told: Vec<Told> = (self.refusals.iter())
            .map(|refusal| match refusal {
                Some((error, leader)) => Told::error(*error, *leader),
                None => Told::from(results.next().expect("an entry for each partition without a refusal")),
            })
            .collect();
        let summaries: Vec<ResultSummary> = told.iter().map(Told::summary).collect();
        let session = self.broker.fetch_sessions().finish(&self.context, &summaries, self.broker.uptime_ms());
        let mut response = FetchResponse {
            error_code: session.error.code(),
            session_id: session.session_id,
            ..Default::default()
        };
        let mut regions = Vec::new();
        let asked = self.context.partitions().iter().zip(&mut told).zip(&session.listed);
        let mut listed: Vec<_> = asked.filter_map(|(one, is_listed)| is_listed.then_some(one)).collect();
        // Those that nobody tried to read come last, as the oracle lists them.
        listed.sort_by_key(|(_, told)| is_refused_unread(told.error));
        for (partition, told) in listed {
            if let Some((leader, _)) = told.leader
                && header.api_version >= LEADERS_SINCE
            {
                node_endpoints::add_to_fetch(&self.broker, listener, leader, &mut response.node_endpoints);
            }
            let data = told.take_data(partition.key.partition, header.api_version, &mut regions);
            push(&mut response.responses, &partition.key.topic, data);
        }
        exchange::respond(header, &response, regions).unwrap_or_else(|error| {
            tracing::error!(%error, "a Fetch response could not be encoded");
            Response::default()
        })
    }
}

/// Adds a partition to its topic's list, if that is the last one: partitions keep their order.
fn push(topics: &mut Vec<FetchableTopicResponse>, key: &TopicKey, data: PartitionData) {
    let (topic, topic_id) = match key {
        TopicKey::Name(name) => (name.to_string(), Uuid::ZERO),
        TopicKey::Id(id) => (String::new(), *id),
    };
    match topics.last_mut() {
        Some(last) if last.topic == topic && last.topic_id == topic_id => last.partitions.push(data),
        _ => {
            let partitions = vec![data];
            topics.push(FetchableTopicResponse { topic, topic_id, partitions, ..Default::default() });
        }
    }
}

/// What a partition is answered.
struct Told {
    error: ErrorCode,
    leader: Option<(NodeId, LeaderEpoch)>,
    read: Option<PartitionRead>,
}

impl Told {
    fn error(error: ErrorCode, leader: Option<(NodeId, LeaderEpoch)>) -> Self {
        Self { error, leader, read: None }
    }

    fn summary(&self) -> ResultSummary {
        let read = self.read.as_ref();
        ResultSummary {
            records_bytes: read.and_then(|read| read.records.as_ref()).map_or(0, |region| region.length),
            high_watermark: read.map_or(Offset(-1), |read| read.high_watermark),
            log_start_offset: read.map_or(Offset(-1), |read| read.log_start_offset),
            error: self.error,
            has_redirection: read.is_some_and(|read| read.diverging_epoch.is_some()),
        }
    }

    fn take_data(
        &mut self,
        index: PartitionIndex,
        version: i16,
        regions: &mut Vec<FileRegion>,
    ) -> PartitionData {
        let mut data = PartitionData {
            partition_index: index.0,
            error_code: self.error.code(),
            high_watermark: -1,
            records: Some(Records::default()),
            ..Default::default()
        };
        // Versions before KIP-112 do not know this error; clients of theirs look for another leader.
        if self.error == ErrorCode::KafkaStorageError && version <= 5 {
            data.error_code = ErrorCode::NotLeaderOrFollower.code();
        }
        if let Some((leader, leader_epoch)) = self.leader
            && version >= LEADERS_SINCE
        {
            data.current_leader =
                LeaderIdAndEpoch { leader_id: leader.0, leader_epoch: leader_epoch.0, ..Default::default() };
        }
        let Some(read) = self.read.take() else {
            // Empty for those that nobody tried to read, null for those that could not be read: as the oracle has it.
            if !is_refused_unread(self.error) {
                data.aborted_transactions = None;
            }
            return data;
        };
        data.high_watermark = read.high_watermark.0;
        data.last_stable_offset = read.last_stable_offset.0;
        data.log_start_offset = read.log_start_offset.0;
        data.aborted_transactions = read.aborted_transactions.map(|aborted| {
            let told = |transaction: broker::partition::AbortedTransaction| AbortedTransaction {
                producer_id: transaction.producer_id.0,
                first_offset: transaction.first_offset.0,
                ..Default::default()
            };
            aborted.into_iter().map(told).collect()
        });
        if let Some((epoch, end_offset)) = read.diverging_epoch {
            data.diverging_epoch =
                EpochEndOffset { epoch: epoch.0, end_offset: end_offset.0, ..Default::default() };
        }
        if let Some(region) = read.records {
            let id = regions.len() as u32;
            let length = u32::try_from(region.length).expect("a read is bounded by an int of bytes");
            data.records = Some(Records::External { length, id });
            regions.push(region);
        }
        data
    }
}

/// Whether the oracle decides this error before it looks at the partition.
fn is_refused_unread(error: ErrorCode) -> bool {
    use ErrorCode::{TopicAuthorizationFailed, UnknownTopicId, UnknownTopicOrPartition};
    matches!(error, TopicAuthorizationFailed | UnknownTopicId | UnknownTopicOrPartition)
}

impl From<FetchResult> for Told {
    fn from(result: FetchResult) -> Self {
        match result {
            Ok(read) => Self { error: ErrorCode::None, leader: None, read: Some(read) },
            Err(error) => {
                let leader = match &error {
                    PartitionReadError::Leadership(error) => errors::known_leader(error),
                    PartitionReadError::Read(_) => None,
                };
                Self::error(errors::read_error(&error), leader)
            }
        }
    }
}
