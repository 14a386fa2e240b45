//! A client's connection: raw messages over a simulated stream, which may be lost at any byte.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use io::Entropy;
use protocol::api::Api;
use protocol::frame::{self, RequestHeader};
use protocol::{Message, Reader, Writer};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};

use crate::invariants::Violation;
use crate::trace::digest;
use crate::world::World;

/// How long an answer may take, in simulated time.
const ANSWER_MAX: Duration = Duration::from_secs(60);
/// Bytes on their way in each direction.
const STREAM_BYTES: usize = 4_096;

/// The connection was lost, or the node closed it: whether the request took effect is not known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Lost;

/// Which answer belongs to a request.
pub(crate) trait Exchange: Message {
    /// The answer's type.
    type Response: Message;
    /// The API's number.
    const KEY: i16;
}

macro_rules! exchanges {
    ($($module:ident $response_module:ident: $request:ident -> $response:ident;)*) => {$(
        impl Exchange for protocol::messages::$module::$request {
            type Response = protocol::messages::$response_module::$response;
            const KEY: i16 = Self::API_KEY;
        }
    )*};
}

exchanges! {
    produce_request produce_response: ProduceRequest -> ProduceResponse;
    fetch_request fetch_response: FetchRequest -> FetchResponse;
    metadata_request metadata_response: MetadataRequest -> MetadataResponse;
    create_topics_request create_topics_response: CreateTopicsRequest -> CreateTopicsResponse;
    delete_topics_request delete_topics_response: DeleteTopicsRequest -> DeleteTopicsResponse;
    create_partitions_request create_partitions_response: CreatePartitionsRequest -> CreatePartitionsResponse;
    delete_records_request delete_records_response: DeleteRecordsRequest -> DeleteRecordsResponse;
    incremental_alter_configs_request incremental_alter_configs_response:
        IncrementalAlterConfigsRequest -> IncrementalAlterConfigsResponse;
    list_offsets_request list_offsets_response: ListOffsetsRequest -> ListOffsetsResponse;
    init_producer_id_request init_producer_id_response: InitProducerIdRequest -> InitProducerIdResponse;
    add_partitions_to_txn_request add_partitions_to_txn_response:
        AddPartitionsToTxnRequest -> AddPartitionsToTxnResponse;
    add_offsets_to_txn_request add_offsets_to_txn_response: AddOffsetsToTxnRequest -> AddOffsetsToTxnResponse;
    txn_offset_commit_request txn_offset_commit_response: TxnOffsetCommitRequest -> TxnOffsetCommitResponse;
    end_txn_request end_txn_response: EndTxnRequest -> EndTxnResponse;
    find_coordinator_request find_coordinator_response: FindCoordinatorRequest -> FindCoordinatorResponse;
    join_group_request join_group_response: JoinGroupRequest -> JoinGroupResponse;
    sync_group_request sync_group_response: SyncGroupRequest -> SyncGroupResponse;
    heartbeat_request heartbeat_response: HeartbeatRequest -> HeartbeatResponse;
    leave_group_request leave_group_response: LeaveGroupRequest -> LeaveGroupResponse;
    describe_groups_request describe_groups_response: DescribeGroupsRequest -> DescribeGroupsResponse;
    consumer_group_heartbeat_request consumer_group_heartbeat_response:
        ConsumerGroupHeartbeatRequest -> ConsumerGroupHeartbeatResponse;
    consumer_group_describe_request consumer_group_describe_response:
        ConsumerGroupDescribeRequest -> ConsumerGroupDescribeResponse;
    offset_commit_request offset_commit_response: OffsetCommitRequest -> OffsetCommitResponse;
    offset_fetch_request offset_fetch_response: OffsetFetchRequest -> OffsetFetchResponse;
}

/// A connection of one client; made anew when it was lost.
pub(crate) struct Connection {
    world: Rc<World>,
    who: String,
    entropy: Entropy,
    stream: Option<DuplexStream>,
    correlation_id: i32,
    /// Counts connections, so that what holds within one is not asked of two.
    pub(crate) number: Cell<u64>,
    /// Whether this one may lose its connection.
    is_faulty: bool,
}

impl Connection {
    pub(crate) fn new(world: &Rc<World>, who: &str, entropy: Entropy) -> Self {
        Self {
            world: world.clone(),
            who: who.to_owned(),
            entropy,
            stream: None,
            correlation_id: 0,
            number: Cell::new(0),
            is_faulty: true,
        }
    }

    /// One that is never lost by itself.
    pub(crate) fn reliable(world: &Rc<World>, who: &str, entropy: Entropy) -> Self {
        Self { is_faulty: false, ..Self::new(world, who, entropy) }
    }

    /// Whose it is.
    pub(crate) fn who(&self) -> &str {
        &self.who
    }

    /// A number below `bound`.
    pub(crate) fn draw(&self, bound: u64) -> u64 {
        self.entropy.below(bound)
    }

