//! The controller on a simulated disk: what its callers were told is there after a crash.

use std::path::{Path, PathBuf};

use controller::Decision;
use controller::brokers::heartbeat::Heartbeat;
use controller::topics::create::NewTopic;
use controller::topics::create_partitions::PartitionsToAdd;
use controller::topics::delete::{DeleteAccess, TopicToDelete};
use metadata::{MetadataImage, MetadataRecord, MetadataVersion, encode_record};
use protocol::records::begin_transaction_record::BeginTransactionRecord;
use protocol::records::topic_record::TopicRecord;
use raft::{StartError, VoterSet};
use types::{BrokerEpoch, ErrorCode, LeaderEpoch, NodeId, Offset, PartitionIndex, ProducerId, Uuid};

use crate::test_node::{NOW_MS, Node};
use crate::{CallError, ControllerFailure, ControllerHandle, ControllerNode, QuorumError, RaftDriver};

async fn start(node: &Node) -> ControllerNode {
    ControllerNode::start(node.controller_options()).await.expect("started")
}

fn topic(number: u64) -> MetadataRecord {
    let topic_id = Uuid::from_halves(1, number);
    TopicRecord { name: format!("topic-{number}"), topic_id, ..Default::default() }.into()
}

/// Commits the topic with this number, and answers with the offset it was given.
async fn create(handle: &ControllerHandle, number: u64) -> Result<Offset, CallError> {
    let decided = handle.decide(move |desk| Ok(Decision::atomic(vec![topic(number)], desk.next_offset())));
    decided.await
}

fn topics(image: &MetadataImage) -> usize {
    image.topics.len()
}

#[tokio::test]
async fn what_was_acknowledged_is_there_after_a_power_cut() {
    let node = Node::formatted();
    let first = start(&node).await;
    assert_eq!(first.handle.quorum().epoch, LeaderEpoch(1));
    for number in 0..3 {
        create(&first.handle, number).await.expect("committed");
        assert_eq!(topics(&first.handle.image()), number as usize + 1, "published before the reply");
    }
    let image = first.handle.image();
    first.task.abort();
    node.crash();

    let second = start(&node).await;
    assert_eq!(second.handle.quorum().epoch, LeaderEpoch(2));
    assert_eq!(second.handle.image().topics, image.topics);
}

#[tokio::test]
async fn a_clean_stop_commits_what_was_decided_and_refuses_what_comes_later() {
    let node = Node::formatted();
    let controller = start(&node).await;
    let handle = controller.handle.clone();
    let create_first = create(&handle, 1);
    let (created, ()) = tokio::join!(create_first, controller.handle.stop());
    created.expect("it was in the queue before the stop");
    controller.task.await.expect("no panic").expect("stopped cleanly");
    assert_eq!(create(&handle, 2).await, Err(CallError::NoController));
    assert_eq!(topics(&start(&node).await.handle.image()), 1);
}

#[tokio::test]
async fn decisions_that_wait_together_share_a_flush() {
    let node = Node::formatted();
    let controller = start(&node).await;
    // One flush syncs a segment and its indexes; a hundred flushes would need some hundred syncs.
    node.simulated.set_syncs_left(Some(8));
    let calls: Vec<_> = (0..100)
        .map(|number| {
            let handle = controller.handle.clone();
            tokio::spawn(async move { create(&handle, number).await })
        })
        .collect();
    let mut offsets = Vec::new();
    for call in calls {
        offsets.push(call.await.expect("no panic").expect("committed").0);
    }
    let first = offsets[0];
    assert_eq!(offsets, (first..first + 100).collect::<Vec<_>>(), "in the order of the queue");
    assert_eq!(topics(&controller.handle.image()), 100);
}

#[tokio::test]
async fn when_a_flush_fails_nobody_is_told_success_and_the_node_must_stop() {
    let node = Node::formatted();
    let controller = start(&node).await;
    create(&controller.handle, 1).await.expect("committed");
    node.simulated.set_syncs_left(Some(0));
    let (second, third) = tokio::join!(create(&controller.handle, 2), create(&controller.handle, 3));
    assert_eq!((second, third), (Err(CallError::NoController), Err(CallError::NoController)));
    assert!(matches!(controller.task.await.expect("no panic"), Err(ControllerFailure::Quorum(_))));
    assert_eq!(create(&controller.handle, 4).await, Err(CallError::NoController));
    assert_eq!(topics(&controller.handle.image()), 1, "what is not committed is not published");
    node.simulated.set_syncs_left(None);
    node.crash();
    let image = start(&node).await.handle.image();
    assert!(image.topics.by_name("topic-1").is_some());
}

