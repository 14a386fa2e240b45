//! A member of a group until it is asked to leave.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;
use std::time::Duration;

use client::ClientError;
use client::consumer::{
    Assignor, Callback, Consumer, ConsumerConfig, GroupProtocol, OffsetAndMetadata, OffsetReset, Offsets,
    PartitionRecords, RebalanceListener,
};
use serde_json::json;
use types::{ErrorCode, TopicPartition};

use crate::speech::{Member, Told, client, lines, report, report_record, with_error};

/// Reports all that the member owns whenever it changes.
#[derive(Default)]
struct Owned {
    partitions: BTreeSet<(String, i32)>,
}

impl Owned {
    fn report(&self) {
        report(json!({"assigned": self.partitions}));
    }
}

fn places(partitions: &[TopicPartition]) -> impl Iterator<Item = (String, i32)> {
    partitions.iter().map(|each| (each.topic.to_string(), each.partition.0))
}

impl RebalanceListener for Owned {
    fn assigned<'a>(&'a mut self, _: &'a Consumer, partitions: &'a [TopicPartition]) -> Callback<'a> {
        self.partitions.extend(places(partitions));
        self.report();
        Box::pin(async {})
    }

    fn revoked<'a>(&'a mut self, _: &'a Consumer, partitions: &'a [TopicPartition]) -> Callback<'a> {
        for place in places(partitions) {
            self.partitions.remove(&place);
        }
        self.report();
        Box::pin(async {})
    }
}

/// How a member of a group gets its partitions.
pub fn of_strategy(config: ConsumerConfig, strategy: &str) -> ConsumerConfig {
    if strategy == "server" {
        return config.group_protocol(GroupProtocol::Consumer);
    }
    let strategy = if strategy == "cooperative" { "cooperative-sticky" } else { strategy };
    config.partition_assignment_strategy(Assignor::by_name(strategy))
}

pub async fn run(told: &Told) {
    let member: Member = told.of_verb();
    let mut config = ConsumerConfig::of_group(&member.group)
        .session_timeout(Duration::from_millis(member.session_ms))
        .heartbeat_interval(Duration::from_millis(member.heartbeat_ms))
        .enable_auto_commit(false)
        .auto_offset_reset(OffsetReset::Earliest)
        .fetch_max_wait(Duration::from_millis(100));
    if let Some(instance) = &member.instance {
        config = config.group_instance_id(instance);
    }
    let consumer = Consumer::new(&client(told), of_strategy(config, &member.strategy));
    consumer.set_rebalance_listener(Owned::default()).await;
    let subscribed = match &member.pattern {
        Some(pattern) => consumer.subscribe_pattern(pattern),
        None => consumer.subscribe(member.topics.iter().map(String::as_str)),
    };
    subscribed.expect("a member has a group");
    let mut leave = lines();
    loop {
        let polled = tokio::select! {
            biased;
            _ = leave.recv() => break,
            polled = consumer.poll() => polled,
        };
        match polled {
            Ok(records) => work(&consumer, records, member.commit).await,
            Err(error) => {
                report(with_error(json!({}), &error));
                let ends = [ErrorCode::FencedInstanceId, ErrorCode::InvalidRegularExpression];
                if error.code().is_some_and(|code| ends.contains(&code)) {
                    return;
                }
            }
        }
    }
    match consumer.close().await {
        Ok(()) => report(json!({"left": true})),
        Err(error) => report(with_error(json!({}), &error)),
    }
}

/// Reports records, and commits them.
async fn work(consumer: &Consumer, records: PartitionRecords, commit: bool) {
    let read: Result<_, ClientError> = records.for_each(|record| {
        report_record(json!({}), records.partition.partition.0, &record);
        ControlFlow::<()>::Continue(())
    });
    if let Err(error) = read {
        return report(with_error(json!({}), &error));
    }
    if !commit {
        return;
    }
    let end = OffsetAndMetadata::at(records.next_position);
    let offsets: Offsets = BTreeMap::from([(records.partition.clone(), end)]);
    match consumer.commit_sync(offsets).await {
        Err(error) => report(with_error(json!({}), &error)),
        Ok(()) => {
            let place = (&*records.partition.topic, records.partition.partition.0, records.next_position.0);
            report(json!({"committed": [place]}));
        }
    }
}
