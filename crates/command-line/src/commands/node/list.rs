//! `milena node list`.

use clap::Args;
use client::admin::Fenced;

use crate::commands::arguments::AskArguments;
use crate::commands::connect;
use crate::failure::Failure;
use crate::output::{Column, Report, Value, View, column};

const COLUMNS: &[Column] =
    &[column("NODE", "name"), column("ADDRESS", "address"), column("RACK", "rack"), column("STATE", "state")];

/// Options of `milena node list`.
#[derive(Args, Clone, Debug)]
pub struct ListArguments {
    /// The options of every verb.
    #[command(flatten)]
    pub ask: AskArguments,
}

pub(crate) fn list(arguments: &ListArguments) -> Result<(), Failure> {
    let cluster = arguments.ask.ask(async |admin| {
        admin.describe_cluster(Fenced::Included).await.map_err(|error| connect::failure(&error))
    })?;
    let items = cluster.nodes.into_iter().map(|node| {
        Value::object([
            ("name", node.id.into()),
            ("address", format!("{}:{}", node.host, node.port).into()),
            ("rack", node.rack.into()),
            ("state", if node.is_fenced { "fenced" } else { "in service" }.into()),
        ])
    });
    Report::many(items.collect(), View::Table(COLUMNS)).print(&arguments.ask.output.output)
}
