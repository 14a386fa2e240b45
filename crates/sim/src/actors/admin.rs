//! The one client that makes, changes and deletes topics.

use std::rc::Rc;

use io::Entropy;
use protocol::messages::create_partitions_request::{CreatePartitionsRequest, CreatePartitionsTopic};
use protocol::messages::create_topics_request::{CreatableTopic, CreatableTopicConfig, CreateTopicsRequest};
use protocol::messages::delete_records_request::{
    DeleteRecordsPartition, DeleteRecordsRequest, DeleteRecordsTopic,
};
use protocol::messages::delete_topics_request::{DeleteTopicState, DeleteTopicsRequest};
use protocol::messages::incremental_alter_configs_request::{
    AlterConfigsResource, AlterableConfig, IncrementalAlterConfigsRequest,
};
use types::{ErrorCode, Uuid};

use super::Actor;
use crate::book::{Compaction, Fate, TopicKind};
use crate::invariants::Violation;
use crate::wire::Connection;
use crate::world::World;

/// More topics than so many are not there at a time.
const TOPICS_MAX: usize = 4;
/// The first version of CreateTopics that tells the topic's id.
const CREATE_TELLS_ID: i16 = 7;
/// The first version of DeleteTopics that names topics by id.
const DELETE_BY_ID: i16 = 6;

pub(super) struct Admin {
    world: Rc<World>,
    entropy: Entropy,
    connection: Connection,
    names: u64,
}

impl Admin {
    pub(super) fn new(world: &Rc<World>, entropy: Entropy) -> Self {
        let connection = Connection::new(world, "admin", entropy.clone());
        Self { world: world.clone(), entropy, connection, names: 0 }
    }

    fn name(&mut self) -> String {
        let freed = self.world.book.borrow().freed_names();
        if !freed.is_empty() && self.entropy.below(2) == 0 {
            return freed[self.entropy.below(freed.len() as u64) as usize].clone();
        }
        self.names += 1;
        format!("t{}", self.names)
    }

    async fn create(&mut self) {
        let name = self.name();
        let is_flushed = self.entropy.below(2) == 0;
        let (has_retention, compaction) = match self.entropy.below(8) {
            0..=1 => (true, None),
            2 => (false, Some(Compaction::TombstonesStay)),
            3 => (false, Some(Compaction::TombstonesGo)),
            _ => (false, None),
        };
        let kind = TopicKind { is_flushed, has_retention, compaction };
        let partitions = 1 + self.entropy.below(3) as i32;
        let large = if compaction.is_some() { 2 } else { 3 };
        let segment_bytes = ["400", "3000", "1073741824"][self.entropy.below(large) as usize];
        let mut configs = vec![("internal.segment.bytes", segment_bytes), ("index.interval.bytes", "100")];
        match self.entropy.below(3) {
            _ if kind.is_flushed => configs.push(("flush.messages", "1")),
            0 => configs.push(("flush.messages", "4")),
            1 => configs.push(("flush.ms", "30")),
            _ => configs.push(("flush.messages", "9223372036854775807")),
        }
        if let Some(compaction) = compaction {
            configs.extend([("cleanup.policy", "compact"), ("min.cleanable.dirty.ratio", "0.01")]);
            configs.push(match compaction {
                Compaction::TombstonesStay => ("delete.retention.ms", "604800000"),
                Compaction::TombstonesGo => {
                    ("delete.retention.ms", ["0", "50"][self.entropy.below(2) as usize])
                }
            });
        }
        configs.push(match kind.has_retention {
            true => ("retention.bytes", "2000"),
            false => ("retention.ms", "-1"),
        });
        let request = CreateTopicsRequest {
            timeout_ms: 30_000,
            topics: vec![CreatableTopic {
                name: name.clone(),
                num_partitions: partitions,
                replication_factor: 1,
                configs: (configs.iter())
                    .map(|(key, value)| CreatableTopicConfig {
                        name: (*key).to_owned(),
                        value: Some((*value).to_owned()),
                        ..Default::default()
                    })
                    .collect(),
                ..Default::default()
            }],
            ..Default::default()
        };
        self.world.book.borrow_mut().uncertain_names.insert(name.clone(), (kind, partitions as usize));
        let Ok(response) = self.connection.call(&request, CREATE_TELLS_ID).await else { return };
        let Some(result) = response.topics.first() else { return };
        self.tell(&format!("create {name} of {partitions}, {kind:?}"), result.error_code);
        if result.error_code == 0 {
            self.world.book.borrow_mut().created(result.topic_id, &name, kind, partitions as usize);
        } else if result.error_code == ErrorCode::TopicAlreadyExists.code() {
            let detail = format!("{name} is there");
            self.world.fail(Violation::new("deleted_topics_stay_deleted", detail));
        }
    }

