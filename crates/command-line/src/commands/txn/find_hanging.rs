//! `milena txn find-hanging`.

use std::time::Duration;

use clap::Args;
use io::Clock;
use types::TopicPartition;

use super::hanging::{OpenTransaction, hanging};
use crate::commands::arguments::AskArguments;
use crate::commands::{completion, connect, duration, missing};
use crate::failure::Failure;
use crate::output::{Column, Report, Value, View, column};

const COLUMNS: &[Column] = &[
    column("PARTITION", "name"),
    column("START OFFSET", "start_offset"),
    column("PRODUCER", "producer_id"),
    column("EPOCH", "epoch"),
    column("COORDINATOR EPOCH", "coordinator_epoch"),
    column("WROTE AT", "last_timestamp_ms"),
];

/// Options of `milena txn find-hanging`.
#[derive(Args, Clone, Debug)]
pub struct FindHangingArguments {
    /// The topics [default: all].
    #[arg(value_name = "TOPIC", add = completion::topics())]
    pub topics: Vec<String>,

    /// How long a producer has to have been silent: no less than transaction.max.timeout.ms of the brokers.
    #[arg(long, value_name = "DURATION", default_value = "15m", value_parser = duration::parse)]
    pub silent_for: Duration,

    /// The options of every verb.
    #[command(flatten)]
    pub ask: AskArguments,
}

pub(crate) fn find_hanging(arguments: &FindHangingArguments) -> Result<(), Failure> {
    let (found, failures) = arguments.ask.ask(async |admin| {
        let mut topics = arguments.topics.clone();
        if topics.is_empty() {
            let listed = admin.list_topics().await.map_err(|error| connect::failure(&error))?;
            topics.extend(listed.into_iter().map(|topic| topic.name.to_string()));
        }
        let described = admin.describe_topics(&topics).await.map_err(|error| connect::failure(&error))?;
        let (described, failures) = missing::settle(admin, described).await;
        let partitions: Vec<TopicPartition> = (described.iter())
            .flat_map(|(name, topic)| {
                topic.partitions.iter().map(|it| TopicPartition::new(name.as_str(), it.index))
            })
            .collect();
        let found = hanging(admin, &partitions, Clock::System.now_ms(), arguments.silent_for).await;
        Ok((found.map_err(|error| connect::failure(&error))?, failures))
    })?;
    let items = found.iter().map(item).collect();
    Report::many(items, View::Table(COLUMNS)).print(&arguments.ask.output.output)?;
    Failure::of_all(failures)
}

fn item(OpenTransaction { partition, producer }: &OpenTransaction) -> Value {
    Value::object([
        ("name", partition.to_string().into()),
        ("start_offset", producer.transaction_start.map(|start| start.0).into()),
        ("producer_id", producer.producer_id.into()),
        ("epoch", producer.epoch.into()),
        ("coordinator_epoch", producer.coordinator_epoch.into()),
        ("last_timestamp_ms", producer.last_timestamp_ms.into()),
    ])
}
