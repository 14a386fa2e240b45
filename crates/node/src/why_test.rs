//! What a whole node tells of what waits: `milena why` as it is asked over the wire.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use broker::coordinators::groups::OFFSETS_TOPIC;
use broker::group_coordinator::classic::{JoinGroup, Joined, Protocol, SyncGroup};
use broker::group_coordinator::offsets::{CommitOffset, CommitOffsets};
use broker::group_coordinator::{GroupReply, GroupRequest};
use broker::metadata_applier;
use broker::partition::{Partition, PartitionAppendError};
use broker::produce::ProduceEntry;
use bytes::{Bytes, BytesMut};
use io::Disk;
use io::disk::SimulatedDisk;
use log::AppendContext;
use metadata::MetadataRecord;
use net::{Answer, Chunk, ConnectionContext, Request, Service};
use protocol::frame::{RequestHeader, decode_response_header};
use protocol::messages::fetch_request::{FetchPartition, FetchRequest, FetchTopic};
use protocol::private_messages::why_request::WhyRequest;
use protocol::private_messages::why_response::WhyResponse;
use protocol::records::consumer_protocol_assignment::{
    ConsumerProtocolAssignment, TopicPartition as AssignedPartitions,
};
use protocol::records::partition_change_record::PartitionChangeRecord;
use protocol::{Message, Reader, Writer, api};
use record::{BatchBuilder, BatchOptions};
use tokio::sync::watch;
use types::waits::WaitingClient;
use types::{ErrorCode, LeaderEpoch, Offset, ProducerEpoch, ProducerId, Sequence, TopicPartition};

use crate::Node;
use crate::assembly::Silent;
use crate::node_test::{NOW_MS, create_with, start, start_with};

pub(crate) const GROUP: &str = "readers";

/// A node with the topic `t`, and groups in one partition of these settings.
async fn node(disk: &SimulatedDisk) -> Node {
    let mut node = start(disk).await;
    node.open(Silent).await.expect("opened");
    create_with(&node, "t", 1, &[]).await;
    node
}

async fn begin(node: &Node, api_key: i16, api_version: i16, request: &impl Message) -> Answer {
    let header =
        RequestHeader { api_key, api_version, correlation_id: 7, client_id: Some("asker".to_owned()) };
    let mut writer = Writer::new();
    request.encode(&mut writer, api_version).expect("the request fits its version");
    let connection = Arc::new(ConnectionContext::new(1, "PLAINTEXT".into(), None, None));
    let received_at = tokio::time::Instant::now();
    let request = Request { header, body: writer.into_bytes(), connection, received_at };
    node.handlers().call(request).await
}

pub(crate) async fn call<M: Message>(
    node: &Node,
    api_key: i16,
    api_version: i16,
    request: &impl Message,
) -> M {
    let response = match begin(node, api_key, api_version, request).await {
        Answer::Now(response) => response,
        Answer::Later(response) => response.await,
        Answer::Silent | Answer::Close(_) => panic!("not answered"),
    };
    let mut bytes = BytesMut::new();
    for chunk in response.chunks {
        match chunk {
            Chunk::Bytes(chunk) => bytes.extend_from_slice(&chunk),
            Chunk::File(region) => assert_eq!(region.length, 0, "no records are asked for"),
        }
    }
    let mut reader = Reader::new(bytes.freeze());
    decode_response_header(&mut reader, api_key, api_version).expect("the answer has a header");
    M::decode(&mut reader, api_version).expect("the answer is one of its version")
}

async fn why(node: &Node, request: WhyRequest) -> WhyResponse {
    call(node, api::private::WHY, 0, &request).await
}

async fn why_partition(node: &Node) -> WhyResponse {
    let name = "t".to_owned();
    why(node, WhyRequest { subject_type: 1, name, partition: 0, ..Default::default() }).await
}

pub(crate) fn number(answer: &WhyResponse, name: &str) -> i64 {
    let fact = answer.facts.iter().find(|fact| fact.name == name);
    fact.unwrap_or_else(|| panic!("{name} in {answer:?}")).number
}

fn partition(node: &Node) -> Arc<Partition> {
    let mut all = node.broker().partitions().all();
    all.retain(|partition| &*partition.name().topic == "t");
    all.pop().expect("the topic's only partition")
}

