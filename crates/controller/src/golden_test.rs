//! What Apache Kafka 4.3.1 decided, decided again: each batch of a metadata log that it wrote is asked for anew, and our
//! records must lead to the same image.

use std::collections::BTreeMap;
use std::io::Read;
use std::time::Duration;

use bytes::Bytes;
use metadata::{
    ConfigResource, ConfigResourceType, Endpoint, ImageLoader, MetadataRecord, SecurityProtocol,
    VersionRange, decode_record,
};
use protocol::records::broker_registration_change_record::BrokerRegistrationChangeRecord;
use protocol::records::config_record::ConfigRecord;
use protocol::records::register_broker_record::RegisterBrokerRecord;
use protocol::records::register_controller_record::RegisterControllerRecord;
use record::{AnyBatch, Batches, Limits};
use types::{BrokerEpoch, NodeId, Offset, PartitionIndex, Uuid};

use crate::brokers::heartbeat::Heartbeat;
use crate::brokers::register::NewBroker;
use crate::configs::{ConfigChange, ConfigOperation, ResourceChanges};
use crate::controllers::NewController;
use crate::invariants::{breaches, breaches_between};
use crate::topics::create::NewTopic;
use crate::topics::create_partitions::PartitionsToAdd;
use crate::topics::delete::{DeleteAccess, TopicToDelete};
use crate::{Controller, ControllerSettings, bootstrap};

/// Made by `conformance/golden_metadata.py`.
const LOG: &[u8] = include_bytes!("../../metadata/testdata/log.gz");

/// One batch of the log.
struct Batch {
    base: Offset,
    records: Vec<MetadataRecord>,
}

fn batches() -> Vec<Batch> {
    let mut bytes = Vec::new();
    flate2::read::GzDecoder::new(LOG).read_to_end(&mut bytes).expect("the file is whole");
    let mut batches = Vec::new();
    for batch in Batches::new(bytes.into()) {
        let AnyBatch::Batch(batch) = batch.expect("the oracle writes whole batches") else {
            panic!("the oracle writes batches of magic 2");
        };
        if batch.header().attributes.is_control() {
            continue;
        }
        let mut walk = batch.records(Limits::default()).expect("the codec is known");
        let mut records = Vec::new();
        while let Some(record) = walk.next().expect("the oracle's records are whole") {
            let value = Bytes::copy_from_slice(record.value.expect("metadata records have values"));
            records.push(decode_record(value).expect("the oracle's records are known"));
        }
        batches.push(Batch { base: batch.header().base_offset, records });
    }
    batches
}

fn controller() -> Controller {
    let settings = ControllerSettings {
        cluster_id: "cluster".to_owned(),
        node_id: NodeId(1),
        num_partitions: 1,
        default_replication_factor: 1,
        delete_topic_enable: true,
        broker_session_timeout: Duration::from_secs(9),
        properties: config::NodeConfig::embedded_defaults(),
    };
    Controller::new(settings, ImageLoader::default())
}

fn replayed(controller: &Controller, records: &[MetadataRecord], base: Offset) -> Controller {
    let mut controller = controller.clone();
    for (record, offset) in records.iter().zip(base.0..) {
        controller.replay(record, Offset(offset)).expect("the records replay");
    }
    controller
}

