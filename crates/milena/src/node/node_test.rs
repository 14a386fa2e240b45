//! A node without sockets, from one start to the next.

use std::sync::{Arc, Mutex};

use broker::Broker;
use config::NodeConfig;
use controller_node::NewTopic;
use io::disk::SimulatedDisk;
use io::{Blocking, Clock, Disk, Entropy};

use super::assembly::{Progress, Silent};
use super::{BoundListener, Environment, Node};

/// When tests take place.
pub(super) const NOW_MS: i64 = 1_795_253_500_000;

fn environment(disk: &SimulatedDisk) -> Environment {
    Environment {
        disk: Disk::Simulated(disk.clone()),
        clock: Clock::simulated(NOW_MS),
        entropy: Entropy::from_seed(1),
        blocking: Blocking::Inline,
    }
}

pub(super) async fn start(disk: &SimulatedDisk) -> Node {
    start_with(disk, &[]).await.0
}

/// A node with settings of its own, and the clock it lives by.
pub(super) async fn start_with(disk: &SimulatedDisk, settings: &[(&str, &str)]) -> (Node, Clock) {
    let mut properties = NodeConfig::embedded_defaults();
    properties.set("log.dirs", "/data");
    for (key, value) in settings {
        properties.set(*key, *value);
    }
    let (config, _) = NodeConfig::from_properties(properties, "localhost").expect("the settings are valid");
    let listener = BoundListener { name: "PLAINTEXT".to_owned(), host: "localhost".to_owned(), port: 9092 };
    let environment = environment(disk);
    let clock = environment.clock.clone();
    let node = Node::start(config, environment, &[listener]).await.expect("the directory is this node's");
    (node, clock)
}

async fn create(node: &Node, name: &str, partitions: i32) {
    let topic = NewTopic { name: name.to_owned(), partitions, replication_factor: 1, ..Default::default() };
    let controller = &node.handlers().controller;
    let outcomes = controller.create_topics(vec![topic], false).await.expect("decided");
    assert!(outcomes[0].result.is_ok());
    node.broker().applied(controller.image().provenance.offset).await;
}

/// Notes how many partitions the broker serves each time a log was opened.
struct Served {
    broker: Arc<Broker>,
    noted: Arc<Mutex<Vec<(usize, usize)>>>,
}

impl Progress for Served {
    fn logs_opened(&self, opened: usize, _total: usize) {
        self.noted.lock().expect("not poisoned").push((opened, self.broker.partitions().len()));
    }
}

#[tokio::test]
async fn each_partition_is_served_and_led_as_soon_as_its_log_is_open() {
    let disk = SimulatedDisk::default();
    let mut node = start(&disk).await;
    node.open(Silent).await.expect("opened");
    create(&node, "t", 3).await;
    node.stop().await;
    disk.release_locks();

    let mut node = start(&disk).await;
    let noted = Arc::new(Mutex::new(Vec::new()));
    let progress = Served { broker: node.broker().clone(), noted: noted.clone() };
    let report = node.open(progress).await.expect("opened");
    assert_eq!((report.opened, report.failed, report.stray), (3, 0, 0));
    assert_eq!(*noted.lock().expect("not poisoned"), [(1, 1), (2, 2), (3, 3)]);
    for partition in node.broker().partitions().all() {
        assert!(partition.check_epoch(None).is_ok(), "{} is led here", partition.name());
    }
}

#[tokio::test]
async fn a_log_that_no_topic_claims_is_set_aside_and_one_being_deleted_goes_on() {
    let disk = SimulatedDisk::default();
    let mut node = start(&disk).await;
    node.open(Silent).await.expect("opened");
    create(&node, "kept", 1).await;
    node.stop().await;
    disk.release_locks();
    let environment = environment(&disk);
    for name in
        ["stranger-0", "gone-0.0123456789abcdef0123456789abcdef-delete", "moving-0.0123456789abcdef-future"]
    {
        environment.disk.create_directory(&std::path::Path::new("/data").join(name)).expect("made");
    }

    let mut node = start(&disk).await;
    let report = node.open(Silent).await.expect("opened");
    assert_eq!((report.opened, report.failed, report.stray), (1, 0, 1));
    let names: Vec<String> = environment
        .disk
        .read_directory(std::path::Path::new("/data"))
        .expect("listed")
        .into_iter()
        .map(|entry| entry.name)
        .collect();
    assert!(
        names.iter().any(|name| name.starts_with("stranger-0.") && name.ends_with("-stray")),
        "{names:?}"
    );
    assert!(names.iter().any(|name| name.ends_with("-future")), "a move that was under way is left alone");
    node.broker().log_dirs().remove_deleted(i64::MAX).expect("removed");
    assert!(
        !environment
            .disk
            .exists(std::path::Path::new("/data/gone-0.0123456789abcdef0123456789abcdef-delete"))
    );
}

#[tokio::test]
async fn a_directory_of_another_node_is_refused_by_name() {
    let disk = SimulatedDisk::default();
    drop(start(&disk).await);
    disk.release_locks();
    let mut properties = NodeConfig::embedded_defaults();
    properties.set("log.dirs", "/data");
    properties.set("node.id", "7");
    let (config, _) = NodeConfig::from_properties(properties, "localhost").expect("valid");
    let refused = Node::start(config, environment(&disk), &[]).await.expect_err("it belongs to node 1");
    let told = refused.to_string();
    assert!(told.contains("/data") && told.contains("node.id=1") && told.contains('7'), "{told}");
}
