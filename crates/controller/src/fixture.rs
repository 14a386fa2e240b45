//! A cluster for tests: a controller whose decisions are replayed at once, and brokers that answer for themselves.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::time::Duration;

use config::NodeConfig;
use metadata::{ConfigResource, Endpoint, ImageLoader, MetadataRecord, PartitionImage, SecurityProtocol};
use types::{ErrorCode, NodeId, Offset, PartitionIndex, Uuid};

use crate::brokers::heartbeat::Heartbeat;
use crate::brokers::register::NewBroker;
use crate::configs::{ConfigChange, ConfigOperation, ResourceChanges};
use crate::topics::create::{NewTopic, TopicOutcome};
use crate::{Controller, ControllerError, ControllerSettings, bootstrap};

/// The controller and the end of its log.
pub(crate) struct Cluster {
    pub(crate) controller: Controller,
    pub(crate) next_offset: Offset,
    pub(crate) now: Duration,
    seed: Cell<u64>,
}

impl Cluster {
    /// A fresh cluster with the brokers 1 to `brokers`, all unfenced.
    pub(crate) fn of(brokers: i32) -> Self {
        let settings = ControllerSettings {
            cluster_id: "cluster".to_owned(),
            node_id: NodeId(1),
            num_partitions: 2,
            default_replication_factor: 1,
            delete_topic_enable: true,
            broker_session_timeout: Duration::from_secs(9),
            properties: NodeConfig::embedded_defaults(),
        };
        let controller = Controller::new(settings, ImageLoader::default());
        let seed = Cell::new(1);
        let mut cluster = Self { controller, next_offset: Offset(1), now: Duration::from_secs(100), seed };
        let activation = cluster.controller.decide_activation(&bootstrap::default_records());
        cluster.append(&activation.records);
        for id in 1..=brokers {
            cluster.register(NodeId(id));
            cluster.unfence(NodeId(id));
        }
        cluster
    }

    /// Random numbers; each call goes on where the last one ended.
    pub(crate) fn random(&self) -> impl FnMut() -> u64 {
        || {
            // splitmix64
            self.seed.set(self.seed.get().wrapping_add(0x9e37_79b9_7f4a_7c15));
            let mut z = self.seed.get();
            z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            z ^ (z >> 31)
        }
    }

    /// Random numbers from another start.
    pub(crate) fn reseed(&mut self, seed: u64) {
        self.seed.set(seed);
    }

    pub(crate) fn append(&mut self, records: &[MetadataRecord]) {
        for record in records {
            self.controller.replay(record, self.next_offset).expect("a decision's records replay");
            self.next_offset = self.next_offset.plus(1);
        }
    }

    pub(crate) fn register(&mut self, id: NodeId) {
        self.register_with(id, |_| {});
    }

    /// Registers a broker that differs from the others.
    pub(crate) fn register_with(&mut self, id: NodeId, edit: impl FnOnce(&mut NewBroker)) {
        let mut new = new_broker(id.0);
        edit(&mut new);
        let decided = self.controller.decide_register_broker(&new, self.next_offset, self.now);
        self.append(&decided.expect("the broker is fine").records);
    }

    /// Registers a broker that has stopped cleanly and starts again.
    pub(crate) fn restart(&mut self, id: NodeId) {
        self.now += self.controller.settings.broker_session_timeout * 2;
        let known = self.controller.image().cluster.broker(id).expect("the broker is registered");
        let (previous_epoch, incarnation_id) =
            (Some(known.epoch), Uuid::from_halves(7, known.epoch.0 as u64));
        let new = NewBroker { previous_epoch, incarnation_id, ..new_broker(id.0) };
        let decided = self.controller.decide_register_broker(&new, self.next_offset, self.now);
        self.append(&decided.expect("its session has ended").records);
        self.unfence(id);
    }

    /// A heartbeat of a broker that has read everything and wants to serve.
    pub(crate) fn heartbeat_of(&self, id: NodeId) -> Heartbeat {
        let broker = self.controller.image().cluster.broker(id).expect("the broker is registered");
        Heartbeat {
            id,
            epoch: broker.epoch,
            metadata_offset: self.next_offset.plus(-1),
            want_fence: false,
            want_shut_down: false,
            offline_directories: Vec::new(),
            cordoned_directories: None,
        }
    }

    pub(crate) fn heartbeat(&mut self, id: NodeId) {
        self.send(&self.heartbeat_of(id));
    }

