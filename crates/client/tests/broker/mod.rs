//! A broker that does as a test tells it: one topic `t` with one partition, on a socket of this machine.

#![allow(dead_code, reason = "each test program uses a part of it")]

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::{Bytes, BytesMut};
use protocol::api::{
    ADD_OFFSETS_TO_TXN, ADD_PARTITIONS_TO_TXN, API_VERSIONS, APIS, END_TXN, FETCH, FIND_COORDINATOR,
    INIT_PRODUCER_ID, LIST_OFFSETS, METADATA, PRODUCE, TXN_OFFSET_COMMIT, private,
};
use protocol::frame::{RequestHeader, decode_request_header, encode_response_header};
use protocol::messages::add_offsets_to_txn_response::AddOffsetsToTxnResponse;
use protocol::messages::add_partitions_to_txn_request::AddPartitionsToTxnRequest;
use protocol::messages::add_partitions_to_txn_response::{
    AddPartitionsToTxnPartitionResult, AddPartitionsToTxnResponse, AddPartitionsToTxnTopicResult,
};
use protocol::messages::api_versions_response::{ApiVersion, ApiVersionsResponse, FinalizedFeatureKey};
use protocol::messages::end_txn_request::EndTxnRequest;
use protocol::messages::end_txn_response::EndTxnResponse;
use protocol::messages::fetch_request::FetchRequest;
use protocol::messages::fetch_response::{FetchResponse, FetchableTopicResponse, PartitionData};
use protocol::messages::find_coordinator_response::{Coordinator, FindCoordinatorResponse};
use protocol::messages::init_producer_id_request::InitProducerIdRequest;
use protocol::messages::init_producer_id_response::InitProducerIdResponse;
use protocol::messages::list_offsets_request::ListOffsetsRequest;
use protocol::messages::list_offsets_response::{
    ListOffsetsPartitionResponse, ListOffsetsResponse, ListOffsetsTopicResponse,
};
use protocol::messages::metadata_response::{
    MetadataResponse, MetadataResponseBroker, MetadataResponsePartition, MetadataResponseTopic,
};
use protocol::messages::produce_request::ProduceRequest;
use protocol::messages::produce_response::{PartitionProduceResponse, ProduceResponse, TopicProduceResponse};
use protocol::messages::txn_offset_commit_request::TxnOffsetCommitRequest;
use protocol::messages::txn_offset_commit_response::{
    TxnOffsetCommitResponse, TxnOffsetCommitResponsePartition, TxnOffsetCommitResponseTopic,
};
use protocol::{Message, Reader, Records, Writer};
use record::{BatchHeader, Limits, RecordBatch};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use types::{ErrorCode, ProducerId, Sequence, Uuid};

/// What happens to the next Produce or Fetch request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Act {
    /// It is served.
    Serve,
    /// It is served, and the connection closed instead of an answer.
    ServeAndHangUp,
    /// It is served, and refused all the same.
    ServeAndRefuse(ErrorCode),
    /// It is refused.
    Refuse(ErrorCode),
}

pub const TOPIC_ID: Uuid = Uuid::from_halves(7, 7);

#[derive(Default)]
pub struct State {
    /// What happens to the next Produce requests; none left: served.
    pub on_produce: VecDeque<Act>,
    /// What happens to the next Fetch requests; none left: served.
    pub on_fetch: VecDeque<Act>,
    /// What the next InitProducerId requests are answered.
    pub on_init_producer_id: VecDeque<ErrorCode>,
    /// So many answers to Produce requests are held back until the one after them is due.
    pub held_answers: usize,
    /// Batches larger than this are refused.
    pub batch_size_max: Option<usize>,
    /// Nobody leads the partition.
    pub is_leaderless: bool,
    /// Metadata requests so far.
    pub metadata_asked: usize,
    /// The first offset there is; what lies before was deleted.
    pub log_start: i64,
    /// The fetch session that is opened for who asks; 0: none.
    pub fetch_session: i32,
    /// Fetch sessions that were ended by who had them.
    pub ended_sessions: Vec<i32>,
    /// Batches as they were appended, base offsets set.
    pub log: Vec<Bytes>,
    /// Producer id and first sequence of every batch that was sent, accepted or not.
    pub sent: Vec<(ProducerId, Sequence)>,
    producers: i64,
    /// The level of `transaction.version`; 0: it is not in use.
    pub transaction_version: i16,
    /// The epoch that the transactional producer has now.
    pub epoch: i16,
    /// What the transactional producer did beside sending: its requests in words.
    pub transaction: Vec<String>,
    /// What the next EndTxn requests are answered.
    pub on_end_txn: VecDeque<ErrorCode>,
}

