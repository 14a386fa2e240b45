//! `milena partition list-moves`.

use clap::Args;

use crate::commands::arguments::AskArguments;
use crate::commands::connect;
use crate::failure::Failure;
use crate::output::{Column, Report, Value, View, column};

const COLUMNS: &[Column] = &[
    column("PARTITION", "name"),
    column("REPLICAS", "replicas"),
    column("ADDING", "adding"),
    column("REMOVING", "removing"),
];

/// Options of `milena partition list-moves`.
#[derive(Args, Clone, Debug)]
pub struct ListMovesArguments {
    /// The options of every verb.
    #[command(flatten)]
    pub ask: AskArguments,
}

pub(crate) fn list_moves(arguments: &ListMovesArguments) -> Result<(), Failure> {
    let under_way = arguments
        .ask
        .ask(async |admin| admin.list_reassignments(None).await.map_err(|error| connect::failure(&error)))?;
    let items = under_way.into_iter().map(|(partition, moving)| {
        Value::object([
            ("name", partition.to_string().into()),
            ("replicas", Value::list(moving.replicas)),
            ("adding", Value::list(moving.adding)),
            ("removing", Value::list(moving.removing)),
        ])
    });
    Report::many(items.collect(), View::Table(COLUMNS)).print(&arguments.ask.output.output)
}
