//! Transactions of a whole node: what becomes of them when the process dies, when nobody ends them, when their topics go.

use std::sync::Arc;
use std::time::Duration;

use broker::coordinators::groups::OFFSETS_TOPIC;
use broker::coordinators::transactions::TRANSACTIONS_TOPIC;
use broker::coordinators::{ShardReply, Unavailable};
use broker::group_coordinator::offsets::{CommitOffset, CommitOffsetsInTransaction, FetchOffsets};
use broker::group_coordinator::{GroupError, GroupReply, GroupRequest};
use broker::partition::{Partition, PartitionAppendError, ProducerStateError};
use broker::produce::{ProduceEntry, ProduceOutcome};
use broker::transaction_coordinator::{
    AddPartitions, Decision, EndTransaction, InitProducerId, Producer, TransactionError, TransactionReply,
    TransactionRequest, TransactionShard, TransactionState,
};
use broker::transaction_verification::{Joining, ToVerify, VerificationError};
use bytes::Bytes;
use controller_node::{ConfigChange, ConfigOperation, DeleteAccess, ResourceChanges, TopicToDelete};
use io::disk::SimulatedDisk;
use metadata::ConfigResource;
use record::{BatchBuilder, BatchOptions};
use types::{Offset, ProducerEpoch, Sequence, TopicPartition, TransactionVersion, Uuid};

use crate::Node;
use crate::assembly::Silent;
use crate::node_test::{NOW_MS, create_with, start, start_with};

const ID: &str = "transfers";
const GROUP: &str = "readers";

/// A node that coordinates transactions and groups in one partition each, with the topic `t`.
async fn coordinating(disk: &SimulatedDisk, settings: &[(&str, &str)]) -> Node {
    let mut node = start_with(disk, settings).await.0;
    node.open(Silent).await.expect("opened");
    for topic in [OFFSETS_TOPIC, TRANSACTIONS_TOPIC, "t"] {
        create_with(&node, topic, 1, &[]).await;
    }
    node
}

/// The same node after the death of its process.
async fn reborn(node: Node, disk: &SimulatedDisk) -> Node {
    drop(node);
    disk.release_locks();
    let mut node = start(disk).await;
    node.open(Silent).await.expect("opened");
    node
}

/// Asks again while the coordinator loads, or the transaction before is not complete.
async fn ask(node: &Node, request: impl Fn() -> TransactionRequest) -> TransactionReply {
    let early = |reply: &ShardReply<TransactionShard>| {
        use TransactionError::ConcurrentTransactions as Early;
        matches!(
            reply,
            Err(Unavailable::Loading)
                | Ok(TransactionReply::InitProducerId(Err(Early))
                    | TransactionReply::AddPartitions(Err(Early)))
        )
    };
    loop {
        let reply = node.broker().ask_transaction_with_id(ID, |fresh| with_id(request(), fresh)).await;
        if !early(&reply) {
            return reply.expect("the coordinator answers");
        }
        tokio::task::yield_now().await;
    }
}

fn with_id(mut request: TransactionRequest, fresh: Option<types::ProducerId>) -> TransactionRequest {
    match &mut request {
        TransactionRequest::InitProducerId(request) => request.fresh_producer_id = fresh,
        TransactionRequest::End(request) => request.fresh_producer_id = fresh,
        _ => {}
    }
    request
}

async fn init(node: &Node, timeout_ms: i32) -> Producer {
    let request = || {
        TransactionRequest::InitProducerId(InitProducerId {
            transactional_id: ID.to_owned(),
            timeout_ms,
            is_two_phase_commit: false,
            keeps_prepared: false,
            expected: None,
            fresh_producer_id: None,
            server_version: TransactionVersion::V2,
        })
    };
    let TransactionReply::InitProducerId(Ok(producer)) = ask(node, request).await else { panic!("given") };
    producer
}

async fn add(node: &Node, producer: Producer, topic: &str) {
    let request = || {
        TransactionRequest::AddPartitions(AddPartitions {
            transactional_id: ID.to_owned(),
            producer,
            partitions: [TopicPartition::new(topic, 0)].into(),
            client_version: TransactionVersion::V0,
            server_version: TransactionVersion::V2,
        })
    };
    assert_eq!(ask(node, request).await, TransactionReply::AddPartitions(Ok(())));
}

/// Decides, and returns who goes on. No task of the node has run since when this returns at once.
async fn end(node: &Node, producer: Producer, decision: Decision) -> Producer {
    let request = || {
        TransactionRequest::End(EndTransaction {
            transactional_id: ID.to_owned(),
            producer,
            decision,
            client_version: TransactionVersion::V2,
            fresh_producer_id: None,
            server_version: TransactionVersion::V2,
        })
    };
    let TransactionReply::End(Ok(next)) = ask(node, request).await else { panic!("decided") };
    next
}