#[derive(Clone)]
pub struct Broker {
    pub address: String,
    state: Arc<Mutex<State>>,
    appended: Arc<Notify>,
}

impl Broker {
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
        let address = listener.local_addr().expect("it is bound").to_string();
        let broker = Self { address, state: Arc::default(), appended: Arc::default() };
        let served = broker.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(served.clone().serve(stream));
            }
        });
        broker
    }

    pub fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The values of all records in the log.
    pub fn values(&self) -> Vec<String> {
        let mut values = Vec::new();
        for batch in &self.state().log {
            let batch = RecordBatch::new(batch.clone()).expect("is a batch");
            batch.verify_crc().expect("its checksum fits");
            let mut records = batch.records(Limits::default()).expect("readable");
            while let Some(record) = records.next().expect("readable") {
                values.push(String::from_utf8_lossy(record.value.unwrap_or_default()).into_owned());
            }
        }
        values
    }

    async fn serve(self, mut stream: TcpStream) {
        let mut due = Vec::new();
        while let Ok(length) = stream.read_u32().await {
            let mut frame = vec![0; length as usize];
            if stream.read_exact(&mut frame).await.is_err() {
                return;
            }
            let mut reader = Reader::new(frame.into());
            let header = decode_request_header(&mut reader).expect("a request");
            let Some(body) = self.answer(&header, &mut reader).await else { return };
            let mut writer = Writer::new();
            encode_response_header(&mut writer, header.api_key, header.api_version, header.correlation_id);
            writer.raw(&body);
            let answer = writer.into_bytes();
            due.extend_from_slice(&(answer.len() as u32).to_be_bytes());
            due.extend_from_slice(&answer);
            if header.api_key == PRODUCE && self.holds_back() {
                continue;
            }
            if stream.write_all(&std::mem::take(&mut due)).await.is_err() {
                return;
            }
        }
    }

    /// The body of the answer; `None`: hang up.
    async fn answer(&self, header: &RequestHeader, reader: &mut Reader) -> Option<Bytes> {
        let version = header.api_version;
        match header.api_key {
            API_VERSIONS => Some(encode(&api_versions(self.state().transaction_version), version)),
            METADATA => Some(encode(&self.metadata(), version)),
            INIT_PRODUCER_ID => {
                let request: InitProducerIdRequest = decode(reader, version);
                Some(encode(&self.init_producer_id(&request), version))
            }
            FIND_COORDINATOR => Some(encode(&self.coordinator(), version)),
            ADD_PARTITIONS_TO_TXN => {
                let request: AddPartitionsToTxnRequest = decode(reader, version);
                Some(encode(&self.add_partitions(&request), version))
            }
            ADD_OFFSETS_TO_TXN => {
                self.state().transaction.push("add offsets".to_owned());
                Some(encode(&AddOffsetsToTxnResponse::default(), version))
            }
            TXN_OFFSET_COMMIT => {
                Some(encode(&self.txn_offset_commit(&decode(reader, version), version), version))
            }
            END_TXN => Some(encode(&self.end_txn(&decode(reader, version), version), version)),
            PRODUCE => self.produce(&decode(reader, version)).map(|answer| encode(&answer, version)),
            FETCH => self.fetch(&decode(reader, version)).await.map(|answer| encode(&answer, version)),
            LIST_OFFSETS => Some(encode(&self.list_offsets(&decode(reader, version)), version)),
            // As Apache Kafka does where it does not know the key.
            private::WHY => None,
            other => panic!("this broker does not serve API {other}"),
        }
    }

    fn holds_back(&self) -> bool {
        let mut state = self.state();
        let holds = state.held_answers > 0;
        state.held_answers = state.held_answers.saturating_sub(1);
        holds
    }

    fn metadata(&self) -> MetadataResponse {
        let (host, port) = self.address.split_once(':').expect("host:port");
        let mut state = self.state();
        state.metadata_asked += 1;
        MetadataResponse {
            brokers: vec![MetadataResponseBroker {
                node_id: 1,
                host: host.to_owned(),
                port: port.parse().expect("a port"),
                ..MetadataResponseBroker::default()
            }],
            topics: vec![MetadataResponseTopic {
                name: Some("t".to_owned()),
                topic_id: TOPIC_ID,
                partitions: vec![MetadataResponsePartition {
                    leader_id: if state.is_leaderless { -1 } else { 1 },
                    ..MetadataResponsePartition::default()
                }],
                ..MetadataResponseTopic::default()
            }],
            ..MetadataResponse::default()
        }
    }

    fn coordinator(&self) -> FindCoordinatorResponse {
        let (host, port) = self.address.split_once(':').expect("host:port");
        let (host, port) = (host.to_owned(), port.parse().expect("a port"));
        FindCoordinatorResponse {
            coordinators: vec![Coordinator { host, port, ..Coordinator::default() }],
            ..FindCoordinatorResponse::default()
        }
    }

    fn add_partitions(&self, request: &AddPartitionsToTxnRequest) -> AddPartitionsToTxnResponse {
        self.state().transaction.push("add partitions".to_owned());
        let topics = request.v3_and_below_topics.iter().map(|topic| AddPartitionsToTxnTopicResult {
            name: topic.name.clone(),
            results_by_partition: vec![AddPartitionsToTxnPartitionResult::default()],
            ..AddPartitionsToTxnTopicResult::default()
        });
        AddPartitionsToTxnResponse {
            results_by_topic_v3_and_below: topics.collect(),
            ..AddPartitionsToTxnResponse::default()
        }
    }

    fn txn_offset_commit(&self, request: &TxnOffsetCommitRequest, version: i16) -> TxnOffsetCommitResponse {
        let (member, generation) = (&request.member_id, request.generation_id);
        self.state().transaction.push(format!("offsets of {member} {generation} v{version}"));
        let topics = request.topics.iter().map(|topic| TxnOffsetCommitResponseTopic {
            name: topic.name.clone(),
            partitions: vec![TxnOffsetCommitResponsePartition::default()],
            ..TxnOffsetCommitResponseTopic::default()
        });
        TxnOffsetCommitResponse { topics: topics.collect(), ..TxnOffsetCommitResponse::default() }
    }

    fn end_txn(&self, request: &EndTxnRequest, version: i16) -> EndTxnResponse {
        let mut state = self.state();
        let word = if request.committed { "commit" } else { "abort" };
        state.transaction.push(format!("{word} v{version}"));
        let code = state.on_end_txn.pop_front().unwrap_or(ErrorCode::None);
        let mut answer = EndTxnResponse { error_code: code.code(), ..EndTxnResponse::default() };
        if version >= 5 && code == ErrorCode::None {
            state.epoch += 1;
            (answer.producer_id, answer.producer_epoch) = (request.producer_id, state.epoch);
        }
        answer
    }

    fn init_producer_id(&self, request: &InitProducerIdRequest) -> InitProducerIdResponse {
        let mut state = self.state();
        if request.transactional_id.is_some() {
            state.transaction.push("init".to_owned());
            state.epoch = request.producer_epoch + 1;
            let (producer_id, producer_epoch) = (77, state.epoch);
            return InitProducerIdResponse { producer_id, producer_epoch, ..Default::default() };
        }
        if let Some(code) = state.on_init_producer_id.pop_front() {
            return InitProducerIdResponse { error_code: code.code(), ..InitProducerIdResponse::default() };
        }
        state.producers += 1;
        InitProducerIdResponse { producer_id: state.producers, ..InitProducerIdResponse::default() }
    }

    fn produce(&self, request: &ProduceRequest) -> Option<ProduceResponse> {
        let data = &request.topic_data[0].partition_data[0];
        let Some(batch) = &data.records else { panic!("a batch is missing") };
        let header = BatchHeader::parse(batch).expect("is a batch");
        let mut state = self.state();
        state.sent.push((header.producer_id, header.base_sequence));
        let act = match state.on_produce.pop_front() {
            None | Some(Act::Serve) if state.batch_size_max.is_some_and(|max| batch.len() > max) => {
                Act::Refuse(ErrorCode::MessageTooLarge)
            }
            act => act.unwrap_or(Act::Serve),
        };
        let (code, base_offset) = match act {
            Act::Refuse(code) => (code, -1),
            Act::ServeAndRefuse(code) => {
                state.append(batch, &header);
                (code, -1)
            }
            Act::Serve | Act::ServeAndHangUp => match state.append(batch, &header) {
                Some(base_offset) => (ErrorCode::None, base_offset),
                None => (ErrorCode::OutOfOrderSequenceNumber, -1),
            },
        };
        self.appended.notify_waiters();
        let answer = PartitionProduceResponse {
            error_code: code.code(),
            base_offset,
            ..PartitionProduceResponse::default()
        };
        (act != Act::ServeAndHangUp).then(|| ProduceResponse {
            responses: vec![TopicProduceResponse {
                name: "t".to_owned(),
                topic_id: TOPIC_ID,
                partition_responses: vec![answer],
                ..TopicProduceResponse::default()
            }],
            ..ProduceResponse::default()
        })
    }

    async fn fetch(&self, request: &FetchRequest) -> Option<FetchResponse> {
        if request.session_epoch == -1 {
            self.state().ended_sessions.push(request.session_id);
            return Some(FetchResponse::default());
        }
        let from = request.topics[0].partitions[0].fetch_offset;
        let act = self.state().on_fetch.pop_front().unwrap_or(Act::Serve);
        let mut data = PartitionData::default();
        match act {
            Act::ServeAndHangUp => return None,
            Act::Refuse(code) | Act::ServeAndRefuse(code) => data.error_code = code.code(),
            Act::Serve => loop {
                let appended = self.appended.notified();
                let (start, end, batches) = self.state().read(from);
                if !(start..=end).contains(&from) {
                    data.error_code = ErrorCode::OffsetOutOfRange.code();
                    break;
                }
                if !batches.is_empty() {
                    data.records = Some(Records::Bytes(batches));
                    break;
                }
                appended.await;
            },
        }
        Some(FetchResponse {
            session_id: self.state().fetch_session,
            responses: vec![FetchableTopicResponse {
                topic_id: TOPIC_ID,
                partitions: vec![data],
                ..FetchableTopicResponse::default()
            }],
            ..FetchResponse::default()
        })
    }

    fn list_offsets(&self, request: &ListOffsetsRequest) -> ListOffsetsResponse {
        let (start, end, _) = self.state().read(0);
        let offset = if request.topics[0].partitions[0].timestamp == -2 { start } else { end };
        ListOffsetsResponse {
            topics: vec![ListOffsetsTopicResponse {
                name: "t".to_owned(),
                partitions: vec![ListOffsetsPartitionResponse { offset, ..Default::default() }],
                ..ListOffsetsTopicResponse::default()
            }],
            ..ListOffsetsResponse::default()
        }
    }
}