    /// Asks and waits for the answer.
    pub(crate) async fn call<R: Exchange>(&mut self, request: &R, version: i16) -> Result<R::Response, Lost> {
        let frame = self.frame(request, version);
        self.tell_trace::<R>("asks", version, &frame);
        let body = self.exchange(frame, true).await?.expect("an answer was asked for");
        self.tell_trace::<R>("hears", version, &body);
        let mut reader = Reader::new(body);
        let decoded = frame::decode_response_header(&mut reader, R::KEY, version)
            .and_then(|id| R::Response::decode(&mut reader, version).map(|response| (id, response)))
            .and_then(|decoded| reader.finish().map(|()| decoded));
        let violation = match decoded {
            Ok((id, response)) if id == self.correlation_id => return Ok(response),
            Ok((id, _)) => Violation::new(
                "answers_come_in_order",
                format!("{}: {} answered {id}, not {}", self.who, R::NAME, self.correlation_id),
            ),
            Err(error) => Violation::new(
                "answers_can_be_read",
                format!("{}: {} version {version}: {error}", self.who, R::NAME),
            ),
        };
        self.world.fail(violation);
        Err(Lost)
    }

    /// Asks what is not answered: Produce with acks=0.
    pub(crate) async fn tell<R: Exchange>(&mut self, request: &R, version: i16) -> Result<(), Lost> {
        let frame = self.frame(request, version);
        self.tell_trace::<R>("tells", version, &frame);
        self.exchange(frame, false).await.map(drop)
    }

    /// A version of the API that is served, drawn.
    pub(crate) fn version<R: Exchange>(&self) -> i16 {
        let api = Api::by_key(R::KEY).expect("the API exists");
        self.version_between(api.min_version, api.stable_max_version)
    }

    /// A version from `least` on that a request of this type is served at, drawn.
    pub(crate) fn version_from<R: Exchange>(&self, _: &R, least: i16) -> i16 {
        let api = Api::by_key(R::KEY).expect("the API exists");
        self.version_between(least, api.stable_max_version)
    }

    fn version_between(&self, least: i16, most: i16) -> i16 {
        least + self.entropy.below((most - least + 1) as u64) as i16
    }

    fn tell_trace<R: Exchange>(&self, does: &str, version: i16, bytes: &[u8]) {
        let line = format!("{does} {} {version}: {} bytes {:016x}", R::NAME, bytes.len(), digest(bytes));
        self.world.trace.line(&self.who, &line);
    }

    fn frame<R: Exchange>(&mut self, request: &R, version: i16) -> Bytes {
        self.correlation_id += 1;
        let mut writer = Writer::new();
        let header = RequestHeader {
            api_key: R::KEY,
            api_version: version,
            correlation_id: self.correlation_id,
            client_id: Some(self.who.clone()),
        };
        frame::encode_request_header(&mut writer, &header).expect("the client's name is short");
        request.encode(&mut writer, version).expect("the request fits its version");
        let body = writer.into_bytes();
        let mut frame = BytesMut::with_capacity(4 + body.len());
        frame.extend_from_slice(&(body.len() as u32).to_be_bytes());
        frame.extend_from_slice(&body);
        frame.freeze()
    }

    async fn exchange(&mut self, frame: Bytes, is_answered: bool) -> Result<Option<Bytes>, Lost> {
        let cut = self.draw_cut(frame.len());
        let mut stream = match self.stream.take() {
            Some(stream) => stream,
            None => self.connect()?,
        };
        self.world.counts.borrow_mut().requests += 1;
        if !matches!(cut, Cut::Nowhere) {
            self.world.counts.borrow_mut().connections_cut += 1;
        }
        if let Cut::Request(bytes) = cut {
            let _ = stream.write_all(&frame[..bytes]).await;
            self.world.trace.line(&self.who, &format!("connection lost after {bytes} bytes of a request"));
            return Err(Lost);
        }
        let exchanged = tokio::time::timeout(ANSWER_MAX, async {
            stream.write_all(&frame).await.map_err(|_| Lost)?;
            if !is_answered {
                return Ok(None);
            }
            let mut length = [0; 4];
            if let Cut::Answer(bytes) = cut {
                let mut part = vec![0; bytes];
                let _ = stream.read_exact(&mut part).await;
                self.world
                    .trace
                    .line(&self.who, &format!("connection lost after {bytes} bytes of an answer"));
                return Err(Lost);
            }
            stream.read_exact(&mut length).await.map_err(|_| Lost)?;
            let mut body = vec![0; u32::from_be_bytes(length) as usize];
            stream.read_exact(&mut body).await.map_err(|_| Lost)?;
            Ok(Some(Bytes::from(body)))
        })
        .await;
        match exchanged {
            Ok(Ok(answer)) => {
                self.stream = Some(stream);
                Ok(answer)
            }
            Ok(Err(Lost)) => {
                self.world.trace.line(&self.who, "connection lost");
                Err(Lost)
            }
            Err(_) if self.world.is_disk_at_fault() => Err(Lost),
            Err(_) => {
                let detail = format!("{}: no answer within {ANSWER_MAX:?}", self.who);
                self.world.fail(Violation::new("answers_come", detail));
                Err(Lost)
            }
        }
    }

    fn connect(&self) -> Result<DuplexStream, Lost> {
        self.number.set(self.number.get() + 1);
        let (ours, theirs) = duplex(STREAM_BYTES);
        self.world.serve(theirs).map(|()| ours)
    }

    fn draw_cut(&self, request_bytes: usize) -> Cut {
        if !self.is_faulty
            || self.world.is_calm()
            || self.entropy.below(1_000) >= self.world.plan.drops_per_mille
        {
            return Cut::Nowhere;
        }
        match self.entropy.below(2) {
            0 => Cut::Request(self.entropy.below(request_bytes as u64 + 1) as usize),
            // No answer is shorter.
            _ => Cut::Answer(self.entropy.below(9) as usize),
        }
    }
}

enum Cut {
    Nowhere,
    Request(usize),
    Answer(usize),
}