    pub(crate) fn unfence(&mut self, id: NodeId) {
        self.heartbeat(id);
    }

    pub(crate) fn fence(&mut self, id: NodeId) {
        self.send(&Heartbeat { want_fence: true, ..self.heartbeat_of(id) });
    }

    pub(crate) fn send(&mut self, heartbeat: &Heartbeat) {
        self.controller.note_heartbeat(heartbeat, self.now);
        let decided = self.controller.decide_heartbeat(heartbeat).expect("the epoch is the registered one");
        self.append(&decided.records);
    }

    pub(crate) fn create_topics(&mut self, topics: Vec<NewTopic>, validate_only: bool) -> Vec<TopicOutcome> {
        let decided = self.controller.decide_create_topics(&topics, validate_only, &mut self.random());
        let decided = decided.expect("they are not too many");
        self.append(&decided.records);
        decided.response
    }

    pub(crate) fn create(&mut self, name: &str, partitions: i32, replication_factor: i16) -> Uuid {
        let topic = NewTopic { partitions, replication_factor, ..new_topic(name) };
        self.create_topics(vec![topic], false).remove(0).result.expect("the topic is fine").id
    }

    /// Creates a topic with these replicas.
    pub(crate) fn assign(&mut self, name: &str, replicas: &[&[i32]]) {
        let assignments = replicas
            .iter()
            .zip(0..)
            .map(|(ids, index)| (PartitionIndex(index), ids.iter().copied().map(NodeId).collect()));
        let topic = NewTopic {
            partitions: -1,
            replication_factor: -1,
            assignments: assignments.collect(),
            ..new_topic(name)
        };
        self.create_topics(vec![topic], false).remove(0).result.expect("the topic is fine");
    }

    /// A replica that has caught up joins the ISR, as the leader would report it.
    pub(crate) fn join_isr(&mut self, topic: &str, index: i32, broker: NodeId) {
        let controller = &self.controller;
        let topic = controller.image().topics.by_name(topic).expect("the topic exists");
        let index = PartitionIndex(index);
        let partition = topic.partition(index).expect("the partition exists");
        let may_lead = |broker| controller.can_lead(partition, broker);
        let rules = controller.topic_rules(topic);
        let record = controller.changed(topic, index, partition, rules, &may_lead, |change| {
            change.isr.push(broker);
        });
        self.append(&[record.expect("it was not in the ISR")]);
    }

    pub(crate) fn set_topic_config(&mut self, topic: &str, name: &str, value: &str) {
        let (name, value) = (name.to_owned(), Some(value.to_owned()));
        let changes = vec![ConfigChange { name, operation: ConfigOperation::Set, value }];
        let resources = [ResourceChanges { resource: ConfigResource::topic(topic), changes }];
        let decided = self.controller.decide_incremental_alter_configs(&resources, false);
        assert_eq!(decided.response[0].1, Ok(()));
        self.append(&decided.records);
    }

    pub(crate) fn partition(&self, topic: &str, index: i32) -> PartitionImage {
        let topic = self.controller.image().topics.by_name(topic).expect("the topic exists");
        topic.partition(PartitionIndex(index)).expect("the partition exists").as_ref().clone()
    }
}

/// A topic with one partition and one replica.
pub(crate) fn new_topic(name: &str) -> NewTopic {
    NewTopic {
        name: name.to_owned(),
        partitions: 1,
        replication_factor: 1,
        may_be_described: true,
        ..NewTopic::default()
    }
}

/// A broker with one listener and one directory.
pub(crate) fn new_broker(id: i32) -> NewBroker {
    let endpoint =
        Endpoint { host: "h".to_owned(), port: 9092, security_protocol: SecurityProtocol::Plaintext };
    NewBroker {
        cluster_id: "cluster".to_owned(),
        id: NodeId(id),
        incarnation_id: Uuid::from_halves(1, id as u64),
        listeners: BTreeMap::from([("PLAINTEXT".to_owned(), endpoint)]),
        features: crate::supported_features(),
        rack: None,
        directories: vec![Uuid::from_halves(2, id as u64)],
        previous_epoch: None,
        is_migrating_zk_broker: false,
    }
}

/// The wire's code for a result.
pub(crate) fn code_of<T>(result: Result<T, ControllerError>) -> ErrorCode {
    result.err().map_or(ErrorCode::None, |error| error.code())
}
