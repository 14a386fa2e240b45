//! Groups of a whole node: what an acknowledgement of their coordinator waits for, and what becomes of it.

use std::sync::Arc;

use broker::coordinators::groups::OFFSETS_TOPIC;
use broker::coordinators::{Called, Unavailable};
use broker::group_coordinator::classic::{JoinGroup, Protocol};
use broker::group_coordinator::offsets::{CommitOffset, CommitOffsets, FetchOffsets};
use broker::group_coordinator::{GroupError, GroupReply, GroupRequest, GroupShard};
use bytes::Bytes;
use controller_node::{ConfigChange, ConfigOperation, DeleteAccess, ResourceChanges, TopicToDelete};
use io::Entropy;
use io::disk::SimulatedDisk;
use metadata::{ConfigResource, ConfigResourceType};
use types::{Offset, TopicPartition, Uuid};

use crate::Node;
use crate::assembly::Silent;
use crate::node_test::{create_with, start};

const GROUP: &str = "readers";

/// A node that coordinates groups in one partition of these settings.
async fn coordinating(disk: &SimulatedDisk, configs: &[(&str, &str)]) -> Node {
    let mut node = start(disk).await;
    node.open(Silent).await.expect("opened");
    create_with(&node, "t", 1, &[]).await;
    create_with(&node, OFFSETS_TOPIC, 1, configs).await;
    fetch(&node).await;
    node
}

/// Asks again while the coordinator loads.
async fn ask(node: &Node, request: GroupRequest) -> Result<GroupReply, Unavailable> {
    loop {
        match node.broker().ask_group(GROUP, request.clone()).reply().await {
            Err(Unavailable::Loading) => tokio::task::yield_now().await,
            reply => return reply,
        }
    }
}

fn commit(offset: i64) -> GroupRequest {
    GroupRequest::CommitOffsets(CommitOffsets {
        group_id: GROUP.to_owned(),
        member_id: String::new(),
        group_instance_id: None,
        generation_or_member_epoch: -1,
        knows_member_epochs: true,
        retention_ms: None,
        offsets: vec![CommitOffset {
            partition: TopicPartition::new("t", 0),
            topic_id: None,
            offset: Offset(offset),
            leader_epoch: None,
            metadata: String::new(),
        }],
    })
}

/// The committed offset.
async fn fetch(node: &Node) -> Option<Offset> {
    let request = GroupRequest::FetchOffsets(FetchOffsets {
        group_id: GROUP.to_owned(),
        member: None,
        partitions: Some(vec![TopicPartition::new("t", 0)]),
        require_stable: true,
    });
    let Ok(GroupReply::FetchOffsets(Ok(fetched))) = ask(node, request).await else { panic!("not fetched") };
    fetched[0].committed.clone().expect("no transaction is open").map(|committed| committed.offset)
}

fn join(node: &Arc<broker::Broker>) -> Called<GroupShard> {
    let protocol = Protocol { name: "range".to_owned(), metadata: Bytes::new() };
    let request = GroupRequest::Join(JoinGroup {
        group_id: GROUP.to_owned(),
        member_id: String::new(),
        group_instance_id: None,
        client_id: "client".to_owned(),
        client_host: "/".to_owned(),
        rebalance_timeout_ms: 60_000,
        session_timeout_ms: 30_000,
        protocol_type: "consumer".to_owned(),
        protocols: vec![protocol],
        needs_known_member_id: false,
        knows_skip_assignment: true,
        reason: None,
        fresh_id: node.fresh_id(),
    });
    node.ask_group(GROUP, request)
}

#[tokio::test]
async fn a_commit_survives_the_death_of_the_process() {
    let disk = SimulatedDisk::default();
    let node = coordinating(&disk, &[]).await;
    assert!(matches!(node.broker().ask_group(GROUP, commit(7)), Called::Now(Ok(_))), "answered in line");
    drop(node);
    disk.release_locks();
    let mut node = start(&disk).await;
    node.open(Silent).await.expect("opened");
    assert_eq!(fetch(&node).await, Some(Offset(7)));
}

