//! Checkpoints are read back as written, and their bytes are Apache Kafka's.

use std::collections::BTreeMap;
use std::path::Path;

use ::io::Disk;
use ::io::disk::SimulatedDisk;
use types::{BrokerEpoch, LeaderEpoch, NodeId, Offset, TopicPartition, Uuid};

use super::*;

fn disk() -> Disk {
    Disk::Simulated(SimulatedDisk::default())
}

fn write(disk: &Disk, name: &str, text: &str) {
    disk.write_atomically(Path::new(name), text.as_bytes()).expect("written");
}

fn content(disk: &Disk, name: &str) -> String {
    String::from_utf8(disk.read(Path::new(name)).expect("read")).expect("text")
}

#[test]
fn offsets_are_written_as_kafka_writes_them() {
    let disk = disk();
    let checkpoint = OffsetCheckpoint::new(disk.clone(), Path::new(""), OffsetCheckpointKind::RecoveryPoint);
    assert!(checkpoint.read().expect("no file is an empty checkpoint").is_empty());
    let offsets = BTreeMap::from([
        (TopicPartition::new("a", 0), Offset(7)),
        (TopicPartition::new("b-c", 11), Offset(0)),
    ]);
    checkpoint.write(&offsets).expect("written");
    assert_eq!(content(&disk, "recovery-point-offset-checkpoint"), "0\n2\na 0 7\nb-c 11 0\n");
    assert_eq!(checkpoint.read().expect("read"), offsets);
}

#[test]
fn a_malformed_checkpoint_names_its_line() {
    let disk = disk();
    let checkpoint = OffsetCheckpoint::new(disk.clone(), Path::new(""), OffsetCheckpointKind::LogStart);
    for (text, line) in [("1\n0\n", 1), ("0\nx\n", 2), ("0\n1\na b c\n", 3), ("0\n2\na 0 1\n", 2)] {
        write(&disk, "log-start-offset-checkpoint", text);
        match checkpoint.read() {
            Err(CheckpointError::Malformed { line: found, .. }) => assert_eq!(found, line, "{text:?}"),
            other => panic!("{text:?} was read as {other:?}"),
        }
    }
}

#[test]
fn leader_epochs_keep_their_order() {
    let disk = disk();
    let checkpoint = LeaderEpochCheckpoint::new(disk.clone(), Path::new(""));
    let entries = [
        EpochEntry { epoch: LeaderEpoch(0), start_offset: Offset(0) },
        EpochEntry { epoch: LeaderEpoch(3), start_offset: Offset(120) },
    ];
    checkpoint.write(&entries).expect("written");
    assert_eq!(content(&disk, "leader-epoch-checkpoint"), "0\n2\n0 0\n3 120\n");
    assert_eq!(checkpoint.read().expect("read"), entries);
}

#[test]
fn partition_metadata_ends_without_a_newline() {
    let disk = disk();
    let file = PartitionMetadataFile::new(disk.clone(), Path::new(""));
    assert_eq!(file.read().expect("no file"), None);
    let id = Uuid::from_halves(1, 2);
    file.write(id).expect("written");
    assert_eq!(content(&disk, "partition.metadata"), format!("version: 0\ntopic_id: {id}"));
    assert_eq!(file.read().expect("read"), Some(id));
    write(&disk, "partition.metadata", "version: 0\ntopic_id: AAAAAAAAAAAAAAAAAAAAAA");
    assert!(file.read().is_err(), "the zero id belongs to no topic");
}

#[test]
fn clean_shutdown_remembers_the_broker_epoch() {
    let disk = disk();
    let file = CleanShutdownFile::new(disk.clone(), Path::new(""));
    assert!(!file.exists());
    file.write(BrokerEpoch(42)).expect("written");
    assert_eq!(content(&disk, ".kafka_cleanshutdown"), "{\"version\":0,\"brokerEpoch\":42}");
    assert_eq!(file.read(), Some(BrokerEpoch(42)));
    file.remove().expect("removed");
    file.remove().expect("removing nothing is no error");
    assert!(!file.exists());
}

#[test]
fn meta_properties_as_formatted_by_kafka_are_understood() {
    let disk = disk();
    write(
        &disk,
        "meta.properties",
        "#\n#Sat Nov 21 09:10:00 UTC 2026\ncluster.id=MkU3OEVBNTcwNTJENDM2Qg\ndirectory.id=EjRWeJq83vD-3LqYdlQyEA\nnode.id=3\nversion=1\n",
    );
    let read = MetaProperties::read(&disk, Path::new("")).expect("read").expect("formatted");
    assert_eq!(read.node_id, NodeId(3));
    assert_eq!(read.cluster_id, "MkU3OEVBNTcwNTJENDM2Qg");
    assert_eq!(read.directory_id.map(|id| id.to_string()).as_deref(), Some("EjRWeJq83vD-3LqYdlQyEA"));
    read.write(&disk, Path::new("")).expect("written");
    assert_eq!(MetaProperties::read(&disk, Path::new("")).expect("read"), Some(read));
    write(&disk, "meta.properties", "version=0\nbroker.id=1\n");
    assert!(MetaProperties::read(&disk, Path::new("")).is_err());
}
