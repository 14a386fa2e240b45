//! `milena topic alter`.

use std::collections::BTreeMap;

use clap::Args;
use client::admin::{Admin, ConfigChange, ConfigOperation, ConfigResource, Effect, ResourceType};

use crate::commands::arguments::ChangeArguments;
use crate::commands::{completion, connect, key_value, missing};
use crate::failure::Failure;
use crate::output::{Report, Value, View};

/// Options of `milena topic alter`.
#[derive(Args, Clone, Debug)]
#[command(group(clap::ArgGroup::new("changes").required(true).multiple(true).args(["partitions", "set", "unset"])))]
pub struct AlterArguments {
    /// The topics.
    #[arg(required = true, value_name = "TOPIC", add = completion::topics())]
    pub topics: Vec<String>,

    /// Give each topic partitions until it has this many. Keys may be in another partition from then on.
    #[arg(short, long, value_name = "NUMBER")]
    pub partitions: Option<i32>,

    /// Set a key, such as retention.ms=3600000; may be repeated.
    #[arg(short = 'c', long = "config", value_name = "KEY=VALUE", value_parser = key_value::parse)]
    pub set: Vec<(String, String)>,

    /// Give a key its default again; may be repeated.
    #[arg(long, value_name = "KEY")]
    pub unset: Vec<String>,

    /// The options of every verb that changes something.
    #[command(flatten)]
    pub change: ChangeArguments,
}

pub(crate) fn alter(arguments: &AlterArguments) -> Result<(), Failure> {
    let (items, failures) = arguments.change.ask.ask(async |admin| {
        let mut failures = Vec::new();
        // Two calls: what the second would refuse is found out before the first changes anything.
        if arguments.partitions.is_some() && !changes(arguments).is_empty() {
            failures = carry_out(arguments, admin, Effect::ValidateOnly).await?;
        }
        if failures.is_empty() {
            failures = carry_out(arguments, admin, arguments.change.effect()).await?;
        }
        let outcome = arguments.change.done("altered");
        let items = arguments.topics.iter().filter(|_| failures.is_empty()).map(|name| {
            Value::object([("name", name.as_str().into()), ("outcome", outcome.as_str().into())])
        });
        Ok((items.collect(), failures))
    })?;
    let view = View::Sentences("topic {name} {outcome}");
    Report::many(items, view).print(&arguments.change.ask.output.output)?;
    Failure::of_all(failures)
}

async fn carry_out(
    arguments: &AlterArguments,
    admin: &Admin,
    effect: Effect,
) -> Result<Vec<Failure>, Failure> {
    let mut failures = Vec::new();
    if let Some(count) = arguments.partitions {
        let counts = arguments.topics.iter().map(|name| (name.clone(), count)).collect();
        let grown = admin.create_partitions(&counts, effect).await;
        failures.extend(missing::settle(admin, grown.map_err(|error| connect::failure(&error))?).await.1);
    }
    let changes = changes(arguments);
    if !changes.is_empty() {
        let resources: BTreeMap<_, _> = arguments
            .topics
            .iter()
            .map(|name| (ConfigResource::new(ResourceType::Topic, name), changes.clone()))
            .collect();
        let altered = admin.alter_configs(&resources, effect).await;
        failures.extend(missing::settle(admin, altered.map_err(|error| connect::failure(&error))?).await.1);
    }
    Ok(failures)
}

fn changes(arguments: &AlterArguments) -> Vec<ConfigChange> {
    let set = arguments.set.iter().map(|(name, value)| ConfigChange {
        name: name.clone(),
        operation: ConfigOperation::Set(value.clone()),
    });
    let unset = arguments
        .unset
        .iter()
        .map(|name| ConfigChange { name: name.clone(), operation: ConfigOperation::Delete });
    set.chain(unset).collect()
}
