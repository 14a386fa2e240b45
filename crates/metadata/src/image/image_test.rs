//! Images are shared, compared, rolled back; records that contradict them are refused.

use protocol::records::abort_transaction_record::AbortTransactionRecord;
use protocol::records::begin_transaction_record::BeginTransactionRecord;
use protocol::records::broker_registration_change_record::BrokerRegistrationChangeRecord;
use protocol::records::config_record::ConfigRecord;
use protocol::records::end_transaction_record::EndTransactionRecord;
use protocol::records::feature_level_record::FeatureLevelRecord;
use protocol::records::partition_change_record::PartitionChangeRecord;
use protocol::records::partition_record::PartitionRecord;
use protocol::records::register_broker_record::RegisterBrokerRecord;
use protocol::records::remove_topic_record::RemoveTopicRecord;
use protocol::records::topic_record::TopicRecord;
use types::{BrokerEpoch, NodeId, Offset, PartitionIndex, Uuid};

use crate::{
    ConfigResource, DirectoryId, ImageLoader, LeaderRecoveryState, MetadataImage, MetadataRecord,
    ReplayError, TopicChange, decode_record,
};

const A: Uuid = Uuid::from_halves(1, 1);
const B: Uuid = Uuid::from_halves(2, 2);

fn topic(name: &str, topic_id: Uuid) -> MetadataRecord {
    TopicRecord { name: name.to_owned(), topic_id, ..Default::default() }.into()
}

fn partition(topic_id: Uuid, partition_id: i32, replicas: &[i32]) -> MetadataRecord {
    PartitionRecord {
        topic_id,
        partition_id,
        replicas: replicas.to_vec(),
        isr: replicas.to_vec(),
        leader: replicas[0],
        leader_epoch: 0,
        partition_epoch: 0,
        ..Default::default()
    }
    .into()
}

fn change(topic_id: Uuid, partition_id: i32) -> PartitionChangeRecord {
    PartitionChangeRecord { topic_id, partition_id, ..Default::default() }
}

fn remove(topic_id: Uuid) -> MetadataRecord {
    RemoveTopicRecord { topic_id, ..Default::default() }.into()
}

fn image_of(records: &[MetadataRecord]) -> MetadataImage {
    let mut image = MetadataImage::default();
    replay(&mut image, records);
    image
}

fn replay(image: &mut MetadataImage, records: &[MetadataRecord]) {
    for record in records {
        image.replay(record).expect("the records do not contradict each other");
    }
}

fn refused(image: &MetadataImage, record: impl Into<MetadataRecord>) -> ReplayError {
    let mut changed = image.clone();
    let error = changed.replay(&record.into()).expect_err("the record contradicts the image");
    assert_eq!(&changed, image, "a refused record leaves no trace");
    error
}

#[test]
fn an_image_that_is_shared_does_not_change() {
    let before = image_of(&[topic("a", A), partition(A, 0, &[1, 2])]);
    let mut after = before.clone();
    replay(&mut after, &[change(A, 0).into(), topic("b", B)]);
    assert_eq!(before.topics.len(), 1);
    let epoch =
        |image: &MetadataImage| image.topics.partition(A, PartitionIndex(0)).map(|it| it.partition_epoch);
    assert_eq!((epoch(&before), epoch(&after)), (Some(0), Some(1)));
}

#[test]
fn a_change_bumps_the_leader_epoch_only_when_it_names_a_leader() {
    let mut image = image_of(&[topic("a", A), partition(A, 0, &[1, 2])]);
    let isr = PartitionChangeRecord { isr: Some(vec![1]), ..change(A, 0) };
    replay(&mut image, &[isr.into()]);
    let shrunk = image.topics.partition(A, PartitionIndex(0)).expect("it exists").clone();
    assert_eq!((shrunk.leader_epoch.0, shrunk.partition_epoch), (0, 1));
    let leader = PartitionChangeRecord { leader: -1, leader_recovery_state: 1, ..change(A, 0) };
    replay(&mut image, &[leader.into()]);
    let offline = image.topics.partition(A, PartitionIndex(0)).expect("it exists").clone();
    assert_eq!((offline.leader_epoch.0, offline.partition_epoch, offline.leader), (1, 2, None));
    assert_eq!(offline.isr, [NodeId(1)]);
    assert_eq!(offline.leader_recovery_state, LeaderRecoveryState::Recovering);
}

#[test]
fn a_partition_without_directories_has_one_unknown_per_replica() {
    let image = image_of(&[topic("a", A), partition(A, 0, &[1, 2])]);
    let partition = image.topics.partition(A, PartitionIndex(0)).expect("it exists");
    assert_eq!(partition.directories, [DirectoryId::MIGRATING; 2]);
    let odd = PartitionChangeRecord { directories: Some(vec![A]), ..change(A, 0) };
    assert!(matches!(refused(&image, odd), ReplayError::DirectoryCount { directories: 1, replicas: 2, .. }));
}

