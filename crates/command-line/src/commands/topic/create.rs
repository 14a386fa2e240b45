//! `milena topic create`.

use clap::Args;
use client::ClientError;
use client::admin::{CreatedTopic, NewTopic};
use types::ErrorCode;

use crate::commands::arguments::ChangeArguments;
use crate::commands::{connect, key_value, missing};
use crate::failure::Failure;
use crate::output::{Report, Value, View};

/// Options of `milena topic create`.
#[derive(Args, Clone, Debug)]
pub struct CreateArguments {
    /// The topics.
    #[arg(required = true, value_name = "TOPIC")]
    pub topics: Vec<String>,

    /// How many partitions each has [default: num.partitions of the brokers].
    #[arg(short, long, value_name = "NUMBER")]
    pub partitions: Option<i32>,

    /// How many replicas each partition has [default: default.replication.factor of the brokers].
    #[arg(short, long, value_name = "NUMBER")]
    pub replication_factor: Option<i16>,

    /// Set a key of the topics, such as retention.ms=3600000; may be repeated.
    #[arg(short, long = "config", value_name = "KEY=VALUE", value_parser = key_value::parse)]
    pub configs: Vec<(String, String)>,

    /// Leave a topic that exists as it is.
    #[arg(long)]
    pub if_not_exists: bool,

    /// The options of every verb that changes something.
    #[command(flatten)]
    pub change: ChangeArguments,
}

pub(crate) fn create(arguments: &CreateArguments) -> Result<(), Failure> {
    let topics: Vec<NewTopic> = arguments.topics.iter().map(|name| new_topic(arguments, name)).collect();
    let (items, failures) = arguments.change.ask.ask(async |admin| {
        let created = admin.create_topics(&topics, arguments.change.effect()).await;
        let created = created.map_err(|error| connect::failure(&error))?;
        let (existing, others): (Vec<_>, Vec<_>) = created.into_iter().partition(|(_, outcome)| {
            arguments.if_not_exists
                && matches!(outcome, Err(ClientError::Topic { code: ErrorCode::TopicAlreadyExists, .. }))
        });
        let (created, failures) = missing::settle(admin, others.into_iter().collect()).await;
        let outcome = arguments.change.done("created");
        let created = created.into_iter().map(|(name, topic)| item(&name, &outcome, Some(topic)));
        let existing = existing.into_iter().map(|(name, _)| item(&name, "exists", None));
        Ok((created.chain(existing).collect(), failures))
    })?;
    let view = View::Sentences("topic {name} {outcome}");
    Report::many(items, view).print(&arguments.change.ask.output.output)?;
    Failure::of_all(failures)
}

fn new_topic(arguments: &CreateArguments, name: &str) -> NewTopic {
    NewTopic {
        name: name.to_owned(),
        partitions: arguments.partitions,
        replication_factor: arguments.replication_factor,
        assignments: Vec::new(),
        configs: arguments.configs.clone(),
    }
}

fn item(name: &str, outcome: &str, created: Option<CreatedTopic>) -> Value {
    let id = created.map(|topic| topic.id).filter(|id| *id != types::Uuid::default());
    Value::object([
        ("name", name.into()),
        ("outcome", outcome.into()),
        ("id", id.map(|id| id.to_string()).into()),
        ("partitions", created.and_then(|topic| topic.partitions).into()),
        ("replication_factor", created.and_then(|topic| topic.replication_factor).map(i32::from).into()),
    ])
}