#[tokio::test]
async fn a_decision_without_records_waits_for_what_it_has_read() {
    let node = Node::formatted();
    let controller = start(&node).await;
    let look = controller.handle.decide(|desk| Ok(Decision::unchanged(topics(desk.controller().image()))));
    node.simulated.set_syncs_left(Some(0));
    let (created, looked) = tokio::join!(create(&controller.handle, 1), look);
    assert_eq!(
        (created, looked),
        (Err(CallError::NoController), Err(CallError::NoController)),
        "it saw a topic that was never committed"
    );
}

#[tokio::test]
async fn a_start_from_a_snapshot_gives_the_same_image() {
    let mut node = Node::formatted();
    node.options.log.log_max_record_bytes_between_snapshots = 2_000;
    let controller = start(&node).await;
    for number in 0..40 {
        create(&controller.handle, number).await.expect("committed");
    }
    controller.handle.stop().await;
    let image = controller.handle.image();
    controller.task.await.expect("no panic").expect("stopped cleanly");
    let directory = PathBuf::from("/data/__cluster_metadata-0");
    let snapshots = |node: &Node| -> Vec<String> {
        let entries = node.options.disk.read_directory(&directory).expect("there");
        entries.into_iter().map(|entry| entry.name).filter(|name| name.ends_with(".checkpoint")).collect()
    };
    assert!(snapshots(&node).len() >= 2, "{:?}", snapshots(&node));
    let started = start(&node).await.handle.image();
    assert_eq!((&started.topics, &started.features), (&image.topics, &image.features));
}

#[tokio::test]
async fn a_large_decision_is_split_into_batches() {
    let mut node = Node::formatted();
    node.options.log.max_batch_bytes = 1_000;
    let controller = start(&node).await;
    let decided = controller.handle.decide(|_| Ok(Decision::sequence((0..1_000).map(topic).collect(), ())));
    assert_eq!(decided.await, Ok(()));
    let image = controller.handle.image();
    assert_eq!(topics(&image), 1_000);
    controller.task.abort();
    node.crash();
    assert_eq!(start(&node).await.handle.image().topics, image.topics);
}

/// Registers the broker and lets it read the metadata, until it serves.
async fn bring_up_broker(node: &Node, handle: &ControllerHandle) -> BrokerEpoch {
    let epoch = handle.register_broker(node.new_broker()).await.expect("registered");
    assert!(handle.image().cluster.broker(NodeId(1)).expect("registered").fenced);
    let reply = handle.broker_heartbeat(heartbeat(handle, epoch)).await.expect("known");
    assert!(reply.is_caught_up && !reply.is_fenced);
    epoch
}

fn heartbeat(handle: &ControllerHandle, epoch: BrokerEpoch) -> Heartbeat {
    Heartbeat {
        id: NodeId(1),
        epoch,
        metadata_offset: handle.image().provenance.offset,
        want_fence: false,
        want_shut_down: false,
        offline_directories: Vec::new(),
        cordoned_directories: None,
    }
}

fn new_topic(name: &str, partitions: i32) -> NewTopic {
    NewTopic { name: name.to_owned(), partitions, replication_factor: -1, ..NewTopic::default() }
}

