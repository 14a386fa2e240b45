//! Settings that change while a node runs: what takes effect, and what a start finds again.

use std::time::Duration;

use controller_node::{ConfigChange, ConfigOperation, ResourceChanges};
use io::disk::SimulatedDisk;
use metadata::ConfigResource;
use net::server::{Listener, ListenerSettings, Server, ServerSettings};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use types::NodeId;

use crate::assembly::Silent;
use crate::node_test::start;
use crate::{Node, listeners};

async fn set(node: &Node, key: &str, value: &str) {
    let change =
        ConfigChange { name: key.to_owned(), operation: ConfigOperation::Set, value: Some(value.to_owned()) };
    let changes = ResourceChanges { resource: ConfigResource::broker(NodeId(1)), changes: vec![change] };
    let controller = &node.handlers().controller;
    let outcomes = controller.incremental_alter_configs(vec![changes], false).await.expect("decided");
    assert_eq!(outcomes[0].1, Ok(()), "{key}={value}");
    node.broker().applied(controller.image().provenance.offset).await;
}

#[tokio::test]
async fn a_setting_counts_at_once_and_at_the_next_start() {
    let disk = SimulatedDisk::default();
    let mut node = start(&disk).await;
    node.open(Silent).await.expect("opened");
    set(&node, "producer.id.expiration.ms", "1234").await;
    set(&node, "max.connections.per.ip", "7").await;
    set(&node, "num.recovery.threads.per.data.dir", "4").await;
    let settings_of = |node: &Node| {
        let settings = node.broker().node_config();
        let config = settings.borrow().clone().expect("the metadata was read");
        let (producers, connections) = (&config.producers, &config.connections);
        (
            producers.producer_id_expiration_ms,
            connections.max_connections_per_ip,
            config.logs.num_recovery_threads_per_data_dir,
        )
    };
    assert_eq!(settings_of(&node), (1234, 7, 4));
    node.stop().await;
    disk.release_locks();
    let mut node = start(&disk).await;
    node.open(Silent).await.expect("opened");
    assert_eq!(settings_of(&node), (1234, 7, 4), "the metadata holds them");
    node.stop().await;
}

/// Whether a request for ApiVersions at version 0 is answered, rather than the connection closed.
async fn is_served(connection: &mut TcpStream) -> bool {
    let request = [0, 0, 0, 10, 0, 18, 0, 0, 0, 0, 0, 1, 0xff, 0xff];
    let mut length = [0; 4];
    connection.write_all(&request).await.is_ok() && connection.read_exact(&mut length).await.is_ok()
}

#[tokio::test]
async fn a_lower_limit_on_connections_turns_newcomers_away_without_a_restart() {
    let mut node = start(&SimulatedDisk::default()).await;
    node.open(Silent).await.expect("opened");
    let server = Server::new(ServerSettings::default());
    let settings = ListenerSettings::new("PLAINTEXT", Some("127.0.0.1".to_owned()), 0);
    let listener = Listener::bind(&settings).await.expect("some port is free");
    let address = listener.local_address();
    server.serve(listener, std::sync::Arc::new(node.handlers().clone()));
    let connect = || async move { TcpStream::connect(address).await.expect("the listener accepts") };
    let clients = async {
        let (mut first, mut second) = (connect().await, connect().await);
        assert!(is_served(&mut first).await && is_served(&mut second).await);
        drop(second);
        set(&node, "max.connections.per.ip", "1").await;
        while is_served(&mut connect().await).await {}
        assert!(is_served(&mut first).await, "who is connected stays");
    };
    tokio::select! {
        biased;
        never = listeners::follow(&server, node.broker().node_config()) => match never {},
        done = tokio::time::timeout(Duration::from_secs(30), clients) => done.expect("the limit takes effect"),
    }
    server.shutdown(Duration::ZERO).await;
    node.stop().await;
}
