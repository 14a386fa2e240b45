//! Time that moves when it is told to: what waits for hours happens at once, and not before.

use std::collections::BTreeMap;
use std::time::Duration;

use client::admin::OffsetToCommit;
use client::consumer::{Consumer, ConsumerConfig};
use client::producer::{Producer, ProducerConfig};
use embedded::{Api, ErrorCode, Milena};
use types::{Offset, TopicPartition};

use crate::clients::{admin, create, ends, group, member, producer, read, send};

const SECOND: Duration = Duration::from_secs(1);
const HOUR: Duration = Duration::from_secs(3_600);

#[tokio::test]
async fn the_wall_clock_stands_still_and_goes_as_far_as_it_is_told() {
    let node = Milena::builder().virtual_clock_at(1_000_000).start().expect("started");
    let begin_ms = node.clock().now_ms();
    assert!((1_000_000..1_010_000).contains(&begin_ms), "{begin_ms}: a start takes next to no time");
    create(&node, "t", &[]).await;
    assert_eq!(node.clock().now_ms(), begin_ms);
    node.advance(HOUR).await;
    assert_eq!(node.clock().now_ms(), begin_ms + 3_600_000);
    // The broker has sent its heartbeats meanwhile, and is in service.
    let config = ProducerConfig::default();
    let producer = Producer::new(node.client("producer"), config, node.clock(), io::Entropy::from_seed(1));
    send(&producer, "first").await.expect("acknowledged");
}

#[tokio::test]
async fn retention_takes_records_once_they_are_old() {
    let node = Milena::builder().virtual_clock().start().expect("started");
    create(&node, "t", &[("retention.ms", "3600000"), ("file.delete.delay.ms", "0")]).await;
    send(&producer(&node, 1), "old").await.expect("acknowledged");
    // Looked at every five minutes.
    node.advance(HOUR / 2).await;
    assert_eq!(ends(&node).await, (0, 1));
    node.advance(HOUR).await;
    assert_eq!(ends(&node).await, (1, 1));
}

#[tokio::test]
async fn a_member_that_is_gone_is_a_member_until_its_session_ends() {
    let node = Milena::builder().virtual_clock().start().expect("started");
    send(&producer(&node, 1), "first").await.expect("acknowledged");
    let consumer = member(&node, "reader");
    assert_eq!(read(&consumer).await, ["first"]);
    // Not closed: it says nothing.
    drop(consumer);
    node.advance(40 * SECOND).await;
    assert_eq!(group(&node).await.expect("there").state, "Stable");
    node.advance(10 * SECOND).await;
    let described = group(&node).await.expect("there");
    assert_eq!((&*described.state, described.members.len()), ("Empty", 0));
}

#[tokio::test]
async fn a_group_expires_with_its_offsets() {
    let node =
        Milena::builder().virtual_clock().set("offsets.retention.minutes", 30).start().expect("started");
    create(&node, "t", &[]).await;
    let commit = OffsetToCommit { offset: Offset(0), leader_epoch: None, metadata: String::new() };
    let offsets = BTreeMap::from([(TopicPartition::new("t", 0), commit)]);
    let committed = admin(&node).alter_group_offsets("g", &offsets).await.expect("answered");
    assert!(committed.values().all(Result::is_ok), "{committed:?}");
    node.advance(HOUR / 4).await;
    assert_eq!(group(&node).await.expect("there").state, "Empty");
    node.advance(HOUR).await;
    let gone = group(&node).await.expect_err("it has expired");
    assert_eq!(gone.code(), Some(ErrorCode::GroupIdNotFound));
}

#[tokio::test]
async fn a_fetch_waits_for_as_long_as_the_node_thinks_it_does() {
    let node = Milena::builder().virtual_clock().start().expect("started");
    create(&node, "t", &[]).await;
    let fetches = node.on(Api::Fetch).always().hold_answer();
    let consumer = Consumer::new(&node.client("reader"), ConsumerConfig::default());
    consumer.assign_at([(TopicPartition::new("t", 0), Offset(0))]).expect("nothing is subscribed to");
    let polling = tokio::spawn(async move { consumer.poll().await });
    fetches.struck().await;
    let next = node.on(Api::Fetch).of_client("reader").hold_answer();
    fetches.release();
    assert_eq!(next.strikes(), 0, "half a second does not pass by itself");
    node.advance(SECOND).await;
    next.struck().await;
    polling.abort();
}

#[tokio::test(start_paused = true)]
async fn on_the_programs_own_runtime_the_clock_goes_with_it() {
    let node = Milena::builder().virtual_clock_at(0).start_on_this_runtime().await.expect("started");
    let begin_ms = node.clock().now_ms();
    tokio::time::sleep(HOUR).await;
    assert!(node.clock().now_ms() >= begin_ms + 3_600_000);
    node.stop().await.expect("it had not failed");
}
