//! What is asked for and not in memory: its client waits for the disk, and nobody else does.

use std::sync::{Arc, mpsc};
use std::task::Poll;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use broker::produce::ProduceEntry;
use bytes::Bytes;
use controller_node::NewTopic;
use io::Blocking;
use io::disk::SimulatedDisk;
use net::{Answer, Chunk, ConnectionContext, Request, Response, Service};
use protocol::frame::RequestHeader;
use protocol::messages::delete_records_request::{
    DeleteRecordsPartition, DeleteRecordsRequest, DeleteRecordsTopic,
};
use protocol::messages::delete_records_response::DeleteRecordsResponse;
use protocol::messages::fetch_request::{FetchPartition, FetchRequest, FetchTopic};
use protocol::messages::list_offsets_request::{ListOffsetsPartition, ListOffsetsRequest, ListOffsetsTopic};
use protocol::messages::list_offsets_response::ListOffsetsResponse;
use protocol::messages::metadata_request::MetadataRequest;
use protocol::{Message, Reader, Writer, api};
use record::{BatchBuilder, BatchOptions};
use tokio::time::Instant;

use crate::assembly::Silent;
use crate::node_test::{NOW_MS, environment, start_in};
use crate::{Environment, Node};

async fn ask(node: &Node, api_key: i16, api_version: i16, body: &impl Message) -> Answer {
    let header = RequestHeader { api_key, api_version, correlation_id: 7, client_id: None };
    let mut writer = Writer::new();
    body.encode(&mut writer, api_version).expect("the request fits its version");
    let connection = Arc::new(ConnectionContext::new(1, "PLAINTEXT".into(), None, None));
    let request = Request { header, body: writer.into_bytes(), connection, received_at: Instant::now() };
    node.handlers().call(request).await
}

/// A Fetch of all records, which waits for no more.
fn fetch(wait_ms: i32) -> FetchRequest {
    let partition = FetchPartition { partition_max_bytes: 1 << 20, ..Default::default() };
    let topic = FetchTopic { topic: "t".to_owned(), partitions: vec![partition], ..Default::default() };
    FetchRequest {
        replica_id: -1,
        max_bytes: 1 << 20,
        min_bytes: 1,
        max_wait_ms: wait_ms,
        topics: vec![topic],
        ..Default::default()
    }
}

fn records(response: &Response) -> usize {
    let length = |chunk: &Chunk| match chunk {
        Chunk::File(region) => region.length,
        Chunk::Bytes(_) => 0,
    };
    response.chunks.iter().map(length).sum()
}

/// A node on a disk, with a topic `t` that holds this batch.
async fn node_with(disk: &SimulatedDisk, batch: Bytes) -> Node {
    let threads = Environment { blocking: Blocking::Threads, ..environment(disk) };
    let (mut node, _) = start_in(threads, &[]).await;
    node.open(Silent).await.expect("opened");
    let topic = NewTopic { name: "t".to_owned(), partitions: 1, replication_factor: 1, ..Default::default() };
    let controller = &node.handlers().controller;
    let outcomes = controller.create_topics(vec![topic], false).await.expect("decided");
    assert!(outcomes[0].result.is_ok());
    node.broker().applied(controller.image().provenance.offset).await;
    let partition = node.broker().partitions().all().pop().expect("the topic's only partition");
    let (_, unacknowledged) =
        node.broker().append(vec![ProduceEntry { partition, records: batch, guard: None }], 1);
    assert!(unacknowledged.is_empty());
    node
}

/// A ListOffsets of `t` for the record at or after this time; −3: for the one with the largest timestamp.
fn list_offsets(timestamp: i64) -> ListOffsetsRequest {
    let partition = ListOffsetsPartition { current_leader_epoch: -1, timestamp, ..Default::default() };
    let topic = ListOffsetsTopic { name: "t".to_owned(), partitions: vec![partition], ..Default::default() };
    ListOffsetsRequest { replica_id: -1, topics: vec![topic], ..Default::default() }
}

/// Holds the disk. Where the only thread waits for it, this lets it go on after a while, and the test fails.
struct Watchdog {
    finish: mpsc::Sender<()>,
    thread: JoinHandle<bool>,
}

impl Watchdog {
    fn over(held: impl Send + 'static) -> Self {
        let (finish, finished) = mpsc::channel();
        let thread = thread::spawn(move || {
            let is_late = finished.recv_timeout(Duration::from_secs(10)).is_err();
            drop(held);
            is_late
        });
        Self { finish, thread }
    }

    /// The disk goes on.
    fn let_go(&self) {
        self.finish.send(()).expect("the watchdog listens");
    }

    fn was_needed(self) -> bool {
        self.thread.join().expect("no panic")
    }
}

