//! A node without sockets, from one start to the next.

use std::sync::{Arc, Mutex};

use broker::Broker;
use config::NodeConfig;
use controller_node::NewTopic;
use io::disk::SimulatedDisk;
use io::{Blocking, Clock, Disk, Entropy};

use crate::assembly::{Progress, Silent};
use crate::{BoundListener, Environment, Node};

/// When tests take place.
pub(super) const NOW_MS: i64 = 1_795_253_500_000;

pub(super) fn environment(disk: &SimulatedDisk) -> Environment {
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
    start_in(environment(disk), settings).await
}

/// As [`start_with`], in an environment of its own.
pub(super) async fn start_in(environment: Environment, settings: &[(&str, &str)]) -> (Node, Clock) {
    let mut properties = NodeConfig::embedded_defaults();
    properties.set("log.dirs", "/data");
    for (key, value) in settings {
        properties.set(*key, *value);
    }
    let (config, _) = NodeConfig::from_properties(properties, "localhost").expect("the settings are valid");
    let listener = BoundListener { name: "PLAINTEXT".to_owned(), host: "localhost".to_owned(), port: 9092 };
    let clock = environment.clock.clone();
    let node = Node::start(config, environment, &[listener]).await.expect("the directory is this node's");
    (node, clock)
}

async fn create(node: &Node, name: &str, partitions: i32) {
    create_with(node, name, partitions, &[]).await;
}

/// Creates a topic with settings of its own, and waits until the broker has it.
pub(super) async fn create_with(node: &Node, name: &str, partitions: i32, configs: &[(&str, &str)]) {
    let configs = configs.iter().map(|(key, value)| ((*key).to_owned(), Some((*value).to_owned()))).collect();
    let name = name.to_owned();
    let topic = NewTopic { name, partitions, replication_factor: 1, configs, ..Default::default() };
    let controller = &node.handlers().controller;
    let outcomes = controller.create_topics(vec![topic], false).await.expect("decided");
    assert!(outcomes[0].result.is_ok(), "{:?}", outcomes[0].result);
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
    let told = format!("{refused}; {}", refused.help());
    assert!(told.contains("/data") && told.contains("node.id=1") && told.contains('7'), "{told}");
}

/// Waits until the metadata says of every partition of a topic in which directory it lies, and returns that by
/// partition. It has to be where the log is.
async fn directories_told(node: &Node, topic: &str) -> Vec<types::Uuid> {
    let is_told = |image: &std::sync::Arc<metadata::MetadataImage>| {
        let topic = image.topics.by_name(topic).expect("it was made");
        topic.partitions.values().all(|it| it.directories != [metadata::DirectoryId::UNASSIGNED])
    };
    let mut images = node.handlers().controller.images();
    let image = images.wait_for(is_told).await.expect("the controller serves").clone();
    let topic = image.topics.by_name(topic).expect("it was made");
    let told = topic.partitions.iter().map(|(index, partition)| {
        let name = types::TopicPartition { topic: topic.name.clone(), partition: *index };
        let held = node.broker().log_dirs().directory_id(&name).expect("its log is open");
        assert_eq!(partition.directories, [held], "{name}");
        held
    });
    told.collect()
}

#[tokio::test]
async fn the_controller_is_told_in_which_directory_each_replica_lies() {
    let disk = SimulatedDisk::default();
    let settings = [("log.dirs", "/one,/two")];
    let mut node = start_with(&disk, &settings).await.0;
    node.open(Silent).await.expect("opened");
    create(&node, "t", 4).await;
    let told = directories_told(&node, "t").await;
    assert_eq!(told.iter().collect::<std::collections::BTreeSet<_>>().len(), 2, "both are used");
    node.stop().await;
    disk.release_locks();
    // A log that was carried to the other directory while the node was stopped.
    let environment = environment(&disk);
    let holder = if environment.disk.exists(std::path::Path::new("/one/t-0")) { "one" } else { "two" };
    let other = if holder == "one" { "two" } else { "one" };
    let (from, to) = (format!("/{holder}/t-0"), format!("/{other}/t-0"));
    environment.disk.rename(from.as_ref(), to.as_ref()).expect("moved");

    let mut node = start_with(&disk, &settings).await.0;
    node.open(Silent).await.expect("opened");
    let moved = |image: &std::sync::Arc<metadata::MetadataImage>| {
        let topic = image.topics.by_name("t").expect("it was made");
        topic.partitions.values().next().is_some_and(|partition| partition.directories != [told[0]])
    };
    node.handlers().controller.images().wait_for(moved).await.expect("the controller serves");
    let told_again = directories_told(&node, "t").await;
    assert_eq!(told_again[1..], told[1..]);
}