impl State {
    /// Appends unless the log has it already, as an idempotent log does; returns the batch's first offset. `None`: it would
    /// leave a hole in its producer's sequences, or its producer is older than one that wrote.
    fn append(&mut self, batch: &Bytes, header: &BatchHeader) -> Option<i64> {
        let mut end = 0;
        let mut expected = None;
        for known in &self.log {
            let known = BatchHeader::parse(known).expect("is a batch");
            let writer = |header: &BatchHeader| (header.producer_id, header.producer_epoch);
            let is_same = writer(&known) == writer(header);
            if header.has_producer_id() && is_same && known.base_sequence == header.base_sequence {
                return Some(known.base_offset.0);
            }
            if is_same {
                expected = Some(known.base_sequence.plus(known.count));
            }
            end = known.next_offset().0;
        }
        if header.has_producer_id() && expected.is_some_and(|expected| expected != header.base_sequence) {
            return None;
        }
        let mut appended = BytesMut::from(&batch[..]);
        appended[..8].copy_from_slice(&end.to_be_bytes());
        self.log.push(appended.freeze());
        Some(end)
    }

    /// Start, end, and all batches that reach to `from` or beyond.
    fn read(&self, from: i64) -> (i64, i64, Bytes) {
        let mut batches = BytesMut::new();
        let mut end = 0;
        for batch in &self.log {
            end = BatchHeader::parse(batch).expect("is a batch").next_offset().0;
            if end > from {
                batches.extend_from_slice(batch);
            }
        }
        (self.log_start, end, batches.freeze())
    }
}