#[tokio::test]
async fn a_search_by_time_that_waits_for_the_disk_holds_nobody_up() {
    let mut builder = BatchBuilder::new(BatchOptions::default()).expect("no options are wrong");
    builder.append(NOW_MS, None, Some(b"value"), &[]).expect("fits");
    let disk = SimulatedDisk::default();
    let node = node_with(&disk, builder.build().expect("built").expect("not empty")).await;
    let at_the_end = ask(&node, api::LIST_OFFSETS, 7, &list_offsets(-1)).await;
    assert!(matches!(at_the_end, Answer::Now(_)), "the ends of a log are known");
    for timestamp in [NOW_MS, -3] {
        let held = disk.hold_reads();
        let watchdog = Watchdog::over(held);
        let Answer::Later(cold) = ask(&node, api::LIST_OFFSETS, 7, &list_offsets(timestamp)).await else {
            panic!("a log is searched elsewhere")
        };
        let cold = tokio::spawn(cold);
        let other = ask(&node, api::METADATA, 12, &MetadataRequest::default()).await;
        assert!(matches!(other, Answer::Now(_)) && !cold.is_finished());
        watchdog.let_go();
        let response = cold.await.expect("no panic");
        let [Chunk::Bytes(bytes)] = &response.chunks[..] else { panic!("a response without files") };
        let mut reader = Reader::new(bytes.slice(4 + 1..));
        let found = ListOffsetsResponse::decode(&mut reader, 7).expect("an answer");
        let partition = &found.topics[0].partitions[0];
        assert_eq!((partition.error_code, partition.offset, partition.timestamp), (0, 0, NOW_MS));
        assert!(!watchdog.was_needed(), "somebody waited for the disk");
    }
}

/// A DeleteRecords of `t` up to this offset.
fn delete_records(offset: i64) -> DeleteRecordsRequest {
    let partition = DeleteRecordsPartition { offset, ..Default::default() };
    let topic =
        DeleteRecordsTopic { name: "t".to_owned(), partitions: vec![partition], ..Default::default() };
    DeleteRecordsRequest { topics: vec![topic], ..Default::default() }
}

#[tokio::test]
async fn a_deletion_that_waits_for_the_disk_holds_nobody_up() {
    let mut builder = BatchBuilder::new(BatchOptions::default()).expect("no options are wrong");
    for _ in 0..2 {
        builder.append(NOW_MS, None, Some(b"value"), &[]).expect("fits");
    }
    let disk = SimulatedDisk::default();
    let node = node_with(&disk, builder.build().expect("built").expect("not empty")).await;
    // The epochs and the new start are written down before the answer.
    let held = disk.hold_syncs();
    let watchdog = Watchdog::over(held);
    let request = delete_records(1);
    let mut deleting = Box::pin(ask(&node, api::DELETE_RECORDS, 2, &request));
    for _ in 0..20 {
        let is_open =
            std::future::poll_fn(|context| Poll::Ready(deleting.as_mut().poll(context).is_pending()));
        assert!(is_open.await, "nothing is written yet");
        let other = ask(&node, api::METADATA, 12, &MetadataRequest::default()).await;
        assert!(matches!(other, Answer::Now(_)));
    }
    watchdog.let_go();
    let Answer::Now(response) = deleting.await else { panic!("the deletion is done") };
    let [Chunk::Bytes(bytes)] = &response.chunks[..] else { panic!("a response without files") };
    let mut reader = Reader::new(bytes.slice(4 + 1..));
    let deleted = DeleteRecordsResponse::decode(&mut reader, 2).expect("an answer");
    let partition = &deleted.topics[0].partitions[0];
    assert_eq!((partition.error_code, partition.low_watermark), (0, 1));
    assert!(!watchdog.was_needed(), "somebody waited for the disk");
}

#[tokio::test]
async fn a_fetch_that_waits_for_the_disk_holds_nobody_up() {
    let mut builder = BatchBuilder::new(BatchOptions::default()).expect("no options are wrong");
    builder.append(NOW_MS, None, Some(b"value"), &[]).expect("fits");
    let batch = builder.build().expect("built").expect("not empty");
    let disk = SimulatedDisk::default();
    let node = node_with(&disk, batch.clone()).await;
    let Answer::Now(response) = ask(&node, api::FETCH, 12, &fetch(0)).await else {
        panic!("what is in memory is answered at once")
    };
    assert_eq!(records(&response), batch.len());

    for wait_ms in [0, 60_000] {
        let held = disk.hold_reads();
        let watchdog = Watchdog::over(held);
        let Answer::Later(mut cold) = ask(&node, api::FETCH, 12, &fetch(wait_ms)).await else {
            panic!("the disk has not been read")
        };
        for _ in 0..20 {
            let is_open =
                std::future::poll_fn(|context| Poll::Ready(cold.as_mut().poll(context).is_pending()));
            assert!(is_open.await, "the disk has not been read");
            let other = ask(&node, api::METADATA, 12, &MetadataRequest::default()).await;
            assert!(matches!(other, Answer::Now(_)));
        }
        watchdog.let_go();
        assert_eq!(records(&cold.await), batch.len());
        assert!(!watchdog.was_needed(), "somebody waited for the disk");
    }
}
