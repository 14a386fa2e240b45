//! A disk that becomes full under a node, and has room again.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use broker::partition::Partition;
use bytes::Bytes;
use controller_node::{DeleteAccess, NewTopic, TopicToDelete};
use io::Disk;
use io::disk::SimulatedDisk;
use record::{BatchBuilder, BatchOptions};
use types::waits::PartitionWait;
use types::{PartitionIndex, Uuid};

use crate::Node;
use crate::assembly::Silent;
use crate::node_test::{NOW_MS, create_with, start};

fn topic(name: &str) -> NewTopic {
    NewTopic { name: name.to_owned(), partitions: 1, replication_factor: 1, ..Default::default() }
}

fn bytes_in(disk: &SimulatedDisk, directory: &str) -> u64 {
    let disk = Disk::Simulated(disk.clone());
    let files = disk.read_directory(Path::new(directory)).expect("listed").into_iter();
    files.map(|file| disk.read(&Path::new(directory).join(file.name)).expect("read").len() as u64).sum()
}

fn batch() -> Bytes {
    let mut builder = BatchBuilder::new(BatchOptions::default()).expect("no options are wrong");
    builder.append(NOW_MS, None, Some(b"value"), &[]).expect("fits");
    builder.build().expect("built").expect("not empty")
}

fn serves(node: &Node, topic: &str) -> bool {
    let all = node.broker().partitions().all();
    let served = all.iter().find(|partition| &*partition.name().topic == topic);
    served.is_some_and(|partition: &Arc<Partition>| partition.append(batch(), 1, None, NOW_MS).is_ok())
}

/// The disk takes what the metadata log says of a new topic, and not the topic's log.
async fn create_while_full(node: &Node, disk: &SimulatedDisk, name: &str) {
    let used =
        || Disk::Simulated(disk.clone()).space(Path::new("/data")).map(|space| space.total - space.usable);
    let before = used().expect("a simulated disk knows");
    create_with(node, "first", 1, &[]).await;
    let metadata = used().expect("a simulated disk knows") - before - bytes_in(disk, "/data/first-0");
    disk.set_bytes_left(Some(metadata));
    let controller = &node.handlers().controller;
    let outcomes = controller.create_topics(vec![topic(name)], false).await.expect("decided");
    assert!(outcomes[0].result.is_ok(), "{:?}", outcomes[0].result);
    node.broker().applied(controller.image().provenance.offset).await;
}

#[tokio::test(start_paused = true)]
async fn a_topic_that_is_created_while_the_disk_is_full_is_served_when_there_is_room() {
    let disk = SimulatedDisk::default();
    let mut node = start(&disk).await;
    node.open(Silent).await.expect("opened");
    create_while_full(&node, &disk, "later").await;
    assert!(!serves(&node, "later"));
    tokio::time::sleep(Duration::from_secs(10)).await;
    assert!(!serves(&node, "later"), "there is no room yet");
    let why = node.broker().why_partition("later", PartitionIndex(0)).expect("it is led here");
    let [PartitionWait::LogNotMade { reason, .. }] = &why.waits[..] else { panic!("{why:?}") };
    assert!(reason.contains("/data/later-0"), "{reason}");
    disk.set_bytes_left(None);
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert!(serves(&node, "later"));
    node.stop().await;
    disk.release_locks();

    let mut node = start(&disk).await;
    let report = node.open(Silent).await.expect("opened");
    assert_eq!((report.opened, report.failed, report.stray), (2, 0, 0));
    let all = node.broker().partitions().all();
    let later = all.iter().find(|partition| &*partition.name().topic == "later").expect("served");
    assert_eq!(later.log().log_end_offset().0, 1);
}

#[tokio::test(start_paused = true)]
async fn a_topic_that_is_deleted_before_its_log_could_be_made_is_forgotten() {
    let disk = SimulatedDisk::default();
    let mut node = start(&disk).await;
    node.open(Silent).await.expect("opened");
    create_while_full(&node, &disk, "later").await;
    disk.set_bytes_left(None);
    let controller = node.handlers().controller.clone();
    let topic = TopicToDelete { name: Some("later".to_owned()), id: Uuid::ZERO };
    controller.delete_topics(vec![topic], |_: &str| DeleteAccess::Delete).await.expect("decided");
    node.broker().applied(controller.image().provenance.offset).await;
    tokio::time::sleep(Duration::from_secs(10)).await;
    assert!(!serves(&node, "later"));
    assert!(!Disk::Simulated(disk).exists(Path::new("/data/later-0")));
}
