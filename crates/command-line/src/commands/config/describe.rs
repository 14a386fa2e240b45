//! `milena config describe`.

use clap::Args;
use client::admin::ConfigEntry;

use super::resource::{ResourceArgument, entries};
use crate::commands::arguments::AskArguments;
use crate::failure::Failure;
use crate::output::suggest::{nearest, or_nearest};
use crate::output::{Column, Report, Value, View, column, wide};

const COLUMNS: &[Column] = &[
    column("KEY", "name"),
    column("VALUE", "value"),
    column("FROM", "source"),
    wide("READ-ONLY", "read_only"),
    wide("OTHERWISE", "synonyms"),
];

/// Options of `milena config describe`.
#[derive(Args, Clone, Debug)]
pub struct DescribeArguments {
    /// The kind of thing.
    pub kind: ResourceArgument,

    /// Its name; a broker's number, or all for what every broker has.
    pub name: String,

    /// These keys only [default: those that are not at their defaults].
    pub keys: Vec<String>,

    /// Every key.
    #[arg(short, long, conflicts_with = "keys")]
    pub all: bool,

    /// The options of every verb.
    #[command(flatten)]
    pub ask: AskArguments,
}

pub(crate) fn describe(arguments: &DescribeArguments) -> Result<(), Failure> {
    let resource = arguments.kind.named(&arguments.name)?;
    let mut found = arguments.ask.ask(async |admin| entries(admin, &resource).await)?;
    if arguments.keys.is_empty() {
        found.retain(|entry| arguments.all || entry.source != client::admin::ConfigSource::Default);
    } else {
        if let Some(key) = arguments.keys.iter().find(|key| !found.iter().any(|entry| entry.name == **key)) {
            let nearest = nearest(key, found.iter().map(|entry| entry.name.as_str()));
            return Err(Failure::not_found(
                "unknown-key",
                format!("{resource} has no key {key}{}", or_nearest(nearest)),
            ));
        }
        found.retain(|entry| arguments.keys.contains(&entry.name));
    }
    found.sort_by(|left, right| left.name.cmp(&right.name));
    let items = found.into_iter().map(item).collect();
    Report::many(items, View::Table(COLUMNS)).print(&arguments.ask.output.output)
}

fn item(entry: ConfigEntry) -> Value {
    let synonyms = entry.synonyms.iter().map(|synonym| {
        let value = synonym.value.as_deref().unwrap_or_default();
        format!("{}={value} ({})", synonym.name, synonym.source.name())
    });
    let synonyms = Value::list(synonyms);
    Value::object([
        ("name", entry.name.into()),
        ("value", entry.value.into()),
        ("source", entry.source.name().into()),
        ("read_only", entry.is_read_only.into()),
        ("sensitive", entry.is_sensitive.into()),
        ("synonyms", synonyms),
        ("documentation", entry.documentation.into()),
    ])
}