#[tokio::test]
async fn where_every_append_is_flushed_a_commit_survives_a_power_cut() {
    let disk = SimulatedDisk::default();
    let node = coordinating(&disk, &[("flush.messages", "1")]).await;
    let called = node.broker().ask_group(GROUP, commit(7));
    assert!(matches!(called, Called::Later(_)), "it waits for the disk");
    assert!(matches!(called.reply().await, Ok(GroupReply::CommitOffsets(Ok(_)))));
    drop(node);
    disk.crash(&Entropy::from_seed(3));
    let mut node = start(&disk).await;
    node.open(Silent).await.expect("opened");
    assert_eq!(fetch(&node).await, Some(Offset(7)));
}

#[tokio::test]
async fn a_commit_that_the_disk_refuses_to_flush_is_not_acknowledged() {
    let disk = SimulatedDisk::default();
    let node = coordinating(&disk, &[("flush.messages", "1")]).await;
    assert!(ask(&node, commit(7)).await.is_ok());
    disk.set_syncs_left(Some(0));
    let called = node.broker().ask_group(GROUP, commit(8));
    assert!(matches!(called, Called::Later(_)), "it waits for the disk");
    assert_eq!(called.reply().await, Err(Unavailable::NotCoordinator));
}

#[tokio::test]
async fn what_a_group_may_write_follows_its_topics_setting_and_too_much_reloads_nothing() {
    let disk = SimulatedDisk::default();
    let node = coordinating(&disk, &[("max.message.bytes", "1000")]).await;
    let large = || {
        let GroupRequest::CommitOffsets(mut request) = commit(7) else { panic!("a commit") };
        request.offsets[0].metadata = "m".repeat(2_000);
        node.broker().ask_group(GROUP, GroupRequest::CommitOffsets(request))
    };
    let told = |called: Called<GroupShard>| match called {
        Called::Now(Ok(GroupReply::CommitOffsets(told))) => told.map(|committed| committed.len()),
        _ => panic!("its shard answers at once"),
    };
    assert_eq!(told(large()), Err(GroupError::TooLarge));
    assert_eq!(told(node.broker().ask_group(GROUP, commit(8))), Ok(1));
    let name = "max.message.bytes".to_owned();
    let change = ConfigChange { name, operation: ConfigOperation::Set, value: Some("10000".to_owned()) };
    let topic = ConfigResource { resource_type: ConfigResourceType::Topic, name: OFFSETS_TOPIC.to_owned() };
    let altered = vec![ResourceChanges { resource: topic, changes: vec![change] }];
    let controller = &node.handlers().controller;
    controller.incremental_alter_configs(altered, false).await.expect("decided");
    node.broker().applied(controller.image().provenance.offset).await;
    assert_eq!(told(large()), Ok(1));
}

#[tokio::test(start_paused = true)]
async fn a_member_that_waits_for_others_is_sent_away_when_the_node_stops() {
    let disk = SimulatedDisk::default();
    let node = coordinating(&disk, &[]).await;
    let Called::Later(waiting) = join(node.broker()) else { panic!("a new group waits for more members") };
    node.release_waits();
    assert_eq!(waiting.await, Err(Unavailable::NotCoordinator));
    node.stop().await;
}

#[tokio::test(start_paused = true)]
async fn the_first_member_is_answered_when_the_initial_delay_has_passed() {
    let disk = SimulatedDisk::default();
    let node = coordinating(&disk, &[]).await;
    let began = tokio::time::Instant::now();
    let Ok(GroupReply::Join(joined)) = join(node.broker()).reply().await else { panic!("not joined") };
    assert_eq!((joined.error, joined.generation), (None, 1));
    assert_eq!(
        began.elapsed().as_millis() / 10,
        300,
        "group.initial.rebalance.delay.ms, in the timer's own time"
    );
}

#[tokio::test]
async fn the_offsets_of_a_topic_go_with_it() {
    let disk = SimulatedDisk::default();
    let node = coordinating(&disk, &[]).await;
    assert!(ask(&node, commit(7)).await.is_ok());
    assert_eq!(fetch(&node).await, Some(Offset(7)));
    let controller = &node.handlers().controller;
    let topic = TopicToDelete { name: Some("t".to_owned()), id: Uuid::ZERO };
    controller.delete_topics(vec![topic], |_: &str| DeleteAccess::Delete).await.expect("decided");
    node.broker().applied(controller.image().provenance.offset).await;
    assert_eq!(fetch(&node).await, None);
}