fn batch(options: BatchOptions) -> Bytes {
    let mut builder = BatchBuilder::new(options).expect("no options are wrong");
    builder.append(NOW_MS, None, Some(b"value"), &[]).expect("fits");
    builder.build().expect("built").expect("not empty")
}

/// One record of an open transaction of this producer.
fn begin_transaction(node: &Node, producer_id: i64) {
    let (partition, producer_id) = (partition(node), ProducerId(producer_id));
    let guard =
        partition.log().start_transaction_verification(producer_id, ProducerEpoch(2), 0, false, NOW_MS);
    let options = BatchOptions {
        producer_id,
        producer_epoch: ProducerEpoch(2),
        base_sequence: Sequence(0),
        transactional: true,
        ..BatchOptions::default()
    };
    let context = AppendContext { guard, ..AppendContext::client(LeaderEpoch(0), NOW_MS) };
    partition.log().append_as_leader(batch(options), context).expect("appended");
    let end = partition.log().log_end_offset();
    partition.flush_for_acknowledgement(end).expect("flushed");
}

/// A Fetch of `t-0` that waits as its client lets it wait.
fn fetch(node: &Node, fetch_offset: i64, min_bytes: i32, isolation_level: i8) -> FetchRequest {
    let topic_id = node.broker().image().topics.id_of("t").expect("it was made");
    let partition = FetchPartition { fetch_offset, partition_max_bytes: 1 << 20, ..Default::default() };
    FetchRequest {
        max_wait_ms: 500,
        min_bytes,
        max_bytes: 1 << 20,
        isolation_level,
        session_epoch: -1,
        topics: vec![FetchTopic { topic_id, partitions: vec![partition], ..Default::default() }],
        ..Default::default()
    }
}

pub(crate) async fn why_group(node: &Node) -> WhyResponse {
    why(node, WhyRequest { name: GROUP.to_owned(), ..Default::default() }).await
}

pub(crate) fn text(answer: &WhyResponse, name: &str) -> String {
    let fact = answer.facts.iter().find(|fact| fact.name == name);
    fact.unwrap_or_else(|| panic!("{name} in {answer:?}")).texts.join(", ")
}

pub(crate) fn codes(answer: &WhyResponse) -> Vec<&str> {
    answer.waits.iter().map(|wait| wait.code.as_str()).collect()
}

fn join(node: &Node, client_id: &str, member_id: &str) -> GroupRequest {
    GroupRequest::Join(JoinGroup {
        group_id: GROUP.to_owned(),
        member_id: member_id.to_owned(),
        group_instance_id: None,
        client_id: client_id.to_owned(),
        client_host: "/10.0.0.1".to_owned(),
        rebalance_timeout_ms: 60_000,
        session_timeout_ms: 30_000,
        protocol_type: "consumer".to_owned(),
        protocols: vec![Protocol { name: "range".to_owned(), metadata: Bytes::new() }],
        needs_known_member_id: false,
        knows_skip_assignment: true,
        reason: None,
        fresh_id: node.broker().fresh_id(),
    })
}

fn joined(reply: GroupReply) -> Joined {
    match reply {
        GroupReply::Join(joined) => joined,
        other => panic!("{other:?}"),
    }
}