#[tokio::test]
async fn a_fresh_cluster_is_finalized_and_its_topics_survive_a_power_cut() {
    let node = Node::formatted();
    let controller = start(&node).await;
    let image = controller.handle.image();
    assert_eq!(image.features.metadata_version(), Some(MetadataVersion::LATEST_PRODUCTION));
    assert!(image.cluster.controllers().any(|known| known.id == NodeId(1)));
    let epoch = bring_up_broker(&node, &controller.handle).await;

    let wanted = vec![new_topic("flights", 6), new_topic("no/such name", 1)];
    let outcomes = controller.handle.create_topics(wanted, false).await.expect("answered");
    let of = |name: &str| outcomes.iter().find(|outcome| outcome.name == name).expect("answered");
    assert!(of("flights").result.is_ok());
    assert!(of("no/such name").result.is_err());
    let more = PartitionsToAdd { topic: "flights".to_owned(), count: 8, assignments: None };
    let more = controller.handle.create_partitions(vec![more], false).await.expect("answered");
    assert_eq!(more, [("flights".to_owned(), Ok(()))]);
    let ids = controller.handle.allocate_producer_ids(NodeId(1), epoch).await.expect("registered");
    assert_eq!((ids.first, ids.count), (ProducerId(0), 1000));
    let stale = controller.handle.allocate_producer_ids(NodeId(1), BrokerEpoch(epoch.0 + 1)).await;
    assert_eq!(stale.map_err(|error| error.code()), Err(ErrorCode::StaleBrokerEpoch));
    let image = controller.handle.image();
    controller.task.abort();
    node.crash();

    let again = start(&node).await;
    let found = again.handle.image();
    assert_eq!((&found.topics, &found.producer_ids), (&image.topics, &image.producer_ids));
    assert_eq!(found.topics.by_name("flights").map(|topic| topic.partitions.len()), Some(8));
    let named = TopicToDelete { name: Some("flights".to_owned()), id: Uuid::ZERO };
    let deleted = again.handle.delete_topics(vec![named], |_| DeleteAccess::Delete).await.expect("answered");
    assert_eq!(deleted[0].result, Ok(()));
    assert_eq!(topics(&again.handle.image()), 0);
}

#[tokio::test]
async fn a_node_that_was_killed_registers_its_broker_again_at_once() {
    let node = Node::formatted();
    let controller = start(&node).await;
    bring_up_broker(&node, &controller.handle).await;
    controller.handle.create_topics(vec![new_topic("flights", 1)], false).await.expect("answered");
    controller.task.abort();
    node.crash();
    let controller = start(&node).await;
    let from_elsewhere = controller.handle.register_broker(node.new_broker()).await;
    let code = from_elsewhere.map_err(|error| error.code());
    assert_eq!(code, Err(ErrorCode::DuplicateBrokerRegistration), "its session may still live");
    let epoch = controller.handle.register_local_broker(node.new_broker()).await.expect("registered");
    let reply = controller.handle.broker_heartbeat(heartbeat(&controller.handle, epoch)).await;
    assert!(!reply.expect("known").is_fenced);
    let image = controller.handle.image();
    let topic = image.topics.by_name("flights").expect("it was acknowledged");
    let partition = topic.partition(PartitionIndex(0)).expect("it has one");
    assert_eq!(partition.leader, Some(NodeId(1)));
}

#[tokio::test(start_paused = true)]
async fn a_broker_that_falls_silent_is_fenced() {
    let node = Node::formatted();
    let controller = start(&node).await;
    let epoch = bring_up_broker(&node, &controller.handle).await;
    let mut images = controller.handle.images();
    images.mark_unchanged();
    // The clock is paused: it moves only when nobody has anything else to do.
    tokio::time::sleep(std::time::Duration::from_secs(8)).await;
    controller.handle.broker_heartbeat(heartbeat(&controller.handle, epoch)).await.expect("known");
    assert!(!images.has_changed().expect("the controller lives"));
    images.changed().await.expect("the controller lives");
    assert!(images.borrow().cluster.broker(NodeId(1)).expect("registered").fenced);
}

#[tokio::test]
async fn a_bootstrap_that_a_crash_cut_off_is_aborted_and_written_again() {
    let node = Node::formatted();
    let begin = BeginTransactionRecord { name: Some("Bootstrap records".to_owned()), ..Default::default() };
    let half = [begin.into(), controller::bootstrap::default_records().remove(0)];
    let encode = |record| encode_record(record, MetadataVersion::LATEST_PRODUCTION).expect("it has a form");
    let half: Vec<_> = half.iter().map(encode).collect();
    let open = RaftDriver::open(&node.options, Path::new("/data"), &mut |_| Ok::<(), QuorumError>(()));
    let mut driver = open.expect("started");
    driver.stage(&half, NOW_MS).expect("staged");
    driver.flush().await.expect("durable");
    drop(driver);

    let image = start(&node).await.handle.image();
    assert_eq!(image.features.metadata_version(), Some(MetadataVersion::LATEST_PRODUCTION));
    assert_eq!(image.features.level("transaction.version"), 2, "the rest of the bootstrap is there, too");
    // Started again, nothing is left to do: the log reads as one that was never cut off.
    assert_eq!(start(&node).await.handle.image().features, image.features);
}

