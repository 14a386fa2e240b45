//! Groups of the consumer protocol (KIP-848) on a whole node: settings, patterns, and what `milena why` tells of them.

use broker::coordinators::groups::OFFSETS_TOPIC;
use controller_node::{ConfigChange, ConfigOperation, ResourceChanges};
use io::Clock;
use io::disk::SimulatedDisk;
use metadata::{ConfigResource, ConfigResourceType};
use protocol::api;
use protocol::messages::consumer_group_describe_request::ConsumerGroupDescribeRequest;
use protocol::messages::consumer_group_describe_response::ConsumerGroupDescribeResponse;
use protocol::messages::consumer_group_heartbeat_request::{ConsumerGroupHeartbeatRequest, TopicPartitions};
use protocol::messages::consumer_group_heartbeat_response::ConsumerGroupHeartbeatResponse;
use protocol::private_messages::why_response::WhyResponse;
use types::ErrorCode;

use crate::Node;
use crate::assembly::Silent;
use crate::node_test::{create_with, start_with};
use crate::why_test::{GROUP, call, codes, number, text, why_group};

/// A node with the topic `t` of two partitions, and groups in one partition.
async fn node(settings: &[(&str, &str)]) -> (Node, Clock) {
    let disk = SimulatedDisk::default();
    let (mut node, clock) = start_with(&disk, settings).await;
    node.open(Silent).await.expect("opened");
    create_with(&node, "t", 2, &[]).await;
    create_with(&node, OFFSETS_TOPIC, 1, &[]).await;
    while codes(&why_group(&node).await) == ["group.loading"] {
        tokio::task::yield_now().await;
    }
    (node, clock)
}

async fn ask(node: &Node, request: ConsumerGroupHeartbeatRequest) -> ConsumerGroupHeartbeatResponse {
    let request = ConsumerGroupHeartbeatRequest { group_id: GROUP.to_owned(), ..request };
    call(node, api::CONSUMER_GROUP_HEARTBEAT, 1, &request).await
}

async fn beat(node: &Node, request: ConsumerGroupHeartbeatRequest) -> ConsumerGroupHeartbeatResponse {
    let answer = ask(node, request).await;
    assert_eq!(answer.error_code, 0, "{answer:?}");
    answer
}

fn joining(member: &str) -> ConsumerGroupHeartbeatRequest {
    ConsumerGroupHeartbeatRequest {
        member_id: member.to_owned(),
        rebalance_timeout_ms: 60_000,
        subscribed_topic_names: Some(vec!["t".to_owned()]),
        topic_partitions: Some(Vec::new()),
        ..Default::default()
    }
}

async fn join(node: &Node, member: &str) -> i32 {
    beat(node, joining(member)).await.member_epoch
}

fn living(member: &str, member_epoch: i32) -> ConsumerGroupHeartbeatRequest {
    ConsumerGroupHeartbeatRequest { member_id: member.to_owned(), member_epoch, ..Default::default() }
}

async fn set(node: &Node, resource: ConfigResource, key: &str, value: &str) {
    let change =
        ConfigChange { name: key.to_owned(), operation: ConfigOperation::Set, value: Some(value.to_owned()) };
    let changes = ResourceChanges { resource, changes: vec![change] };
    let controller = &node.handlers().controller;
    let outcomes = controller.incremental_alter_configs(vec![changes], false).await.expect("decided");
    assert_eq!(outcomes[0].1, Ok(()), "{key}={value}");
    node.broker().applied(controller.image().provenance.offset).await;
}

/// The heartbeat of a member that has these partitions of `t`; its epoch, and how many partitions it is told of.
async fn has(node: &Node, member: &str, epoch: i32, partitions: &[i32]) -> (i32, Option<usize>) {
    let topic_id = node.broker().image().topics.id_of("t").expect("it was made");
    let owned = TopicPartitions { topic_id, partitions: partitions.to_vec(), ..Default::default() };
    let owned = if partitions.is_empty() { Vec::new() } else { vec![owned] };
    let request = ConsumerGroupHeartbeatRequest { topic_partitions: Some(owned), ..living(member, epoch) };
    let answer = beat(node, request).await;
    let told =
        answer.assignment.map(|it| it.topic_partitions.iter().map(|topic| topic.partitions.len()).sum());
    (answer.member_epoch, told)
}

fn is(answer: &WhyResponse, state: &str, waits: &[&str]) {
    assert_eq!((text(answer, "state").as_str(), &codes(answer)[..]), (state, waits), "{answer:?}");
}