#[tokio::test(start_paused = true)]
async fn a_member_that_has_not_joined_again_is_named() {
    let disk = SimulatedDisk::default();
    let node = node(&disk).await;
    create_with(&node, OFFSETS_TOPIC, 1, &[]).await;
    while codes(&why_group(&node).await) == ["group.loading"] {
        tokio::task::yield_now().await;
    }
    assert_eq!(why_group(&node).await.error_code, ErrorCode::GroupIdNotFound.code());

    let broker = node.broker();
    let waiting = ["reader-1", "reader-2"].map(|client| broker.ask_group(GROUP, join(&node, client, "")));
    assert_eq!(codes(&why_group(&node).await), ["group.initial-delay"]);
    let mut members = Vec::new();
    for called in waiting {
        members.push(joined(called.reply().await.expect("the shard answers")));
    }
    let assigning = why_group(&node).await;
    assert_eq!(text(&assigning, "state"), "CompletingRebalance");
    assert_eq!(codes(&assigning), ["group.assignment-is-missing", "group.member-has-not-synced"]);
    // The leader syncs first.
    members.sort_by_key(|member| member.member_id != member.leader);
    for member in &members {
        let request = SyncGroup {
            group_id: GROUP.to_owned(),
            generation: member.generation,
            member_id: member.member_id.clone(),
            group_instance_id: None,
            protocol_type: None,
            protocol_name: None,
            assignments: Vec::new(),
        };
        broker.ask_group(GROUP, GroupRequest::Sync(request)).reply().await.expect("the shard answers");
    }
    let stable = why_group(&node).await;
    assert_eq!((text(&stable, "state").as_str(), stable.waits.len()), ("Stable", 0));

    let _rejoining = broker.ask_group(GROUP, join(&node, "reader-1", &members[0].member_id));
    let rebalancing = why_group(&node).await;
    assert_eq!(text(&rebalancing, "state"), "PreparingRebalance");
    let [wait] = &rebalancing.waits[..] else { panic!("{rebalancing:?}") };
    assert_eq!((wait.code.as_str(), wait.left_ms), ("group.member-has-not-joined", 60_000));
    assert!(wait.evidence[0].contains(&members[1].member_id), "{wait:?}");
    node.release_waits();
}

/// The assignment of `t-0`, as consumers write it.
fn assignment() -> Bytes {
    let assigned_partitions = vec![AssignedPartitions { topic: "t".to_owned(), partitions: vec![0] }];
    let assignment = ConsumerProtocolAssignment { assigned_partitions, ..Default::default() };
    let mut writer = Writer::new();
    writer.i16(0);
    assignment.encode(&mut writer, 0).expect("the name is short");
    writer.into_bytes()
}

#[tokio::test(start_paused = true)]
async fn a_member_that_is_alive_and_does_not_commit_is_told_with_what_it_lags_behind() {
    let disk = SimulatedDisk::default();
    let (mut node, clock) = start_with(&disk, &[("group.initial.rebalance.delay.ms", "0")]).await;
    node.open(Silent).await.expect("opened");
    create_with(&node, "t", 1, &[]).await;
    create_with(&node, OFFSETS_TOPIC, 1, &[]).await;
    while codes(&why_group(&node).await) == ["group.loading"] {
        tokio::task::yield_now().await;
    }
    let ask = async |request| node.broker().ask_group(GROUP, request).reply().await.expect("it answers");
    let member = joined(ask(join(&node, "reader", "")).await);
    let sync = SyncGroup {
        group_id: GROUP.to_owned(),
        generation: member.generation,
        member_id: member.member_id.clone(),
        group_instance_id: None,
        protocol_type: None,
        protocol_name: None,
        assignments: vec![(member.member_id.clone(), assignment())],
    };
    ask(GroupRequest::Sync(sync)).await;
    let commit = async |offset| {
        let offsets = vec![CommitOffset {
            partition: TopicPartition::new("t", 0),
            topic_id: None,
            offset: Offset(offset),
            leader_epoch: None,
            metadata: String::new(),
        }];
        let commit = CommitOffsets {
            group_id: GROUP.to_owned(),
            member_id: member.member_id.clone(),
            group_instance_id: None,
            generation_or_member_epoch: member.generation,
            knows_member_epochs: true,
            retention_ms: None,
            offsets,
        };
        let reply = ask(GroupRequest::CommitOffsets(commit)).await;
        assert!(matches!(reply, GroupReply::CommitOffsets(Ok(_))), "{reply:?}");
    };
    let hints = async |node: &Node| -> Vec<String> {
        let answer = why_group(node).await;
        assert_eq!(text(&answer, "state"), "Stable");
        let Some(wait) = answer.waits.first() else { return Vec::new() };
        assert_eq!(codes(&answer), ["group.member-does-not-get-on"]);
        assert!(wait.evidence[0].contains(&member.member_id), "{wait:?}");
        wait.evidence[1..].to_vec()
    };

    let pass = |ms| clock.set_ms(clock.now_ms() + ms);
    for _ in 0..3 {
        partition(&node).append(batch(BatchOptions::default()), 1, None, NOW_MS).expect("appended");
    }
    pass(59_999);
    assert_eq!(hints(&node).await, [""; 0], "the generation is young");
    pass(1);
    assert_eq!(hints(&node).await, ["t-0: high watermark 3, lag 3, never committed"]);
    commit(1).await;
    pass(59_999);
    assert_eq!(hints(&node).await, [""; 0], "the last commit is young");
    pass(1);
    assert_eq!(hints(&node).await, ["t-0: high watermark 3, lag 2, committed 1 60000 ms ago"]);
    commit(3).await;
    pass(3_600_000);
    assert_eq!(hints(&node).await, [""; 0], "everything is read");
    node.release_waits();
}