/// Our records for what led to the oracle's; `None` for what is not decided here.
fn decided(controller: &mut Controller, batch: &Batch, now: Duration) -> Option<Vec<MetadataRecord>> {
    use MetadataRecord as R;
    let records = match batch.records.first()? {
        R::BeginTransaction(_) => controller.decide_activation(&bootstrap::default_records()).records,
        R::RegisterController(record) => {
            controller.decide_register_controller(&new_controller(record)).expect("it is fine").records
        }
        R::RegisterBroker(record) => {
            let known = controller.image().cluster.broker(NodeId(record.broker_id));
            let new = new_broker(record, known.map(|broker| broker.epoch));
            let decided = controller.decide_register_broker(&new, batch.base, now);
            decided.expect("its session has ended").records
        }
        R::Topic(topic) => {
            let new = new_topic(&topic.name, &batch.records);
            let decided = controller.decide_create_topics(&[new], false, &mut || 0);
            let mut records = decided.expect("it is not too many").records;
            records.iter_mut().for_each(|record| rename(record, topic.topic_id));
            records
        }
        R::Partition(first) => {
            let topic = controller.image().topics.by_id(first.topic_id)?.clone();
            let count = (topic.partitions.len() + batch.records.len()) as i32;
            let wanted = PartitionsToAdd { topic: topic.name.to_string(), count, assignments: None };
            controller.decide_create_partitions(&[wanted], false, &mut || 0).records
        }
        R::Config(first) if first.name != "num.io.threads" => {
            let changes = batch.records.iter().filter_map(config_change).collect();
            let resource = ConfigResource {
                resource_type: ConfigResourceType::from_id(first.resource_type),
                name: first.resource_name.clone(),
            };
            let resources = [ResourceChanges { resource, changes }];
            controller.decide_incremental_alter_configs(&resources, false).records
        }
        R::RemoveTopic(record) => {
            let topic = TopicToDelete { name: None, id: record.topic_id };
            let decided = controller.decide_delete_topics(&[topic], &|_| DeleteAccess::Delete);
            decided.expect("deletion is enabled").records
        }
        R::ProducerIds(record) => {
            let (id, epoch) = (NodeId(record.broker_id), BrokerEpoch(record.broker_epoch));
            controller.decide_allocate_producer_ids(id, epoch).expect("the epoch is right").records
        }
        R::BrokerRegistrationChange(_) | R::PartitionChange(_) => {
            let heartbeat = heartbeat(batch);
            controller.note_heartbeat(&heartbeat, now);
            controller.decide_heartbeat(&heartbeat).expect("the epoch is right").records
        }
        _ => return None,
    };
    Some(records)
}

/// The id is drawn at random.
fn rename(record: &mut MetadataRecord, id: Uuid) {
    match record {
        MetadataRecord::Topic(record) => record.topic_id = id,
        MetadataRecord::Partition(record) => record.topic_id = id,
        _ => {}
    }
}

fn config_change(record: &MetadataRecord) -> Option<ConfigChange> {
    let MetadataRecord::Config(ConfigRecord { name, value, .. }) = record else { return None };
    let operation = if value.is_some() { ConfigOperation::Set } else { ConfigOperation::Delete };
    Some(ConfigChange { name: name.clone(), operation, value: value.clone() })
}

fn new_topic(name: &str, records: &[MetadataRecord]) -> NewTopic {
    let mut new =
        NewTopic { name: name.to_owned(), partitions: -1, replication_factor: -1, ..NewTopic::default() };
    for record in records {
        match record {
            MetadataRecord::Config(record) => new.configs.push((record.name.clone(), record.value.clone())),
            MetadataRecord::Partition(record) => {
                let replicas = record.replicas.iter().copied().map(NodeId).collect();
                new.assignments.push((PartitionIndex(record.partition_id), replicas));
            }
            _ => {}
        }
    }
    if name != "manual" {
        new.partitions = new.assignments.len() as i32;
        new.assignments.clear();
    }
    new
}

fn endpoint(host: &str, port: u16, security_protocol: i16) -> Endpoint {
    let security_protocol = SecurityProtocol::from_id(security_protocol).expect("it is known");
    Endpoint { host: host.to_owned(), port, security_protocol }
}

fn new_controller(record: &RegisterControllerRecord) -> NewController {
    let listeners = record
        .end_points
        .iter()
        .map(|it| (it.name.clone(), endpoint(&it.host, it.port, it.security_protocol)));
    let features = record.features.iter().map(|it| {
        let range = VersionRange { min: it.min_supported_version, max: it.max_supported_version };
        (it.name.clone(), range)
    });
    NewController {
        id: NodeId(record.controller_id),
        incarnation_id: record.incarnation_id,
        listeners: listeners.collect(),
        features: features.collect(),
    }
}