async fn state(node: &Node) -> TransactionState {
    let request = || TransactionRequest::Describe { transactional_id: ID.to_owned() };
    let TransactionReply::Describe(Ok(told)) = ask(node, request).await else { panic!("described") };
    told.state
}

fn partition(node: &Node) -> Arc<Partition> {
    let mut all = node.broker().partitions().all();
    all.retain(|partition| &*partition.name().topic == "t");
    all.pop().expect("the topic's only partition")
}

fn records(producer: Producer, sequence: i32) -> Bytes {
    let options = BatchOptions {
        producer_id: producer.id,
        producer_epoch: producer.epoch,
        base_sequence: Sequence(sequence),
        transactional: true,
        ..BatchOptions::default()
    };
    let mut builder = BatchBuilder::new(options).expect("no options are wrong");
    builder.append(NOW_MS, None, Some(b"value"), &[]).expect("fits");
    builder.build().expect("built").expect("not empty")
}

/// Produce of one record, as a client of the newest version sends it.
async fn produce(
    node: &Node,
    producer: Producer,
    sequence: i32,
) -> Result<ProduceOutcome, VerificationError> {
    let partition = partition(node);
    let asked = [ToVerify { partition: partition.clone(), sequence }];
    let mut verified = node.broker().verify_transaction(ID, producer, &asked, Joining::ByWriting).await;
    let guard = verified.pop().expect("one")?;
    let entry = ProduceEntry { partition, records: records(producer, sequence), guard };
    Ok(node.broker().append(vec![entry], -1).0.pop().expect("one"))
}

/// What a reader of committed records may see of `t`, and where it ends.
fn offsets(node: &Node) -> (Offset, Offset) {
    let offsets = partition(node).log().offsets();
    (offsets.last_stable, offsets.high_watermark)
}

async fn until(mut is_so: impl FnMut() -> bool) {
    for _ in 0..100_000 {
        if is_so() {
            return;
        }
        tokio::task::yield_now().await;
    }
    panic!("waited in vain");
}