#[tokio::test]
async fn a_coordinator_whose_log_is_not_flushed_names_the_partition_that_holds_it() {
    let disk = SimulatedDisk::default();
    let node = node(&disk).await;
    create_with(&node, OFFSETS_TOPIC, 1, &[("flush.messages", "1")]).await;
    while codes(&why_group(&node).await) == ["group.loading"] {
        tokio::task::yield_now().await;
    }
    let commit = GroupRequest::CommitOffsets(CommitOffsets {
        group_id: GROUP.to_owned(),
        member_id: String::new(),
        group_instance_id: None,
        generation_or_member_epoch: -1,
        knows_member_epochs: true,
        retention_ms: None,
        offsets: vec![CommitOffset {
            partition: TopicPartition::new("t", 0),
            topic_id: None,
            offset: Offset(7),
            leader_epoch: None,
            metadata: String::new(),
        }],
    });
    let committing = node.broker().ask_group(GROUP, commit);
    let answer = why_group(&node).await;
    assert_eq!(codes(&answer), ["group.not-committed"]);
    let expected = "answers of groups in __consumer_offsets-0 that wait for it: 1";
    assert_eq!(answer.waits[0].evidence, [expected]);
    committing.reply().await.expect("the disk flushes");
    assert_eq!(codes(&why_group(&node).await), [""; 0]);
}

#[tokio::test]
async fn a_partition_at_rest_tells_how_it_stands_and_that_nothing_waits() {
    let disk = SimulatedDisk::default();
    let node = node(&disk).await;
    partition(&node).append(batch(BatchOptions::default()), 1, None, NOW_MS).expect("appended");
    let answer = why_partition(&node).await;
    assert_eq!(codes(&answer), [""; 0]);
    for (name, expected) in [
        ("leader", 1),
        ("leader epoch", 0),
        ("log start offset", 0),
        ("high watermark", 1),
        ("last stable offset", 1),
        ("log end offset", 1),
        ("flushed up to offset", 0),
        ("min.insync.replicas", 1),
    ] {
        assert_eq!(number(&answer, name), expected, "{name}");
    }
    assert!(number(&answer, "unflushed bytes") > 0);
    assert_eq!(text(&answer, "in-sync replicas"), "1");
    let unknown = |name: &str, partition| WhyRequest {
        subject_type: 1,
        name: name.to_owned(),
        partition,
        ..Default::default()
    };
    for request in [unknown("nope", 0), unknown("t", 1), unknown("t", -1)] {
        let refused = why(&node, request.clone()).await;
        assert_eq!(refused.error_code, ErrorCode::UnknownTopicOrPartition.code(), "{request:?}");
    }
    let refused = why(&node, WhyRequest { subject_type: 3, ..Default::default() }).await;
    assert_eq!(refused.error_code, ErrorCode::InvalidRequest.code());
}

#[tokio::test(start_paused = true)]
async fn a_fetch_that_waits_is_told_with_its_client_and_by_what_it_is_held() {
    let disk = SimulatedDisk::default();
    let node = node(&disk).await;
    partition(&node).append(batch(BatchOptions::default()), 1, None, NOW_MS).expect("appended");
    begin_transaction(&node, 7);
    let mut waiting = Vec::new();
    for request in [fetch(&node, 2, 1, 0), fetch(&node, 1, 1, 1), fetch(&node, 0, 10_000, 0)] {
        let Answer::Later(later) = begin(&node, api::FETCH, 13, &request).await else {
            panic!("answered at once: {request:?}")
        };
        waiting.push(tokio::spawn(later));
        tokio::task::yield_now().await;
    }
    tokio::time::advance(Duration::from_millis(100)).await;
    let answer = why_partition(&node).await;
    let expected = [
        "partition.open-transaction",
        "partition.fetch-at-end",
        "partition.fetch-behind-transaction",
        "partition.fetch-below-min-bytes",
    ];
    assert_eq!(codes(&answer), expected);
    assert_eq!(number(&answer, "waiting fetch requests"), 3);
    assert!(answer.waits[1].evidence[0].starts_with("client asker at / is at offset 2"), "{answer:?}");
    assert_eq!(answer.waits[1].left_ms, 400);
    for fetch in waiting {
        fetch.await.expect("no panic");
    }
    assert_eq!(number(&why_partition(&node).await, "waiting fetch requests"), 0);
}