#[tokio::test]
async fn a_static_quorum_of_one_leads_without_voters_in_its_log() {
    let mut node = Node::formatted();
    let voters = Path::new("/data/__cluster_metadata-0/00000000000000000000-0000000000.checkpoint");
    node.options.disk.remove_file(voters).expect("it was formatted as standalone");
    let refused = ControllerNode::start(node.controller_options()).await.map(|_| ());
    assert!(matches!(
        refused,
        Err(ControllerFailure::Quorum(QuorumError::Start(StartError::NoVoters(NodeId(1)))))
    ));
    let endpoint = raft::Endpoint { host: "localhost".to_owned(), port: 9093 };
    node.options.static_voters = VoterSet::of_addresses("CONTROLLER", [(NodeId(1), endpoint)]);
    for epoch in 1..3 {
        let controller = start(&node).await;
        assert_eq!(controller.handle.quorum().epoch, LeaderEpoch(epoch));
        controller.handle.stop().await;
        controller.task.await.expect("no panic").expect("stopped cleanly");
        let state = node.options.disk.read(Path::new("/data/__cluster_metadata-0/quorum-state"));
        let state = String::from_utf8(state.expect("there")).expect("JSON");
        assert!(state.ends_with(r#""currentVoters":[{"voterId":1}],"data_version":0}"#), "{state}");
    }
}

#[tokio::test]
async fn a_full_disk_stops_the_controller_and_costs_nothing_that_was_acknowledged() {
    let node = Node::formatted();
    let controller = start(&node).await;
    create(&controller.handle, 1).await.expect("committed");
    node.simulated.set_bytes_left(Some(40));
    assert_eq!(create(&controller.handle, 2).await, Err(CallError::NoController));
    assert!(controller.task.await.expect("no panic").is_err());
    node.simulated.set_bytes_left(None);
    let image = start(&node).await.handle.image();
    assert!(image.topics.by_name("topic-1").is_some());
    assert!(image.topics.by_name("topic-2").is_none(), "a torn batch is cut off");
}

#[tokio::test]
async fn a_decision_that_cannot_be_written_fails_its_caller_only() {
    let mut node = Node::formatted();
    node.options.log.max_batch_bytes = 1_000;
    let controller = start(&node).await;
    let decided = controller.handle.decide(|_| Ok(Decision::atomic((0..100).map(topic).collect(), ())));
    let refused = decided.await;
    assert_eq!(refused.map_err(|error| error.code()), Err(ErrorCode::UnknownServerError));
    assert_eq!(topics(&controller.handle.image()), 0);
    create(&controller.handle, 1).await.expect("the controller goes on");
}

#[tokio::test(flavor = "multi_thread")]
async fn it_serves_on_a_real_disk_and_many_threads() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let node = Node::formatted_in(directory.path());
    let controller = start(&node).await;
    bring_up_broker(&node, &controller.handle).await;
    let calls: Vec<_> = (0..50)
        .map(|number| {
            let handle = controller.handle.clone();
            let topic = new_topic(&format!("topic-{number}"), 3);
            tokio::spawn(async move { handle.create_topics(vec![topic], false).await })
        })
        .collect();
    for call in calls {
        let outcomes = call.await.expect("no panic").expect("answered");
        assert!(outcomes[0].result.is_ok(), "{outcomes:?}");
    }
    let image = controller.handle.image();
    controller.handle.stop().await;
    controller.task.await.expect("no panic").expect("stopped cleanly");
    assert_eq!(topics(&image), 50);
    assert_eq!(start(&node).await.handle.image().topics, image.topics);
}
