//! `milena txn list`.

use std::time::Duration;

use clap::Args;
use client::admin::TransactionsFilter;

use crate::commands::arguments::AskArguments;
use crate::commands::{connect, duration};
use crate::failure::Failure;
use crate::output::{Column, Report, Value, View, column};

const COLUMNS: &[Column] = &[
    column("NAME", "name"),
    column("STATE", "state"),
    column("PRODUCER", "producer_id"),
    column("COORDINATOR", "coordinator"),
];

/// Options of `milena txn list`.
#[derive(Args, Clone, Debug)]
pub struct ListArguments {
    /// Only transactional ids that hold this text.
    pub text: Option<String>,

    /// Only those that match this regular expression as a whole.
    #[arg(long, value_name = "REGEX")]
    pub pattern: Option<String>,

    /// Only those in one of these states, such as Ongoing or PrepareCommit.
    #[arg(long, value_name = "STATE", value_delimiter = ',')]
    pub state: Vec<String>,

    /// Only those of these producers.
    #[arg(long, value_name = "ID", value_delimiter = ',')]
    pub producer: Vec<i64>,

    /// Only those whose transaction began longer ago, such as 90s or 15m.
    #[arg(long, value_name = "DURATION", value_parser = duration::parse)]
    pub longer_than: Option<Duration>,

    /// The options of every verb.
    #[command(flatten)]
    pub ask: AskArguments,
}

pub(crate) fn list(arguments: &ListArguments) -> Result<(), Failure> {
    let filter = TransactionsFilter {
        states: arguments.state.clone(),
        producer_ids: arguments.producer.clone(),
        longer_than_ms: arguments.longer_than.map(|it| i64::try_from(it.as_millis()).unwrap_or(i64::MAX)),
        id_pattern: arguments.pattern.clone(),
    };
    let listed = arguments.ask.ask(async |admin| {
        admin.list_transactions(&filter).await.map_err(|error| connect::failure(&error))
    })?;
    let text = arguments.text.as_deref().unwrap_or_default();
    let items = listed.into_iter().filter(|it| it.transactional_id.contains(text)).map(|it| {
        Value::object([
            ("name", it.transactional_id.into()),
            ("state", it.state.into()),
            ("producer_id", it.producer_id.into()),
            ("coordinator", it.coordinator.into()),
        ])
    });
    Report::many(items.collect(), View::Table(COLUMNS)).print(&arguments.ask.output.output)
}