#[tokio::test]
async fn the_oldest_open_transaction_holds_the_last_stable_offset() {
    let disk = SimulatedDisk::default();
    let node = node(&disk).await;
    begin_transaction(&node, 7);
    begin_transaction(&node, 8);
    let answer = why_partition(&node).await;
    assert_eq!(codes(&answer), ["partition.open-transaction"]);
    let evidence = &answer.waits[0].evidence;
    assert!(evidence[0].starts_with("producer id 7 (epoch 2) wrote first at offset 0"), "{evidence:?}");
    assert_eq!(evidence[1], "open transactions beside it: 1");
    let stands = ["last stable offset", "high watermark"].map(|name| number(&answer, name));
    assert_eq!((stands, number(&answer, "open transactions")), ([0, 2], 2));
}

#[tokio::test]
async fn a_disk_that_does_not_flush_holds_the_high_watermark_and_the_producer() {
    let disk = SimulatedDisk::default();
    let mut node = start(&disk).await;
    node.open(Silent).await.expect("opened");
    create_with(&node, "t", 1, &[("flush.messages", "1")]).await;
    // The first record of an epoch is written with a checkpoint, which the disk has to sync.
    partition(&node).append(batch(BatchOptions::default()), 1, None, NOW_MS).expect("appended");
    partition(&node).flush_for_acknowledgement(Offset(1)).expect("flushed");
    assert_eq!(codes(&why_partition(&node).await), [""; 0]);
    disk.set_syncs_left(Some(0));
    let records = batch(BatchOptions::default());
    let (_, unacknowledged) =
        node.broker().append(vec![ProduceEntry { partition: partition(&node), records, guard: None }], -1);
    let appended = why_partition(&node).await;
    assert_eq!(codes(&appended), ["partition.not-flushed"]);
    let client = WaitingClient { client_id: Some("writer".to_owned()), client_host: "/10.0.0.1".to_owned() };
    let waiting = node.broker().acknowledge(unacknowledged, Duration::from_secs(9), client);
    let answer = why_partition(&node).await;
    assert_eq!(codes(&answer), ["partition.not-flushed", "partition.produce-not-flushed"]);
    assert!(answer.waits[1].evidence[0].starts_with("client writer at /10.0.0.1 has waited"), "{answer:?}");
    while !partition(&node).log().has_failed() {
        tokio::task::yield_now().await;
    }
    assert_eq!(codes(&why_partition(&node).await)[0], "partition.log-failed");
    drop(waiting);
    assert_eq!(number(&why_partition(&node).await, "waiting produce requests"), 0);
}

#[tokio::test]
async fn a_partition_whose_log_is_not_open_says_whether_that_will_change() {
    let disk = SimulatedDisk::default();
    let node = node(&disk).await;
    let not_open_yet = node.broker().partitions().remove(&partition(&node).id()).expect("it was open");
    assert_eq!(codes(&why_partition(&node).await), ["partition.log-opening"]);
    node.broker().partitions().insert(not_open_yet);
    assert_eq!(codes(&why_partition(&node).await), [""; 0]);
    node.stop().await;
    disk.release_locks();

    let epochs = Path::new("/data/t-0/leader-epoch-checkpoint");
    Disk::Simulated(disk.clone()).write_atomically(epochs, b"nonsense").expect("written");
    let mut node = start(&disk).await;
    let report = node.open(Silent).await.expect("opened");
    assert_eq!((report.opened, report.failed), (0, 1));
    while codes(&why_partition(&node).await) == ["partition.no-leader"] {
        tokio::task::yield_now().await;
    }
    assert_eq!(codes(&why_partition(&node).await), ["partition.log-not-opened"]);
}

