//! The steps of admin.

use std::collections::{BTreeSet, HashMap};
use std::time::Duration;

use futures::executor::block_on;
use rdkafka::admin::{
    AdminClient, AdminOptions, AlterConfig, NewPartitions, NewTopic, ResourceSpecifier, TopicReplication,
};
use rdkafka::client::DefaultClientContext;
use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer};
use rdkafka::error::{KafkaError, KafkaResult, RDKafkaErrorCode};
use rdkafka::{ClientConfig, Offset, TopicPartitionList};
use serde_json::{Value, json};

use crate::speech::{Told, report, with_error};

const TIMEOUT: Duration = Duration::from_secs(30);

pub fn run(told: &Told) {
    let settings = |group: &str, isolation: &str| {
        let mut settings = ClientConfig::new();
        settings
            .set("bootstrap.servers", &told.bootstrap)
            .set("group.id", group)
            .set("isolation.level", isolation);
        settings
    };
    let admin = settings("unused", "read_uncommitted").create().expect("settings are legal");
    for (number, step) in told.steps.iter().enumerate() {
        let group = step["group"].as_str().unwrap_or("unused");
        let isolation = step["isolation"].as_str().unwrap_or("read_uncommitted");
        let asking = settings(group, isolation).create().expect("settings are legal");
        match (Step { admin: &admin, asking, step }).answer() {
            Ok(answer) => report(json!({"step": number, "answer": answer})),
            Err(error) => report(with_error(json!({"step": number}), &error)),
        }
    }
}

struct Step<'a> {
    admin: &'a AdminClient<DefaultClientContext>,
    /// What the admin client has no call for is asked through a consumer.
    asking: BaseConsumer,
    step: &'a Value,
}

impl Step<'_> {
    fn answer(&self) -> KafkaResult<Value> {
        let options = AdminOptions::new().request_timeout(Some(TIMEOUT)).operation_timeout(Some(TIMEOUT));
        let topic = self.text("topic");
        match self.text("do") {
            "create_topic" => {
                let mut wanted =
                    NewTopic::new(topic, self.number("partitions") as i32, TopicReplication::Fixed(1));
                wanted.config = texts(&self.step["configs"]).into_iter().collect();
                only(block_on(self.admin.create_topics(&[wanted], &options))?)
            }
            "create_partitions" => {
                let wanted = NewPartitions::new(topic, self.number("total") as usize);
                only(block_on(self.admin.create_partitions(&[wanted], &options))?)
            }
            "delete_topic" => only(block_on(self.admin.delete_topics(&[topic], &options))?),
            "list_topics" => {
                let metadata = self.asking.fetch_metadata(None, TIMEOUT)?;
                Ok(json!(metadata.topics().iter().map(|each| each.name()).collect::<BTreeSet<_>>()))
            }
            "describe_topic" => self.describe_topic(topic),
            "alter_config" => {
                let mut wanted = AlterConfig::new(ResourceSpecifier::Topic(topic));
                wanted.entries = texts(&self.step["set"]);
                match block_on(self.admin.alter_configs(&[wanted], &options))?.remove(0) {
                    Ok(_) => Ok(Value::Null),
                    Err((_, code)) => Err(KafkaError::AdminOp(code)),
                }
            }
            "describe_config" => {
                let asked = ResourceSpecifier::Topic(topic);
                let found = block_on(self.admin.describe_configs([&asked], &options))?.remove(0);
                let found = found.map_err(KafkaError::AdminOp)?;
                let keys = self.step["keys"].as_array().into_iter().flatten().filter_map(Value::as_str);
                Ok(keys.map(|key| (key, found.get(key).and_then(|entry| entry.value.clone()))).collect())
            }
            "list_offset" => self.list_offset(topic),
            "delete_records" => {
                let wanted = self.place("before")?;
                let found = block_on(self.admin.delete_records(&wanted, &options))?;
                let one = &found.elements()[0];
                one.error()?;
                Ok(json!(one.offset().to_raw()))
            }
            "commit_offset" => {
                self.asking.commit(&self.place("offset")?, CommitMode::Sync)?;
                Ok(Value::Null)
            }
            "list_groups" => {
                let found = self.asking.fetch_group_list(None, TIMEOUT)?;
                Ok(json!(found.groups().iter().map(|each| each.name()).collect::<BTreeSet<_>>()))
            }
            "describe_group" => {
                let found = self.asking.fetch_group_list(Some(self.text("group")), TIMEOUT)?;
                let group =
                    found.groups().first().ok_or(KafkaError::AdminOp(RDKafkaErrorCode::GroupIdNotFound))?;
                Ok(json!({"state": group.state(), "members": group.members().len()}))
            }
            "delete_group" => {
                match block_on(self.admin.delete_groups(&[self.text("group")], &options))?.remove(0) {
                    Ok(_) => Ok(Value::Null),
                    Err((_, code)) => Err(KafkaError::AdminOp(code)),
                }
            }
            "cluster" => {
                let metadata = self.asking.fetch_metadata(None, TIMEOUT)?;
                let brokers: Vec<_> =
                    metadata.brokers().iter().map(|each| (each.id(), each.port())).collect();
                let id = self.asking.client().fetch_cluster_id(TIMEOUT);
                Ok(json!({"brokers": brokers, "controller": null, "id": id}))
            }
            other => panic!("no such step: {other}"),
        }
    }

    fn text(&self, field: &str) -> &str {
        self.step[field].as_str().unwrap_or_default()
    }

    fn number(&self, field: &str) -> i64 {
        self.step[field].as_i64().expect("the step has the field")
    }

    /// The partition of the step, with an offset or a time of one of its fields.
    fn place(&self, field: &str) -> KafkaResult<TopicPartitionList> {
        let mut place = TopicPartitionList::new();
        let offset = Offset::Offset(self.number(field));
        place.add_partition_offset(self.text("topic"), self.number("partition") as i32, offset)?;
        Ok(place)
    }

    fn describe_topic(&self, topic: &str) -> KafkaResult<Value> {
        let metadata = self.asking.fetch_metadata(Some(topic), TIMEOUT)?;
        let found = &metadata.topics()[0];
        if let Some(error) = found.error() {
            return Err(KafkaError::MetadataFetch(error.into()));
        }
        let mut partitions: Vec<_> = found.partitions().iter().collect();
        partitions.sort_by_key(|each| each.id());
        let leaders: BTreeSet<_> = partitions.iter().map(|each| each.leader()).collect();
        Ok(json!({"partitions": partitions.len(), "leaders": leaders, "replicas": partitions[0].replicas()}))
    }

    fn list_offset(&self, topic: &str) -> KafkaResult<Value> {
        if self.step["at"].is_i64() {
            let found = self.asking.offsets_for_times(self.place("at")?, TIMEOUT)?;
            let one = &found.elements()[0];
            one.error()?;
            return Ok(json!(one.offset().to_raw()));
        }
        let (first, end) = self.asking.fetch_watermarks(topic, self.number("partition") as i32, TIMEOUT)?;
        Ok(json!(if self.text("at") == "earliest" { first } else { end }))
    }
}

/// The result of a request about one topic.
fn only(mut results: Vec<Result<String, (String, RDKafkaErrorCode)>>) -> KafkaResult<Value> {
    results.remove(0).map(|_| Value::Null).map_err(|(_, code)| KafkaError::AdminOp(code))
}

fn texts(object: &Value) -> HashMap<&str, &str> {
    object
        .as_object()
        .into_iter()
        .flatten()
        .filter_map(|(key, value)| Some((key.as_str(), value.as_str()?)))
        .collect()
}