    async fn delete(&mut self, id: Uuid, name: String) {
        let version = self.connection.version::<DeleteTopicsRequest>();
        let mut request = DeleteTopicsRequest { timeout_ms: 30_000, ..Default::default() };
        if version >= DELETE_BY_ID {
            request.topics.push(DeleteTopicState { name: None, topic_id: id, ..Default::default() });
        } else {
            request.topic_names.push(name.clone());
        }
        self.world.book.borrow_mut().set_fate(id, Fate::Uncertain);
        let Ok(response) = self.connection.call(&request, version).await else { return };
        let Some(result) = response.responses.first() else { return };
        self.tell(&format!("delete {name}"), result.error_code);
        if result.error_code == 0 {
            self.world.book.borrow_mut().set_fate(id, Fate::Deleted);
        }
    }

    async fn create_partitions(&mut self, id: Uuid, name: String, partitions: usize) {
        let count = partitions + 1;
        let request = CreatePartitionsRequest {
            timeout_ms: 30_000,
            topics: vec![CreatePartitionsTopic {
                name: name.clone(),
                count: count as i32,
                assignments: None,
                ..Default::default()
            }],
            ..Default::default()
        };
        self.world.book.borrow_mut().asks_for_partitions(id, count);
        let version = self.connection.version::<CreatePartitionsRequest>();
        let Ok(response) = self.connection.call(&request, version).await else { return };
        let Some(result) = response.results.first() else { return };
        self.tell(&format!("{count} partitions for {name}"), result.error_code);
        if result.error_code == 0 {
            self.world.book.borrow_mut().has_partitions(id, count);
        }
    }

    async fn delete_records(&mut self, id: Uuid, name: String, partitions: usize) {
        let index = self.entropy.below(partitions as u64) as i32;
        let offset = {
            let mut book = self.world.book.borrow_mut();
            let Some((_, partition)) = book.partition(id, index) else { return };
            let offset = self.entropy.below(partition.promised_end as u64 + 1) as i64;
            partition.start_asked = partition.start_asked.max(offset);
            offset
        };
        let partition = DeleteRecordsPartition { partition_index: index, offset, ..Default::default() };
        let request = DeleteRecordsRequest {
            timeout_ms: 5_000,
            topics: vec![DeleteRecordsTopic {
                name: name.clone(),
                partitions: vec![partition],
                ..Default::default()
            }],
            ..Default::default()
        };
        let version = self.connection.version::<DeleteRecordsRequest>();
        let Ok(response) = self.connection.call(&request, version).await else { return };
        let Some(result) = response.topics.first().and_then(|topic| topic.partitions.first()) else { return };
        self.tell(&format!("records of {name}-{index} below {offset} deleted"), result.error_code);
        if result.error_code == 0 && result.low_watermark < offset {
            let detail = format!("{name}-{index}: {} after {offset} was asked for", result.low_watermark);
            self.world.fail(Violation::new("deleted_records_are_gone", detail));
        }
    }

    async fn alter_config(&mut self, name: String) {
        let (key, value) =
            [("segment.ms", "60"), ("max.message.bytes", "1500"), ("file.delete.delay.ms", "1")]
                [self.entropy.below(3) as usize];
        let config = AlterableConfig {
            name: key.to_owned(),
            config_operation: 0,
            value: Some(value.to_owned()),
            ..Default::default()
        };
        let request = IncrementalAlterConfigsRequest {
            resources: vec![AlterConfigsResource {
                resource_type: 2,
                resource_name: name.clone(),
                configs: vec![config],
                ..Default::default()
            }],
            ..Default::default()
        };
        let version = self.connection.version::<IncrementalAlterConfigsRequest>();
        let Ok(response) = self.connection.call(&request, version).await else { return };
        let Some(result) = response.responses.first() else { return };
        self.tell(&format!("{key}={value} for {name}"), result.error_code);
    }

    fn tell(&self, what: &str, error_code: i16) {
        self.world.trace.line("admin", &format!("{what}: error {error_code}"));
    }
}

impl Actor for Admin {
    async fn step(&mut self) {
        let present = self.world.book.borrow().present();
        let Some((id, name, partitions)) =
            present.get(self.entropy.below(present.len() as u64) as usize).cloned()
        else {
            return self.create().await;
        };
        match self.entropy.below(10) {
            0..=2 if present.len() < TOPICS_MAX => self.create().await,
            3 => self.delete(id, name).await,
            4 => self.create_partitions(id, name, partitions).await,
            5..=6 => self.delete_records(id, name, partitions).await,
            7 => self.alter_config(name).await,
            _ => {}
        }
    }
}