fn new_broker(record: &RegisterBrokerRecord, previous_epoch: Option<BrokerEpoch>) -> NewBroker {
    let listeners = record
        .end_points
        .iter()
        .map(|it| (it.name.clone(), endpoint(&it.host, it.port, it.security_protocol)));
    let features = record.features.iter().map(|it| {
        let range = VersionRange { min: it.min_supported_version, max: it.max_supported_version };
        (it.name.clone(), range)
    });
    NewBroker {
        cluster_id: "cluster".to_owned(),
        id: NodeId(record.broker_id),
        incarnation_id: record.incarnation_id,
        listeners: listeners.collect(),
        features: features.collect(),
        rack: record.rack.clone(),
        directories: record.log_dirs.clone(),
        previous_epoch,
        is_migrating_zk_broker: false,
    }
}

/// The heartbeat that a batch of changes answers.
fn heartbeat(batch: &Batch) -> Heartbeat {
    let changes: Vec<&BrokerRegistrationChangeRecord> = batch
        .records
        .iter()
        .filter_map(|record| match record {
            MetadataRecord::BrokerRegistrationChange(change) => Some(change),
            _ => None,
        })
        .collect();
    let first = changes.first().expect("the partitions change with their broker");
    let stops = changes.iter().any(|change| change.in_controlled_shutdown == 1 || change.fenced == 1);
    Heartbeat {
        id: NodeId(first.broker_id),
        epoch: BrokerEpoch(first.broker_epoch),
        metadata_offset: batch.base.plus(-1),
        want_fence: !stops && changes.iter().all(|change| change.fenced == 0),
        want_shut_down: stops,
        offline_directories: Vec::new(),
        cordoned_directories: changes.iter().find_map(|change| change.cordoned_log_dirs.clone()),
    }
}

#[test]
fn what_kafka_decided_is_decided_again() {
    let mut controller = controller();
    let mut now = Duration::ZERO;
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for batch in batches() {
        now += Duration::from_secs(3600);
        let before = controller.clone();
        let theirs = replayed(&controller, &batch.records, batch.base);
        if let Some(records) = decided(&mut controller, &batch, now) {
            let ours = replayed(&controller, &records, batch.base);
            assert_eq!(records.len(), batch.records.len(), "{records:#?}\n{:#?}", batch.records);
            assert_eq!(ours.image(), theirs.image(), "offset {}", batch.base);
            *counts.entry(batch.records[0].name()).or_default() += 1;
        }
        assert_eq!(breaches_between(before.image(), theirs.image()), Vec::<String>::new());
        assert_eq!(breaches(theirs.image()), Vec::<String>::new());
        controller = replayed(&controller, &batch.records, batch.base);
    }
    let decided: Vec<_> = counts.into_iter().collect();
    assert_eq!(decided, EXPECTED_COUNTS, "each kind of decision is met");
}

/// First records of the batches that were decided again, and how many there are.
const EXPECTED_COUNTS: [(&str, usize); 9] = [
    ("BeginTransactionRecord", 1),
    ("BrokerRegistrationChangeRecord", 7),
    ("ConfigRecord", 3),
    ("PartitionRecord", 1),
    ("ProducerIdsRecord", 1),
    ("RegisterBrokerRecord", 2),
    ("RegisterControllerRecord", 2),
    ("RemoveTopicRecord", 1),
    ("TopicRecord", 3),
];

#[test]
fn a_new_clusters_first_records_are_kafkas() {
    let first = &batches()[0];
    assert_eq!(controller().decide_activation(&bootstrap::default_records()).records, first.records);
}

#[test]
fn a_leader_that_finds_an_open_transaction_aborts_it_and_begins_anew() {
    let first = &batches()[0].records;
    let half = replayed(&controller(), &first[..4], Offset(0));
    let records = half.decide_activation(&bootstrap::default_records()).records;
    assert_eq!(records[0].name(), "AbortTransactionRecord");
    assert_eq!(&records[1..], first);
    let whole = replayed(&half, &records, Offset(4));
    assert_eq!(whole.transaction_began_at(), None);
    assert_eq!(whole.decide_activation(&bootstrap::default_records()).records, []);
}
