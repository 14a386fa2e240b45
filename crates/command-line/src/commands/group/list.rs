//! `milena group list`.

use clap::Args;

use crate::commands::arguments::AskArguments;
use crate::commands::connect;
use crate::failure::Failure;
use crate::output::{Column, Report, Value, View, column};

const COLUMNS: &[Column] = &[
    column("NAME", "name"),
    column("STATE", "state"),
    column("TYPE", "type"),
    column("PROTOCOL", "protocol_type"),
];

/// Options of `milena group list`.
#[derive(Args, Clone, Debug)]
pub struct ListArguments {
    /// Only groups whose names hold this text.
    pub text: Option<String>,

    /// The options of every verb.
    #[command(flatten)]
    pub ask: AskArguments,
}

pub(crate) fn list(arguments: &ListArguments) -> Result<(), Failure> {
    let groups = arguments
        .ask
        .ask(async |admin| admin.list_groups().await.map_err(|error| connect::failure(&error)))?;
    let text = arguments.text.as_deref().unwrap_or_default();
    let items = groups.into_iter().filter(|group| group.group.contains(text)).map(|group| {
        Value::object([
            ("name", group.group.into()),
            ("state", group.state.into()),
            ("type", group.group_type.into()),
            ("protocol_type", group.protocol_type.into()),
        ])
    });
    Report::many(items.collect(), View::Table(COLUMNS)).print(&arguments.ask.output.output)
}
