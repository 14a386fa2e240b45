//! A member of a group, of whichever protocol, until it is asked to leave.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;
use std::sync::atomic::Ordering;
use std::time::Duration;

use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer, ConsumerContext, Rebalance};
use rdkafka::error::KafkaError;
use rdkafka::message::{BorrowedMessage, Message};
use rdkafka::{ClientConfig, ClientContext, Offset, TopicPartitionList};
use serde_json::json;

use crate::speech::{Told, asked_to_leave, report, report_record, with_error};

/// Reports all that the member owns whenever it changes.
#[derive(Default)]
struct Owned {
    partitions: Mutex<BTreeSet<(String, i32)>>,
}

impl ClientContext for Owned {}

impl ConsumerContext for Owned {
    fn post_rebalance(&self, _: &BaseConsumer<Self>, rebalance: &Rebalance<'_>) {
        let places = |list: &TopicPartitionList| {
            list.elements().iter().map(|each| (each.topic().to_owned(), each.partition())).collect::<Vec<_>>()
        };
        let mut owned = self.partitions.lock().expect("nobody panics with it");
        match rebalance {
            Rebalance::Assign(gained) => owned.extend(places(gained)),
            Rebalance::Revoke(gone) => places(gone).iter().for_each(|place| {
                owned.remove(place);
            }),
            Rebalance::Error(error) => report(with_error(json!({}), error)),
        }
        report(json!({"assigned": *owned}));
    }
}

/// The settings of a consumer that is a member as it is told.
pub fn settings(told: &Told) -> ClientConfig {
    let member = told.member.as_ref().expect("a member is told its group");
    let strategy = if member.strategy == "cooperative" { "cooperative-sticky" } else { &member.strategy };
    let mut settings = ClientConfig::new();
    settings
        .set("bootstrap.servers", &told.bootstrap)
        .set("group.id", &member.group)
        .set("enable.auto.commit", "false")
        .set("auto.offset.reset", "earliest")
        .set("fetch.wait.max.ms", "100");
    if strategy == "server" {
        settings.set("group.protocol", "consumer");
    } else {
        settings
            .set("partition.assignment.strategy", strategy)
            .set("session.timeout.ms", member.session_ms.to_string())
            .set("heartbeat.interval.ms", member.heartbeat_ms.to_string());
    }
    if let Some(instance) = &member.instance {
        settings.set("group.instance.id", instance);
    }
    settings
}

pub fn run(told: &Told) {
    let member = told.member.as_ref().expect("a member is told its group");
    let consumer: BaseConsumer<Owned> =
        settings(told).create_with_context(Owned::default()).expect("settings are legal");
    let topics: Vec<_> = member.topics.iter().map(String::as_str).collect();
    consumer.subscribe(&topics).expect("topics are legal");
    let asked = asked_to_leave();
    while !asked.load(Ordering::Relaxed) {
        match consumer.poll(Duration::from_millis(100)) {
            None => {}
            Some(Ok(message)) => work(&consumer, &message, member.commit),
            Some(Err(error)) => {
                report(with_error(json!({}), &error));
                if matches!(error, KafkaError::MessageConsumptionFatal(_)) {
                    return;
                }
            }
        }
    }
    drop(consumer);
    report(json!({"left": true}));
}

/// Reports what is there already with the first record, and commits it all.
fn work(consumer: &BaseConsumer<Owned>, first: &BorrowedMessage<'_>, commit: bool) {
    let mut ends = BTreeMap::new();
    let mut take = |message: &BorrowedMessage<'_>| {
        report_record(json!({}), message);
        ends.insert((message.topic().to_owned(), message.partition()), message.offset() + 1);
    };
    take(first);
    while let Some(Ok(message)) = consumer.poll(Duration::ZERO) {
        take(&message);
    }
    if !commit {
        return;
    }
    let mut places = TopicPartitionList::new();
    for ((topic, partition), end) in &ends {
        places.add_partition_offset(topic, *partition, Offset::Offset(*end)).expect("the offset is one");
    }
    match consumer.commit(&places, CommitMode::Sync) {
        Err(error) => report(with_error(json!({}), &error)),
        Ok(()) => {
            let committed: Vec<_> =
                ends.iter().map(|((topic, index), end)| json!([topic, index, end])).collect();
            report(json!({"committed": committed}));
        }
    }
}
