//! `milena quota describe`.

use std::collections::BTreeMap;

use clap::Args;
use client::admin::{QuotaFilter, QuotaMatch};

use super::entity::{EntityArguments, told};
use crate::commands::arguments::AskArguments;
use crate::commands::connect;
use crate::failure::Failure;
use crate::output::{Column, Report, Value, View, column};

const COLUMNS: &[Column] = &[column("FOR", "name"), column("QUOTA", "key"), column("VALUE", "value")];

/// Options of `milena quota describe`.
#[derive(Args, Clone, Debug)]
pub struct DescribeArguments {
    /// For whom [default: everybody].
    #[command(flatten)]
    pub entity: EntityArguments,

    /// The options of every verb.
    #[command(flatten)]
    pub ask: AskArguments,
}

pub(crate) fn describe(arguments: &DescribeArguments) -> Result<(), Failure> {
    let matches: BTreeMap<String, QuotaMatch> = arguments
        .entity
        .parts()
        .into_iter()
        .map(|(kind, name)| (kind, name.map_or(QuotaMatch::Default, QuotaMatch::Exact)))
        .collect();
    let found = arguments.ask.ask(async |admin| {
        let found = admin.describe_quotas(&matches, QuotaFilter::Loose).await;
        found.map_err(|error| connect::failure(&error))
    })?;
    let items = found.iter().flat_map(|(entity, values)| {
        values.iter().map(|(key, value)| {
            let names = entity.iter().map(|(kind, name)| (kind.clone(), name.clone().into())).collect();
            Value::object([
                ("name", told(entity).into()),
                ("entity", Value::Object(names)),
                ("key", key.as_str().into()),
                ("value", (*value).into()),
            ])
        })
    });
    Report::many(items.collect(), View::Table(COLUMNS)).print(&arguments.ask.output.output)
}
