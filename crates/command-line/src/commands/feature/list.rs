//! `milena feature list`.

use clap::Args;

use crate::commands::arguments::AskArguments;
use crate::commands::connect;
use crate::failure::Failure;
use crate::output::{Column, Report, Value, View, column};

const COLUMNS: &[Column] =
    &[column("NAME", "name"), column("LEVEL", "level"), column("FROM", "min"), column("TO", "max")];

/// Options of `milena feature list`.
#[derive(Args, Clone, Debug)]
pub struct ListArguments {
    /// The options of every verb.
    #[command(flatten)]
    pub ask: AskArguments,
}

pub(crate) fn list(arguments: &ListArguments) -> Result<(), Failure> {
    let features = arguments
        .ask
        .ask(async |admin| admin.describe_features().await.map_err(|error| connect::failure(&error)))?;
    let items = features.into_iter().map(|(name, feature)| {
        let level = |level: Option<i16>| level.map(i32::from).into();
        Value::object([
            ("name", name.into()),
            ("level", level(feature.finalized)),
            ("min", level(feature.supported.map(|(min, _)| min))),
            ("max", level(feature.supported.map(|(_, max)| max))),
        ])
    });
    Report::many(items.collect(), View::Table(COLUMNS)).print(&arguments.ask.output.output)
}
