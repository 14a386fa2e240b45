//! `milena config diff`.

use std::collections::BTreeMap;

use clap::Args;

use super::resource::{ResourceArgument, entries};
use crate::commands::arguments::AskArguments;
use crate::failure::Failure;
use crate::output::{Column, Report, Value, View, column};

const COLUMNS: &[Column] = &[column("KEY", "name"), column("LEFT", "left"), column("RIGHT", "right")];

/// Options of `milena config diff`.
#[derive(Args, Clone, Debug)]
pub struct DiffArguments {
    /// The kind of thing.
    pub kind: ResourceArgument,

    /// The name of the one.
    pub left: String,

    /// The name of the other.
    pub right: String,

    /// The options of every verb.
    #[command(flatten)]
    pub ask: AskArguments,
}

pub(crate) fn diff(arguments: &DiffArguments) -> Result<(), Failure> {
    let resources = [arguments.kind.named(&arguments.left)?, arguments.kind.named(&arguments.right)?];
    let [left, right] = arguments.ask.ask(async |admin| {
        let [left, right] = &resources;
        Ok([values(entries(admin, left).await?), values(entries(admin, right).await?)])
    })?;
    let keys: std::collections::BTreeSet<&String> = left.keys().chain(right.keys()).collect();
    let items = keys.into_iter().filter(|key| left.get(*key) != right.get(*key)).map(|key| {
        let value = |side: &Values| Value::from(side.get(key).cloned().flatten());
        Value::object([("name", key.as_str().into()), ("left", value(&left)), ("right", value(&right))])
    });
    Report::many(items.collect(), View::Table(COLUMNS)).print(&arguments.ask.output.output)
}

type Values = BTreeMap<String, Option<String>>;

fn values(entries: Vec<client::admin::ConfigEntry>) -> Values {
    entries.into_iter().map(|entry| (entry.name, entry.value)).collect()
}
