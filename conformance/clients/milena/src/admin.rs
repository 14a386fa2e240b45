//! The steps of admin that every client is put through; those of `cluster_admin` after them.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Debug;

use client::ClientError;
use client::admin::{
    Admin, ConfigChange, ConfigOperation, ConfigResource, Effect, Fenced, NewTopic, OffsetSpec,
    OffsetToCommit, Outcomes, ResourceType,
};
use serde_json::{Map, Value, json};
use types::{Offset, PartitionIndex, TopicPartition};

use crate::cluster_admin;
use crate::speech::{Told, client, isolation, report, with_error};

pub async fn run(told: &Told) {
    let admin = Admin::new(client(told));
    for (number, step) in told.steps.iter().enumerate() {
        match (Step { admin: &admin, step }).answer().await {
            Ok(answer) => report(json!({"step": number, "answer": answer})),
            Err(error) => report(with_error(json!({"step": number}), &error)),
        }
    }
}

/// One thing to do.
pub struct Step<'a> {
    pub admin: &'a Admin,
    pub step: &'a Value,
}

impl Step<'_> {
    async fn answer(&self) -> Result<Value, ClientError> {
        let admin = self.admin;
        match self.text("do") {
            "create_topic" => {
                let topic = NewTopic {
                    name: self.text("topic").to_owned(),
                    partitions: Some(self.number("partitions") as i32),
                    replication_factor: Some(1),
                    configs: self.texts("configs").collect(),
                    ..NewTopic::default()
                };
                only(admin.create_topics(&[topic], self.effect()).await?).map(|_| Value::Null)
            }
            "create_partitions" => {
                let counts = BTreeMap::from([(self.text("topic").to_owned(), self.number("total") as i32)]);
                done(admin.create_partitions(&counts, self.effect()).await?)
            }
            "delete_topic" => done(admin.delete_topics(&[self.text("topic").to_owned()]).await?),
            "list_topics" => {
                let topics = admin.list_topics().await?;
                Ok(topics.into_iter().map(|topic| topic.name).collect())
            }
            "describe_topic" => {
                let topic = only(admin.describe_topics(&[self.text("topic").to_owned()]).await?)?;
                let leaders: BTreeSet<_> = topic.partitions.iter().filter_map(|each| each.leader).collect();
                let leaders: Vec<_> = leaders.into_iter().map(|leader| leader.0).collect();
                let replicas: Vec<_> = topic.partitions[0].replicas.iter().map(|node| node.0).collect();
                Ok(json!({"partitions": topic.partitions.len(), "leaders": leaders, "replicas": replicas}))
            }
            "alter_config" => {
                let set = self.texts("set");
                let changes =
                    set.map(|(name, value)| ConfigChange { name, operation: ConfigOperation::Set(value) });
                let changes = BTreeMap::from([(self.resource(), changes.collect())]);
                done(admin.alter_configs(&changes, self.effect()).await?)
            }
            "describe_config" => {
                let entries = only(admin.describe_configs(&[self.resource()]).await?)?;
                let keys: Vec<&str> = self.list("keys").filter_map(Value::as_str).collect();
                let asked = entries.into_iter().filter(|entry| keys.contains(&entry.name.as_str()));
                Ok(Value::Object(asked.map(|entry| (entry.name, json!(entry.value))).collect()))
            }
            "list_offset" => {
                let spec = match &self.step["at"] {
                    Value::String(end) if end == "earliest" => OffsetSpec::Earliest,
                    Value::String(_) => OffsetSpec::Latest,
                    time => OffsetSpec::Timestamp(time.as_i64().expect("a time is a number")),
                };
                let specs = BTreeMap::from([(self.place(), spec)]);
                let listed = only(admin.list_offsets(&specs, isolation(self.text("isolation"))).await?)?;
                Ok(json!(listed.offset.map_or(-1, |offset| offset.0)))
            }
            "delete_records" => {
                let before = BTreeMap::from([(self.place(), Some(Offset(self.number("before"))))]);
                Ok(json!(only(admin.delete_records(&before).await?)?.0))
            }
            "commit_offset" => {
                let commit = OffsetToCommit {
                    offset: Offset(self.number("offset")),
                    leader_epoch: None,
                    metadata: String::new(),
                };
                let offsets = BTreeMap::from([(self.place(), commit)]);
                done(admin.alter_group_offsets(self.text("group"), &offsets).await?)
            }
            "group_offsets" => {
                let committed = admin.list_group_offsets(self.text("group")).await?;
                let places = committed.into_iter().map(|(place, committed)| {
                    json!([place.topic.to_string(), place.partition.0, committed.offset.0])
                });
                Ok(places.collect())
            }
            "list_groups" => Ok(admin.list_groups().await?.into_iter().map(|group| group.group).collect()),
            "describe_group" => {
                let group = only(admin.describe_groups(&[self.text("group").to_owned()]).await?)?;
                Ok(json!({"state": group.state, "members": group.members.len()}))
            }
            "delete_group" => done(admin.delete_groups(&[self.text("group").to_owned()]).await?),
            "delete_offset" => {
                let places = BTreeSet::from([self.place()]);
                done(admin.delete_group_offsets(self.text("group"), &places).await?)
            }
            "cluster" => {
                let cluster = admin.describe_cluster(Fenced::Excluded).await?;
                let brokers: Vec<_> =
                    cluster.nodes.iter().map(|node| json!([node.id.0, node.port])).collect();
                let controller = cluster.controller.map(|node| node.0);
                Ok(json!({"brokers": brokers, "controller": controller, "id": cluster.cluster_id}))
            }
            _ => cluster_admin::answer(self).await,
        }
    }

    pub fn text(&self, field: &str) -> &str {
        self.step[field].as_str().unwrap_or_default()
    }

    pub fn number(&self, field: &str) -> i64 {
        self.step[field].as_i64().expect("the step has the field")
    }

    pub fn list(&self, field: &str) -> impl Iterator<Item = &Value> {
        self.step[field].as_array().into_iter().flatten()
    }

    pub fn object(&self, field: &str) -> impl Iterator<Item = (&String, &Value)> {
        self.step[field].as_object().into_iter().flat_map(Map::iter)
    }

    fn texts(&self, field: &str) -> impl Iterator<Item = (String, String)> {
        let values = self.object(field);
        values.filter_map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned())))
    }

    pub fn place(&self) -> TopicPartition {
        TopicPartition::new(self.text("topic"), PartitionIndex(self.number("partition") as i32))
    }

    pub fn effect(&self) -> Effect {
        if self.step["validate"] == true { Effect::ValidateOnly } else { Effect::Apply }
    }

    /// A topic, unless another kind is named.
    fn resource(&self) -> ConfigResource {
        let kind = self.step["kind"].as_str().unwrap_or("topic");
        let kind = ResourceType::ALL.into_iter().find(|known| known.name() == kind);
        let name = self.step["name"].as_str().unwrap_or(self.text("topic"));
        ConfigResource::new(kind.expect("the step names a kind"), name)
    }
}

/// What was said of the one item that was asked about.
pub fn only<K: Debug + Ord, T>(outcomes: Outcomes<K, T>) -> Result<T, ClientError> {
    assert_eq!(outcomes.len(), 1, "one item was asked about: {:?}", outcomes.keys());
    outcomes.into_values().next().expect("there is one")
}

/// As [`only`], of something that has no answer but that it was done.
pub fn done<K: Debug + Ord>(outcomes: Outcomes<K, ()>) -> Result<Value, ClientError> {
    only(outcomes).map(|()| Value::Null)
}
