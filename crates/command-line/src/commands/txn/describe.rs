//! `milena txn describe`.

use clap::Args;
use client::admin::TransactionDescription;
use types::TopicPartition;

use crate::commands::arguments::AskArguments;
use crate::commands::{completion, connect, missing};
use crate::failure::Failure;
use crate::output::{Column, Report, Value, View, column};

const FACTS: &[Column] = &[
    column("transactional id", "name"),
    column("state", "state"),
    column("coordinator", "coordinator"),
    column("producer", "producer_id"),
    column("epoch", "producer_epoch"),
    column("timeout ms", "timeout_ms"),
    column("began at", "started_at_ms"),
];

const PARTITIONS: &[Column] = &[column("TOPIC", "topic"), column("PARTITION", "partition")];

/// Options of `milena txn describe`.
#[derive(Args, Clone, Debug)]
pub struct DescribeArguments {
    /// The transactional ids.
    #[arg(required = true, value_name = "TRANSACTIONAL-ID", add = completion::transactional_ids())]
    pub transactional_ids: Vec<String>,

    /// The options of every verb.
    #[command(flatten)]
    pub ask: AskArguments,
}

pub(crate) fn describe(arguments: &DescribeArguments) -> Result<(), Failure> {
    let (found, failures) = arguments.ask.ask(async |admin| {
        let described = admin.describe_transactions(&arguments.transactional_ids).await;
        let described = described.map_err(|error| connect::failure(&error))?;
        Ok(missing::settle(admin, described).await)
    })?;
    let items = found.iter().map(|(_, described)| item(described)).collect();
    let view = View::Pages { facts: FACTS, tables: &[("partitions", PARTITIONS)] };
    Report::many(items, view).print(&arguments.ask.output.output)?;
    Failure::of_all(failures)
}

fn item(described: &TransactionDescription) -> Value {
    let partition = |TopicPartition { topic, partition }: &TopicPartition| {
        Value::object([("topic", topic.as_ref().into()), ("partition", partition.0.into())])
    };
    Value::object([
        ("name", described.transactional_id.as_str().into()),
        ("state", described.state.as_str().into()),
        ("coordinator", described.coordinator.into()),
        ("producer_id", described.producer_id.into()),
        ("producer_epoch", i32::from(described.producer_epoch).into()),
        ("timeout_ms", described.timeout_ms.into()),
        ("started_at_ms", described.started_at_ms.into()),
        ("partitions", Value::List(described.partitions.iter().map(partition).collect())),
    ])
}