async fn until_settled(node: &Node) {
    loop {
        if state(node).await.is_idle() {
            return;
        }
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_transaction_is_seen_when_it_is_committed() {
    let disk = SimulatedDisk::default();
    let node = coordinating(&disk, &[]).await;
    let producer = init(&node, 60_000).await;
    assert!(matches!(produce(&node, producer, 0).await, Ok(ProduceOutcome::Appended(_))));
    assert_eq!(offsets(&node), (Offset(0), Offset(1)));
    let next = end(&node, producer, Decision::Commit).await;
    assert_eq!((next.id, next.epoch), (producer.id, ProducerEpoch(producer.epoch.0 + 1)));
    until(|| offsets(&node) == (Offset(2), Offset(2))).await;
    until_settled(&node).await;
}

#[tokio::test]
async fn a_decision_survives_the_death_of_the_process_and_its_markers_are_written_then() {
    let disk = SimulatedDisk::default();
    let node = coordinating(&disk, &[]).await;
    let producer = init(&node, 60_000).await;
    let _ = produce(&node, producer, 0).await.expect("verified");
    end(&node, producer, Decision::Commit).await;
    assert_eq!(offsets(&node), (Offset(0), Offset(1)), "the marker is not written yet");
    let node = reborn(node, &disk).await;
    until(|| offsets(&node).0 >= Offset(2)).await;
    until_settled(&node).await;
    assert_eq!(state(&node).await, TransactionState::CompleteCommit);
    let (stable, end) = offsets(&node);
    assert_eq!(stable, end, "a marker that was written twice ends nothing else");
}

#[tokio::test]
async fn what_was_open_is_open_after_the_death_of_the_process_and_can_go_on() {
    let disk = SimulatedDisk::default();
    let node = coordinating(&disk, &[]).await;
    let producer = init(&node, 60_000).await;
    let _ = produce(&node, producer, 0).await.expect("verified");
    let node = reborn(node, &disk).await;
    assert_eq!(state(&node).await, TransactionState::Ongoing);
    assert_eq!(offsets(&node), (Offset(0), Offset(1)));
    assert!(matches!(produce(&node, producer, 1).await, Ok(ProduceOutcome::Appended(_))));
    end(&node, producer, Decision::Abort).await;
    until(|| offsets(&node) == (Offset(3), Offset(3))).await;
}

#[tokio::test(start_paused = true)]
async fn a_transaction_that_nobody_ends_is_aborted_and_its_producer_fenced() {
    let disk = SimulatedDisk::default();
    let node = coordinating(&disk, &[]).await;
    let producer = init(&node, 1_000).await;
    let _ = produce(&node, producer, 0).await.expect("verified");
    let mut waited = Duration::ZERO;
    while offsets(&node).0 == Offset(0) {
        assert!(
            waited < Duration::from_secs(60),
            "transaction.abort.timed.out.transaction.cleanup.interval.ms"
        );
        tokio::time::sleep(Duration::from_secs(1)).await;
        waited += Duration::from_secs(1);
    }
    assert!(waited > Duration::from_secs(1));
    until_settled(&node).await;
    assert_eq!(state(&node).await, TransactionState::CompleteAbort);
    let late = produce(&node, producer, 1).await;
    assert_eq!(late.err(), Some(VerificationError::Refused(TransactionError::ProducerFenced)));
    assert_eq!(offsets(&node), (Offset(2), Offset(2)));
}

#[tokio::test]
async fn a_produce_that_was_delayed_does_not_land_after_the_end_of_its_transaction() {
    let disk = SimulatedDisk::default();
    let node = coordinating(&disk, &[]).await;
    let producer = init(&node, 60_000).await;
    add(&node, producer, "t").await;
    let partition = partition(&node);
    let asked = [ToVerify { partition: partition.clone(), sequence: 0 }];
    let verified = node.broker().verify_transaction(ID, producer, &asked, Joining::Never).await;
    let guard = *verified[0].as_ref().expect("the transaction holds the partition");
    assert!(guard.is_some());
    // Now its thread sleeps, while the transaction ends and its marker is written.
    end(&node, producer, Decision::Abort).await;
    until_settled(&node).await;
    let entry = ProduceEntry { partition, records: records(producer, 0), guard };
    let outcome = node.broker().append(vec![entry], -1).0.pop().expect("one");
    let ProduceOutcome::Refused { error: PartitionAppendError::Append(error), .. } = outcome else {
        panic!("appended, and nobody would ever end it: {outcome:?}");
    };
    let broker::partition::AppendError::Producer(error) = error else { panic!("{error}") };
    assert!(matches!(error, ProducerStateError::InvalidProducerEpoch { .. }), "{error}");
    let (stable, end) = offsets(&node);
    assert_eq!(stable, end);
}

#[tokio::test]
async fn where_a_partition_was_not_added_an_older_client_may_not_write() {
    let disk = SimulatedDisk::default();
    let node = coordinating(&disk, &[]).await;
    let producer = init(&node, 60_000).await;
    add(&node, producer, OFFSETS_TOPIC).await;
    let asked = [ToVerify { partition: partition(&node), sequence: 0 }];
    let verified = node.broker().verify_transaction(ID, producer, &asked, Joining::Never).await;
    assert_eq!(verified[0], Err(VerificationError::NotInTransaction));
}

#[tokio::test]
async fn a_partition_that_is_deleted_keeps_no_transaction_open() {
    let disk = SimulatedDisk::default();
    let node = coordinating(&disk, &[]).await;
    create_with(&node, "gone", 1, &[]).await;
    let producer = init(&node, 60_000).await;
    add(&node, producer, "gone").await;
    add(&node, producer, "t").await;
    let controller = &node.handlers().controller;
    let topic = TopicToDelete { name: Some("gone".to_owned()), id: Uuid::ZERO };
    controller.delete_topics(vec![topic], |_: &str| DeleteAccess::Delete).await.expect("decided");
    node.broker().applied(controller.image().provenance.offset).await;
    end(&node, producer, Decision::Commit).await;
    until_settled(&node).await;
    assert_eq!(state(&node).await, TransactionState::CompleteCommit);
}

#[tokio::test]
async fn a_new_producer_of_the_name_ends_what_the_one_before_left_open() {
    let disk = SimulatedDisk::default();
    let node = coordinating(&disk, &[]).await;
    let before = init(&node, 60_000).await;
    let _ = produce(&node, before, 0).await.expect("verified");
    let after = init(&node, 60_000).await;
    assert!(after.id == before.id && after.epoch > before.epoch);
    assert_eq!(offsets(&node), (Offset(2), Offset(2)), "it was aborted first");
    let late = produce(&node, before, 1).await;
    assert_eq!(late.err(), Some(VerificationError::Refused(TransactionError::ProducerFenced)));
    assert!(matches!(produce(&node, after, 0).await, Ok(ProduceOutcome::Appended(_))));
}

#[tokio::test]
async fn offsets_count_with_their_transaction_also_when_the_process_dies_in_between() {
    for (decision, expected) in [(Decision::Commit, Some(Offset(7))), (Decision::Abort, None)] {
        let disk = SimulatedDisk::default();
        let node = coordinating(&disk, &[]).await;
        let producer = init(&node, 60_000).await;
        commit(&node, producer).await;
        assert_eq!(fetched(&node).await, Err(GroupError::UnstableOffsetCommit));
        let node = reborn(node, &disk).await;
        assert_eq!(fetched(&node).await, Err(GroupError::UnstableOffsetCommit));
        end(&node, producer, decision).await;
        until_settled(&node).await;
        assert_eq!(fetched(&node).await, Ok(expected));
        let node = reborn(node, &disk).await;
        assert_eq!(fetched(&node).await, Ok(expected));
    }
}

async fn commit(node: &Node, producer: Producer) {
    let offset = CommitOffset {
        partition: TopicPartition::new("t", 0),
        topic_id: None,
        offset: Offset(7),
        leader_epoch: None,
        metadata: String::new(),
    };
    let request = || CommitOffsetsInTransaction {
        producer: (producer.id, producer.epoch),
        group_id: GROUP.to_owned(),
        member_id: String::new(),
        group_instance_id: None,
        generation_or_member_epoch: -1,
        offsets: vec![offset.clone()],
    };
    loop {
        let called = node.broker().commit_in_transaction(ID, producer, Joining::ByWriting, request()).await;
        match called.expect("the transaction takes it").reply().await {
            Err(Unavailable::Loading) => tokio::task::yield_now().await,
            reply => {
                assert!(matches!(reply, Ok(GroupReply::CommitOffsetsInTransaction(Ok(_)))), "{reply:?}");
                return;
            }
        }
    }
}

/// The committed offset, as a client that wants it to be stable is told.
async fn fetched(node: &Node) -> Result<Option<Offset>, GroupError> {
    let request = || {
        GroupRequest::FetchOffsets(FetchOffsets {
            group_id: GROUP.to_owned(),
            member: None,
            partitions: Some(vec![TopicPartition::new("t", 0)]),
            require_stable: true,
        })
    };
    loop {
        match node.broker().ask_group(GROUP, request()).reply().await {
            Err(Unavailable::Loading) => tokio::task::yield_now().await,
            Ok(GroupReply::FetchOffsets(Ok(mut fetched))) => {
                let committed = fetched.pop().expect("one was asked for").committed;
                return committed.map(|committed| committed.map(|committed| committed.offset));
            }
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn records_of_an_open_transaction_may_be_deleted_and_its_end_lets_readers_go_on() {
    for dies in [false, true] {
        let disk = SimulatedDisk::default();
        let mut node = coordinating(&disk, &[]).await;
        let producer = init(&node, 60_000).await;
        let _ = produce(&node, producer, 0).await.expect("verified");
        let _ = produce(&node, producer, 1).await.expect("verified");
        let deleted = node.broker().delete_records(&partition(&node), None).await;
        assert_eq!(deleted.expect("up to the high watermark"), Offset(2));
        if dies {
            node.broker().record_log_starts().await.expect("written");
            node = reborn(node, &disk).await;
        }
        assert_eq!(offsets(&node), (Offset(2), Offset(2)));
        let _ = produce(&node, producer, 2).await.expect("verified");
        assert_eq!(offsets(&node), (Offset(2), Offset(3)), "it is still open");
        end(&node, producer, Decision::Commit).await;
        until(|| offsets(&node) == (Offset(4), Offset(4))).await;
    }
}

#[tokio::test]
async fn verification_is_switched_off_and_on_while_the_node_runs() {
    let disk = SimulatedDisk::default();
    let node = coordinating(&disk, &[]).await;
    let producer = init(&node, 60_000).await;
    let verify = async || {
        let asked = [ToVerify { partition: partition(&node), sequence: 0 }];
        node.broker().verify_transaction(ID, producer, &asked, Joining::Never).await.pop().expect("one")
    };
    for (is_on, expected) in [
        ("true", Err(VerificationError::NotInTransaction)),
        ("false", Ok(None)),
        ("true", Err(VerificationError::NotInTransaction)),
    ] {
        verification(&node, is_on).await;
        assert_eq!(verify().await, expected, "{is_on}");
    }
    verification(&node, "false").await;
    let entry = ProduceEntry { partition: partition(&node), records: records(producer, 0), guard: None };
    let outcome = node.broker().append(vec![entry], -1).0.pop();
    assert!(matches!(outcome, Some(ProduceOutcome::Appended(_))), "{outcome:?}");
}

async fn verification(node: &Node, value: &str) {
    let name = "transaction.partition.verification.enable".to_owned();
    let change = ConfigChange { name, operation: ConfigOperation::Set, value: Some(value.to_owned()) };
    let changes = ResourceChanges { resource: ConfigResource::broker_defaults(), changes: vec![change] };
    let controller = &node.handlers().controller;
    let outcomes = controller.incremental_alter_configs(vec![changes], false).await.expect("decided");
    assert_eq!(outcomes[0].1, Ok(()), "{value}");
    node.broker().applied(controller.image().provenance.offset).await;
}
