//! A node whose settings ask for more replicas of `__consumer_offsets` than there are brokers, as Kafka's default does.

use std::sync::{Arc, Mutex};

use bytes::{Bytes, BytesMut};
use io::disk::SimulatedDisk;
use net::{Answer, Chunk, ConnectionContext, Request, Service};
use protocol::frame::RequestHeader;
use protocol::messages::find_coordinator_request::FindCoordinatorRequest;
use protocol::messages::find_coordinator_response::FindCoordinatorResponse;
use protocol::{Reader, Writer, api};
use tokio::time::Instant;
use types::ErrorCode;

use crate::Node;
use crate::assembly::Silent;
use crate::node_test::start_with;

const VERSION: i16 = 2;

/// What a client is told that looks for the coordinator of its group.
async fn find_coordinator(node: &Node) -> FindCoordinatorResponse {
    let asked = FindCoordinatorRequest { key: "readers".to_owned(), ..Default::default() };
    let mut body = Writer::new();
    asked.encode(&mut body, VERSION).expect("the request fits its version");
    let header = RequestHeader {
        api_key: api::FIND_COORDINATOR,
        api_version: VERSION,
        correlation_id: 7,
        client_id: None,
    };
    let connection = Arc::new(ConnectionContext::new(1, "PLAINTEXT".into(), None, None));
    let request = Request { header, body: body.into_bytes(), connection, received_at: Instant::now() };
    let Answer::Now(response) = node.handlers().call(request).await else { panic!("not answered at once") };
    let mut bytes = BytesMut::new();
    for chunk in response.chunks {
        let Chunk::Bytes(chunk) = chunk else { panic!("not of a file") };
        bytes.extend_from_slice(&chunk);
    }
    let mut reader = Reader::new(Bytes::from(bytes).slice(4..));
    FindCoordinatorResponse::decode(&mut reader, VERSION).expect("an answer")
}

#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl std::io::Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().expect("not poisoned").extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn groups_are_not_served_and_the_log_names_the_setting() {
    let lines = Lines::default();
    let writer = lines.clone();
    let logging = tracing_subscriber::fmt().with_ansi(false).with_writer(move || writer.clone()).finish();
    let _guard = tracing::subscriber::set_default(logging);
    let disk = SimulatedDisk::default();
    let (mut node, _) = start_with(&disk, &[("offsets.topic.replication.factor", "3")]).await;
    node.open(Silent).await.expect("opened");

    let answer = find_coordinator(&node).await;
    assert_eq!(answer.error_code, ErrorCode::CoordinatorNotAvailable.code());
    assert_eq!((answer.node_id, answer.port), (-1, -1));
    let told = String::from_utf8(lines.0.lock().expect("not poisoned").clone()).expect("text");
    let warning = told.lines().find(|line| line.contains("WARN")).expect("a warning");
    assert!(
        warning.contains("offsets.topic.replication.factor") && warning.contains("replication_factor=3"),
        "{warning}"
    );
    node.stop().await;
    disk.release_locks();

    let (mut node, _) = start_with(&disk, &[("offsets.topic.replication.factor", "1")]).await;
    node.open(Silent).await.expect("opened");
    assert_eq!(find_coordinator(&node).await.error_code, 0);
}