#[tokio::test(start_paused = true)]
async fn each_step_of_a_rebalance_names_the_member_that_has_to_go_on() {
    let (node, clock) = node(&[]).await;
    let one = join(&node, "one").await;
    is(&why_group(&node).await, "Stable", &[]);

    let two = join(&node, "two").await;
    let due = why_group(&node).await;
    is(&due, "Assigning", &["group.target-is-due"]);
    assert_eq!(due.waits[0].left_ms, 1_000, "consumer.assignment.interval.ms");

    clock.set_ms(clock.now_ms() + 1_000);
    let (two, _) = has(&node, "two", two, &[]).await;
    let behind = why_group(&node).await;
    is(&behind, "Reconciling", &["group.member-is-behind", "group.member-waits-for-partitions"]);
    assert!(behind.waits[0].evidence[0].starts_with("member one "), "{behind:?}");
    assert_eq!(behind.waits[1].evidence[1], "t-1: one has it");
    assert_eq!((number(&behind, "group epoch"), number(&behind, "assignment epoch")), (3, 3));

    let (one, told) = has(&node, "one", one, &[0, 1]).await;
    assert_eq!(told, Some(1));
    let keeps = why_group(&node).await;
    is(&keeps, "Reconciling", &["group.member-has-to-give-up", "group.member-waits-for-partitions"]);
    assert_eq!((keeps.waits[0].evidence[1].as_str(), keeps.waits[0].left_ms), ("t-1", 60_000));

    has(&node, "one", one, &[0]).await;
    let free = why_group(&node).await;
    is(&free, "Reconciling", &["group.member-waits-for-partitions"]);
    assert!(free.waits[0].evidence[0].starts_with("member two "), "{free:?}");
    assert_eq!(free.waits[0].evidence.len(), 1, "nobody has them: {free:?}");

    assert_eq!(has(&node, "two", two, &[]).await.1, Some(1));
    is(&why_group(&node).await, "Stable", &[]);
    node.release_waits();
}

#[tokio::test(start_paused = true)]
async fn settings_of_groups_count_from_the_next_heartbeat() {
    let (node, _) = node(&[]).await;
    let joined = beat(&node, joining("one")).await;
    assert_eq!(joined.heartbeat_interval_ms, 5_000);
    let group = ConfigResource { resource_type: ConfigResourceType::Group, name: GROUP.to_owned() };
    set(&node, group, "consumer.heartbeat.interval.ms", "7000").await;
    let told = beat(&node, living("one", joined.member_epoch)).await;
    assert_eq!(told.heartbeat_interval_ms, 7_000);

    set(&node, ConfigResource::broker_defaults(), "group.consumer.assignment.interval.ms", "0").await;
    join(&node, "two").await;
    is(
        &why_group(&node).await,
        "Reconciling",
        &["group.member-is-behind", "group.member-waits-for-partitions"],
    );
    node.release_waits();
}

#[tokio::test(start_paused = true)]
async fn a_pattern_means_topics_that_are_there_and_topics_that_come() {
    let (node, clock) = node(&[("group.consumer.assignment.interval.ms", "0")]).await;
    let joining = ConsumerGroupHeartbeatRequest {
        subscribed_topic_names: None,
        subscribed_topic_regex: Some("t(-[0-9]+)?".to_owned()),
        ..joining("one")
    };
    let mut epoch = beat(&node, joining).await.member_epoch;
    // Patterns are resolved beside the coordinator: a heartbeat after that tells what they mean.
    let mut told = async |topics: usize| {
        for _ in 0..100 {
            let answer = beat(&node, living("one", epoch)).await;
            epoch = answer.member_epoch;
            if answer.assignment.is_some_and(|it| it.topic_partitions.len() == topics) {
                return;
            }
            tokio::task::yield_now().await;
        }
        panic!("never told of {topics} topics");
    };
    told(1).await;
    create_with(&node, "t-1", 3, &[]).await;
    create_with(&node, "tea", 3, &[]).await;
    // Not before more than ten seconds have passed, as with Kafka.
    clock.set_ms(clock.now_ms() + 10_001);
    told(2).await;
    let request = ConsumerGroupHeartbeatRequest {
        subscribed_topic_regex: Some("t(".to_owned()),
        ..living("one", epoch)
    };
    let refused = ask(&node, request).await;
    assert_eq!(refused.error_code, ErrorCode::InvalidRegularExpression.code());
    let words = "SubscribedTopicRegex `t(` is not a valid regular expression: missing closing ).";
    assert_eq!(refused.error_message.as_deref(), Some(words));
    node.release_waits();
}

#[tokio::test(start_paused = true)]
async fn a_node_without_the_protocol_says_so() {
    let (node, _) = node(&[("group.coordinator.rebalance.protocols", "classic")]).await;
    let unsupported = ErrorCode::UnsupportedVersion.code();
    assert_eq!(ask(&node, joining("one")).await.error_code, unsupported);
    let request = ConsumerGroupDescribeRequest { group_ids: vec![GROUP.to_owned()], ..Default::default() };
    let described: ConsumerGroupDescribeResponse =
        call(&node, api::CONSUMER_GROUP_DESCRIBE, 1, &request).await;
    let codes: Vec<i16> = described.groups.iter().map(|group| group.error_code).collect();
    assert_eq!(codes, [unsupported]);
    node.release_waits();
}
