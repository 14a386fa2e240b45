//! `milena partition producers`.

use clap::Args;
use client::admin::ProducerDescription;
use types::TopicPartition;

use super::known;
use crate::commands::arguments::AskArguments;
use crate::commands::{connect, missing, topic_partition};
use crate::failure::Failure;
use crate::output::{Column, Report, Value, View, column};

const COLUMNS: &[Column] = &[
    column("PARTITION", "name"),
    column("PRODUCER", "producer_id"),
    column("EPOCH", "epoch"),
    column("SEQUENCE", "last_sequence"),
    column("WROTE AT", "last_timestamp_ms"),
    column("TRANSACTION FROM", "transaction_start"),
];

/// Options of `milena partition producers`.
#[derive(Args, Clone, Debug)]
pub struct ProducersArguments {
    /// The partitions, such as orders-0.
    #[arg(required = true, value_name = "TOPIC-PARTITION", value_parser = topic_partition::parse)]
    pub partitions: Vec<TopicPartition>,

    /// The options of every verb.
    #[command(flatten)]
    pub ask: AskArguments,
}

pub(crate) fn producers(arguments: &ProducersArguments) -> Result<(), Failure> {
    let (found, failures) = arguments.ask.ask(async |admin| {
        let (known, mut failures) = known::split(admin, &arguments.partitions).await?;
        let described = admin.describe_producers(&known).await.map_err(|error| connect::failure(&error))?;
        let (found, refused) = missing::settle(admin, described).await;
        failures.extend(refused);
        Ok((found, failures))
    })?;
    let items =
        found.iter().flat_map(|(partition, producers)| producers.iter().map(|it| item(partition, it)));
    Report::many(items.collect(), View::Table(COLUMNS)).print(&arguments.ask.output.output)?;
    Failure::of_all(failures)
}

fn item(partition: &TopicPartition, producer: &ProducerDescription) -> Value {
    Value::object([
        ("name", partition.to_string().into()),
        ("producer_id", producer.producer_id.into()),
        ("epoch", producer.epoch.into()),
        ("last_sequence", producer.last_sequence.into()),
        ("last_timestamp_ms", producer.last_timestamp_ms.into()),
        ("transaction_start", producer.transaction_start.map(|start| start.0).into()),
    ])
}
