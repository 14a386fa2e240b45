//! `milena topic list`.

use clap::Args;

use crate::commands::arguments::AskArguments;
use crate::commands::connect;
use crate::failure::Failure;
use crate::output::{Column, Report, Value, View, column, wide};

const COLUMNS: &[Column] = &[
    column("NAME", "name"),
    column("PARTITIONS", "partitions"),
    column("REPLICAS", "replication_factor"),
    wide("ID", "id"),
    wide("INTERNAL", "internal"),
];

/// Options of `milena topic list`.
#[derive(Args, Clone, Debug)]
pub struct ListArguments {
    /// Only topics whose names hold this text.
    pub text: Option<String>,

    /// Also those that belong to the cluster itself, such as __consumer_offsets.
    #[arg(short, long)]
    pub internal: bool,

    /// The options of every verb.
    #[command(flatten)]
    pub ask: AskArguments,
}

pub(crate) fn list(arguments: &ListArguments) -> Result<(), Failure> {
    let topics = arguments
        .ask
        .ask(async |admin| admin.list_topics().await.map_err(|error| connect::failure(&error)))?;
    let text = arguments.text.as_deref().unwrap_or_default();
    let items = topics
        .into_iter()
        .filter(|topic| (arguments.internal || !topic.is_internal) && topic.name.contains(text))
        .map(|topic| {
            Value::object([
                ("name", topic.name.into()),
                ("partitions", topic.partitions.into()),
                ("replication_factor", topic.replication_factor.into()),
                ("id", topic.id.to_string().into()),
                ("internal", topic.is_internal.into()),
            ])
        });
    Report::many(items.collect(), View::Table(COLUMNS)).print(&arguments.ask.output.output)
}