/// Has the broker follow metadata in which `t-0` has the replicas 1 and 2, of which these are in sync, and this leader:
/// what a controller of several brokers would say. It is newer than all that the node's own says afterwards.
async fn with_two_replicas(node: &Node, isr: &[i32], leader: i32) {
    let mut image = (*node.broker().image()).clone();
    let change = PartitionChangeRecord {
        partition_id: 0,
        topic_id: image.topics.id_of("t").expect("it was made"),
        isr: Some(isr.to_vec()),
        leader,
        replicas: Some(vec![1, 2]),
        directories: Some(vec![Default::default(); 2]),
        ..Default::default()
    };
    image.replay(&MetadataRecord::PartitionChange(change)).expect("there is such a partition");
    image.provenance.offset = Offset(image.provenance.offset.0.max(1 << 60) + 1);
    let (_, images) = watch::channel(Arc::new(image));
    metadata_applier::run(node.broker().clone(), images, watch::Sender::new(false).subscribe()).await;
}

#[tokio::test]
async fn a_replica_that_does_not_fetch_holds_the_high_watermark_and_the_producer() {
    let disk = SimulatedDisk::default();
    let node = node(&disk).await;
    with_two_replicas(&node, &[1, 2], 1).await;
    let records = batch(BatchOptions::default());
    let (_, unacknowledged) =
        node.broker().append(vec![ProduceEntry { partition: partition(&node), records, guard: None }], -1);
    let client = WaitingClient { client_id: Some("writer".to_owned()), client_host: "/10.0.0.1".to_owned() };
    let waiting = node.broker().acknowledge(unacknowledged, Duration::from_secs(9), client);
    let answer = why_partition(&node).await;
    assert_eq!(codes(&answer), ["partition.not-replicated", "partition.produce-not-committed"]);
    assert_eq!(answer.waits[0].evidence, ["high watermark 0, log end 1, in sync: 1, 2"]);
    assert_eq!(text(&answer, "in-sync replicas"), "1, 2");

    with_two_replicas(&node, &[1], 1).await;
    waiting.await;
    let answer = why_partition(&node).await;
    assert_eq!((codes(&answer), number(&answer, "high watermark")), (vec![], 1));
}

#[tokio::test]
async fn replicas_that_are_missing_in_sync_have_producers_refused() {
    let disk = SimulatedDisk::default();
    let mut node = start(&disk).await;
    node.open(Silent).await.expect("opened");
    create_with(&node, "t", 1, &[("min.insync.replicas", "2")]).await;
    assert_eq!(codes(&why_partition(&node).await), [""; 0], "one replica is all that there is");
    with_two_replicas(&node, &[1], 1).await;
    let answer = why_partition(&node).await;
    assert_eq!(codes(&answer), ["partition.too-few-in-sync"]);
    assert_eq!(answer.waits[0].evidence, ["1 replicas are in sync, min.insync.replicas asks for 2"]);
    let refused = partition(&node).append(batch(BatchOptions::default()), -1, None, NOW_MS);
    let expected = PartitionAppendError::NotEnoughReplicas { in_sync: 1, needed: 2 };
    assert!(matches!(refused, Err(error) if error.to_string() == expected.to_string()));
    with_two_replicas(&node, &[1, 2], 1).await;
    assert_eq!(codes(&why_partition(&node).await), [""; 0]);
}

#[tokio::test]
async fn of_a_partition_without_leader_every_broker_says_who_could_lead_and_of_one_with_another_who_does() {
    let disk = SimulatedDisk::default();
    let node = node(&disk).await;
    with_two_replicas(&node, &[2], -1).await;
    let answer = why_partition(&node).await;
    assert_eq!((codes(&answer), number(&answer, "leader")), (vec!["partition.no-leader"], -1));
    assert_eq!(answer.waits[0].evidence, ["replicas: 1, 2; in sync: 2"]);

    with_two_replicas(&node, &[2], 2).await;
    let refused = why_partition(&node).await;
    assert_eq!(refused.error_code, ErrorCode::NotLeaderOrFollower.code());
    assert_eq!(refused.error_message.as_deref(), Some("node 2 leads the partition"));
}
