//! `milena feature set`.

use std::collections::BTreeMap;

use clap::Args;
use client::admin::{FeatureDirection, FeatureUpdate};

use crate::commands::arguments::ChangeArguments;
use crate::commands::{connect, key_value, missing};
use crate::failure::Failure;
use crate::output::suggest::{nearest, or_nearest};
use crate::output::{Report, Value, View};

/// Options of `milena feature set`.
#[derive(Args, Clone, Debug)]
pub struct SetArguments {
    /// Features and their levels; 0 takes a feature out of use.
    #[arg(required = true, value_name = "NAME=LEVEL", value_parser = one_level)]
    pub levels: Vec<(String, i16)>,

    /// Let a level fall where nothing is lost by it.
    #[arg(long)]
    pub downgrade: bool,

    /// Let a level fall whatever is lost by it.
    #[arg(long = "unsafe", requires = "downgrade")]
    pub is_unsafe: bool,

    /// The options of every verb that changes something.
    #[command(flatten)]
    pub change: ChangeArguments,
}

pub(crate) fn set(arguments: &SetArguments) -> Result<(), Failure> {
    let direction = match (arguments.downgrade, arguments.is_unsafe) {
        (false, _) => FeatureDirection::Upgrade,
        (true, false) => FeatureDirection::SafeDowngrade,
        (true, true) => FeatureDirection::UnsafeDowngrade,
    };
    let update = |level: &i16| FeatureUpdate { level: *level, direction };
    let updates: BTreeMap<String, FeatureUpdate> =
        arguments.levels.iter().map(|(name, level)| (name.clone(), update(level))).collect();
    arguments.change.ask.ask(async |admin| {
        let known = admin.describe_features().await.map_err(|error| connect::failure(&error))?;
        if let Some(name) = updates.keys().find(|name| !known.contains_key(*name)) {
            let nearest = nearest(name, known.keys().map(String::as_str));
            let told = format!("the cluster knows no feature {name}{}", or_nearest(nearest));
            return Err(Failure::not_found("feature", told));
        }
        let updated = admin.update_features(&updates, arguments.change.effect()).await;
        let updated = updated.map_err(|error| connect::failure(&error))?;
        Failure::of_all(missing::settle(admin, updated).await.1)
    })?;
    let outcome = arguments.change.done("set");
    let items = updates.iter().map(|(name, update)| {
        let level = i32::from(update.level).into();
        Value::object([
            ("name", name.as_str().into()),
            ("level", level),
            ("outcome", outcome.as_str().into()),
        ])
    });
    let view = View::Sentences("feature {name} {outcome} to {level}");
    Report::many(items.collect(), view).print(&arguments.change.ask.output.output)
}

fn one_level(text: &str) -> Result<(String, i16), String> {
    let (name, level) = key_value::parse(text)?;
    let level = level.trim().parse().map_err(|_| "a level is a number".to_owned())?;
    Ok((name, level))
}