fn api_versions(transaction_version: i16) -> ApiVersionsResponse {
    let served = [
        API_VERSIONS,
        METADATA,
        INIT_PRODUCER_ID,
        PRODUCE,
        FETCH,
        LIST_OFFSETS,
        FIND_COORDINATOR,
        ADD_PARTITIONS_TO_TXN,
        ADD_OFFSETS_TO_TXN,
        TXN_OFFSET_COMMIT,
        END_TXN,
    ];
    let finalized = (transaction_version > 0).then(|| FinalizedFeatureKey {
        name: "transaction.version".to_owned(),
        max_version_level: transaction_version,
        ..FinalizedFeatureKey::default()
    });
    ApiVersionsResponse {
        finalized_features: finalized.into_iter().collect(),
        api_keys: APIS
            .iter()
            .filter(|api| served.contains(&api.key))
            .map(|api| ApiVersion {
                api_key: api.key,
                min_version: api.min_version,
                max_version: api.stable_max_version,
                ..ApiVersion::default()
            })
            .collect(),
        ..ApiVersionsResponse::default()
    }
}

fn decode<M: Message>(reader: &mut Reader, version: i16) -> M {
    M::decode(reader, version).expect("a well-formed request")
}

fn encode<M: Message>(message: &M, version: i16) -> Bytes {
    let mut writer = Writer::new();
    message.encode(&mut writer, version).expect("an answer of this version");
    writer.into_bytes()
}