#[test]
fn a_deleted_topic_takes_its_settings_along() {
    let set = |value: Option<&str>| ConfigRecord {
        resource_type: 2,
        resource_name: "a".to_owned(),
        name: "k".to_owned(),
        value: value.map(str::to_owned),
        ..Default::default()
    };
    let mut image = image_of(&[topic("a", A), set(Some("v")).into()]);
    assert_eq!(image.configs.of(&ConfigResource::topic("a"))["k"], "v");
    let before = image.clone();
    replay(&mut image, &[remove(A)]);
    assert!(image.configs.of(&ConfigResource::topic("a")).is_empty());
    let changed: Vec<_> = image.configs.changed_since(&before.configs).cloned().collect();
    assert_eq!(changed, [ConfigResource::topic("a")]);
}

#[test]
fn records_that_contradict_the_image_are_refused() {
    let broker = RegisterBrokerRecord { broker_id: 1, broker_epoch: 5, ..Default::default() };
    let image = image_of(&[topic("a", A), partition(A, 0, &[1]), broker.into()]);
    assert!(matches!(refused(&image, topic("a", B)), ReplayError::TopicExists { .. }));
    assert!(matches!(refused(&image, topic("b", A)), ReplayError::TopicExists { .. }));
    assert_eq!(refused(&image, remove(B)), ReplayError::UnknownTopic { id: B });
    let unknown = ReplayError::UnknownPartition { topic_id: A, partition: PartitionIndex(1) };
    assert_eq!(refused(&image, change(A, 1)), unknown);
    let stale = BrokerRegistrationChangeRecord { broker_id: 1, broker_epoch: 4, ..Default::default() };
    let (found, registered) = (BrokerEpoch(4), BrokerEpoch(5));
    assert_eq!(refused(&image, stale), ReplayError::StaleBrokerEpoch { id: NodeId(1), found, registered });
    let newer =
        FeatureLevelRecord { name: "metadata.version".to_owned(), feature_level: 99, ..Default::default() };
    assert!(matches!(refused(&image, newer), ReplayError::UnknownMetadataVersion { level: 99, .. }));
    assert!(matches!(refused(&image, BeginTransactionRecord::default()), ReplayError::OutsideOfLoader(23)));
}

#[test]
fn a_topic_created_again_under_its_name_is_one_deleted_and_one_created() {
    let before = image_of(&[topic("a", A), partition(A, 0, &[1])]);
    let mut after = before.clone();
    replay(&mut after, &[remove(A), topic("a", B), partition(B, 0, &[2])]);
    let changes = after.topics.changes_since(&before.topics);
    let [TopicChange::Deleted(old), TopicChange::Created(new)] = changes.as_slice() else {
        panic!("{changes:?}");
    };
    assert_eq!((old.id, new.id), (A, B));
    assert_eq!(changes[0].removed_from(NodeId(1)).collect::<Vec<_>>(), [PartitionIndex(0)]);
    assert_eq!(changes[1].partitions().count(), 1);
}

#[test]
fn only_what_changed_is_listed() {
    let records = [topic("a", A), partition(A, 0, &[1, 2]), partition(A, 1, &[1]), topic("b", B)];
    let before = image_of(&records);
    assert_eq!(before.topics.changes_since(&before.topics.clone()), []);
    let moved = PartitionChangeRecord { replicas: Some(vec![2]), ..change(A, 0) };
    let mut after = before.clone();
    replay(&mut after, &[moved.into()]);
    let changes = after.topics.changes_since(&before.topics);
    assert_eq!(changes.len(), 1);
    let partitions: Vec<_> = changes[0].partitions().map(|(index, was, _)| (index, was.is_some())).collect();
    assert_eq!(partitions, [(PartitionIndex(0), true)]);
    assert_eq!(changes[0].removed_from(NodeId(1)).collect::<Vec<_>>(), [PartitionIndex(0)]);
}

#[test]
fn a_transaction_is_seen_when_it_ends_and_never_when_it_is_aborted() {
    let begin = MetadataRecord::from(BeginTransactionRecord::default());
    let mut loader = ImageLoader::default();
    let mut step = |record: &MetadataRecord, offset: i64| {
        loader.replay(record, Offset(offset)).expect("the records do not contradict each other");
        (loader.latest().topics.len(), loader.image().topics.len())
    };
    step(&begin, 0);
    assert_eq!(step(&topic("a", A), 1), (1, 0));
    assert_eq!(step(&AbortTransactionRecord::default().into(), 2), (0, 0));
    step(&begin, 3);
    assert_eq!(step(&topic("a", A), 4), (1, 0));
    assert_eq!(step(&EndTransactionRecord::default().into(), 5), (1, 1));
    assert_eq!(loader.image().provenance.offset, Offset(5));
    let again = loader.replay(&EndTransactionRecord::default().into(), Offset(6));
    assert_eq!(again, Err(ReplayError::NoTransaction));
}

proptest::proptest! {
    #[test]
    fn any_bytes_are_a_record_or_an_error(bytes: Vec<u8>, record_type in 0u8..30, version in 0u8..6) {
        let framed: Vec<u8> = [1, record_type, version].into_iter().chain(bytes.clone()).collect();
        let mut image = MetadataImage::default();
        for input in [bytes, framed] {
            if let Ok(record) = decode_record(input.into()) {
                // A record out of nowhere may contradict the empty image, and must not bring it down.
                let _ = image.replay(&record);
            }
        }
    }
}
