//! `milena topic describe`.

use clap::Args;
use client::admin::{
    Admin, ConfigEntry, ConfigResource, PartitionDescription, ResourceType, TopicDescription,
};

use crate::commands::arguments::AskArguments;
use crate::commands::{completion, connect, missing};
use crate::failure::Failure;
use crate::output::{Column, Report, Value, View, column, wide};

const FACTS: &[Column] = &[
    column("topic", "name"),
    column("id", "id"),
    column("internal", "internal"),
    column("replication factor", "replication_factor"),
    column("configs", "configs"),
];

const PARTITIONS: &[Column] = &[
    column("PARTITION", "partition"),
    column("LEADER", "leader"),
    column("EPOCH", "leader_epoch"),
    column("REPLICAS", "replicas"),
    column("IN-SYNC", "in_sync_replicas"),
    column("OFFLINE", "offline_replicas"),
    wide("ELIGIBLE", "eligible_leader_replicas"),
];

/// Options of `milena topic describe`.
#[derive(Args, Clone, Debug)]
pub struct DescribeArguments {
    /// The topics.
    #[arg(required = true, value_name = "TOPIC", add = completion::topics())]
    pub topics: Vec<String>,

    /// The options of every verb.
    #[command(flatten)]
    pub ask: AskArguments,
}

pub(crate) fn describe(arguments: &DescribeArguments) -> Result<(), Failure> {
    let (items, failures) = arguments.ask.ask(async |admin| {
        let described = admin.describe_topics(&arguments.topics).await;
        let described = described.map_err(|error| connect::failure(&error))?;
        let (found, mut failures) = missing::settle(admin, described).await;
        let mut items = Vec::new();
        for (name, topic) in found {
            match set_keys(admin, &name).await {
                Ok(configs) => items.push(item(topic, configs)),
                Err(failure) => failures.push(failure),
            }
        }
        Ok((items, failures))
    })?;
    let view = View::Pages { facts: FACTS, tables: &[("partitions", PARTITIONS)] };
    Report::many(items, view).print(&arguments.ask.output.output)?;
    Failure::of_all(failures)
}

/// The keys that somebody set for this topic.
async fn set_keys(admin: &Admin, topic: &str) -> Result<Vec<ConfigEntry>, Failure> {
    let resource = ConfigResource::new(ResourceType::Topic, topic);
    let described = admin.describe_configs(&[resource]).await.map_err(|error| connect::failure(&error))?;
    let mut keys = Vec::new();
    for entries in described.into_values() {
        keys.extend(entries.map_err(|error| connect::failure(&error))?);
    }
    keys.retain(|entry| entry.source == client::admin::ConfigSource::DynamicTopic);
    Ok(keys)
}

fn item(topic: TopicDescription, configs: Vec<ConfigEntry>) -> Value {
    let replicas = topic.partitions.first().map_or(0, |first| first.replicas.len());
    let configs = configs.into_iter().map(|entry| (entry.name, entry.value.into())).collect();
    Value::object([
        ("name", topic.name.into()),
        ("id", topic.id.to_string().into()),
        ("internal", topic.is_internal.into()),
        ("replication_factor", replicas.into()),
        ("configs", Value::Object(configs)),
        ("partitions", Value::List(topic.partitions.into_iter().map(partition).collect())),
    ])
}

fn partition(partition: PartitionDescription) -> Value {
    Value::object([
        ("partition", partition.index.0.into()),
        ("leader", partition.leader.into()),
        ("leader_epoch", partition.leader_epoch.0.into()),
        ("replicas", Value::list(partition.replicas)),
        ("in_sync_replicas", Value::list(partition.in_sync_replicas)),
        ("offline_replicas", Value::list(partition.offline_replicas)),
        ("eligible_leader_replicas", partition.eligible_leader_replicas.map(Value::list).into()),
    ])
}
