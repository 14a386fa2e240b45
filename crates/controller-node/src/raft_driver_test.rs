//! The quorum on a simulated disk: what survives a process that dies, and a power cut.

use std::path::Path;

use bytes::Bytes;
use raft::{ControlRecord, Endpoints, OffsetAndEpoch, ReplicaKey, StartError};
use types::{LeaderEpoch, NodeId, Offset, Uuid};

use crate::raft_driver::{Loaded, QuorumError, RaftDriver};
use crate::test_node::{NOW_MS, Node};
use crate::{BatchContent, SnapshotHead, SnapshotWriter};

/// What a node found when it started: values of snapshot and log with their offsets, leaders with their epochs.
#[derive(Debug, Default, PartialEq)]
struct Found {
    snapshot: Option<(OffsetAndEpoch, Vec<Bytes>)>,
    values: Vec<(i64, Bytes)>,
    epochs: Vec<i32>,
    voters_records: usize,
}

impl Node {
    fn start(&self) -> Result<(RaftDriver, Found), QuorumError> {
        let mut found = Found::default();
        let driver = RaftDriver::open(&self.options, Path::new("/data"), &mut |loaded| {
            match loaded {
                Loaded::Snapshot(id, snapshot) => found.snapshot = Some((id, snapshot.values.clone())),
                Loaded::Batch(batch) => match &batch.content {
                    BatchContent::Data(values) => {
                        found.values.extend(values.iter().map(|(offset, value)| (offset.0, value.clone())));
                    }
                    BatchContent::Control(records) => {
                        for (_, record) in records {
                            match record {
                                ControlRecord::LeaderChange(_) => found.epochs.push(batch.epoch.0),
                                ControlRecord::Voters(_) => found.voters_records += 1,
                                _ => {}
                            }
                        }
                    }
                },
            }
            Ok::<(), QuorumError>(())
        })?;
        Ok((driver, found))
    }
}

fn value(number: i64) -> Bytes {
    Bytes::from(format!("value {number}"))
}

#[tokio::test]
async fn what_was_committed_survives_a_power_cut_and_every_start_bumps_the_epoch() {
    let node = Node::formatted();
    let (mut driver, found) = node.start().expect("started");
    assert_eq!(found.snapshot, Some((OffsetAndEpoch::default(), Vec::new())));
    assert_eq!(driver.epoch(), LeaderEpoch(1));
    // The epoch opens with the leader, the version and the voters at 0, 1 and 2.
    assert_eq!(driver.stage(&[value(3), value(4)], NOW_MS).expect("staged"), Offset(3));
    assert_eq!(driver.stage(&[value(5)], NOW_MS).expect("staged"), Offset(5));
    assert_eq!(driver.info().high_watermark, None, "nothing is committed before it is durable");
    assert_eq!(driver.flush().await.expect("durable"), Some(Offset(6)));
    driver.stage(&[value(6)], NOW_MS).expect("staged");
    drop(driver);
    node.crash();

    let committed = [3, 4, 5].map(|offset| (offset, value(offset)));
    let (mut driver, found) = node.start().expect("started again");
    assert_eq!((found.values.as_slice(), found.epochs.as_slice()), (committed.as_slice(), [1].as_slice()));
    assert_eq!((driver.epoch(), driver.next_offset()), (LeaderEpoch(2), Offset(7)));
    assert_eq!(driver.flush().await.expect("durable"), Some(Offset(7)));
    node.crash();

    let (driver, found) = node.start().expect("started a third time");
    assert_eq!(found.epochs, [1, 2]);
    assert_eq!(found.voters_records, 1, "voters are written once");
    assert_eq!(driver.epoch(), LeaderEpoch(3));
}

#[tokio::test]
async fn an_epoch_is_never_led_twice_even_if_its_records_were_lost() {
    let node = Node::formatted();
    let mut epochs = Vec::new();
    for _ in 0..4 {
        let (mut driver, _) = node.start().expect("started");
        epochs.push(driver.epoch().0);
        driver.stage(&[value(0)], NOW_MS).expect("staged");
        drop(driver);
        node.crash();
    }
    assert_eq!(epochs, [1, 2, 3, 4]);
}

#[tokio::test]
async fn a_flush_that_fails_commits_nothing_and_ends_the_leadership() {
    let node = Node::formatted();
    let (mut driver, _) = node.start().expect("started");
    driver.flush().await.expect("durable");
    driver.stage(&[value(3)], NOW_MS).expect("staged");
    node.simulated.set_syncs_left(Some(0));
    assert!(driver.flush().await.is_err());
    assert_eq!(driver.info().high_watermark, None);
    driver.stage(&[value(4)], NOW_MS).expect("staged");
    assert!(driver.flush().await.is_err(), "a sync that failed once is never tried again");
}

#[tokio::test]
async fn a_changed_controller_endpoint_is_written_for_the_others_to_read() {
    let mut node = Node::formatted();
    let (mut driver, _) = node.start().expect("started");
    driver.flush().await.expect("durable");
    drop(driver);
    node.options.local.endpoints = Endpoints::single("CONTROLLER", "localhost", 19093);
    let (mut driver, _) = node.start().expect("started");
    driver.flush().await.expect("durable");
    let voters = driver.info().voters;
    assert_eq!(
        voters.iter().next().map(|voter| voter.endpoints.clone()),
        Some(node.options.local.endpoints.clone())
    );
    drop(driver);
    let (_, found) = node.start().expect("started");
    assert_eq!((found.epochs, found.voters_records), (vec![1, 2], 2));
}

#[tokio::test]
async fn a_snapshot_is_loaded_instead_of_the_log_before_it() {
    let node = Node::formatted();
    let (mut driver, _) = node.start().expect("started");
    driver.stage(&[value(3), value(4)], NOW_MS).expect("staged");
    driver.flush().await.expect("durable");
    driver.stage(&[value(5)], NOW_MS).expect("staged");
    driver.flush().await.expect("durable");
    let id = OffsetAndEpoch::new(Offset(5), LeaderEpoch(1));
    let controls = driver.control_records();
    let head = SnapshotHead {
        last_contained_log_timestamp_ms: NOW_MS,
        kraft_version: controls.kraft_version_at(Offset(4)),
        voters: controls.voters_at(Offset(4)).cloned(),
    };
    let directory = driver.log().directory().to_owned();
    let mut writer =
        SnapshotWriter::create(&node.options.disk, &directory, id, &head, NOW_MS).expect("begun");
    writer.append(&[Bytes::from_static(b"all below 5")], NOW_MS).expect("written");
    // A second one is cut off by the power.
    let later = OffsetAndEpoch::new(Offset(6), LeaderEpoch(1));
    SnapshotWriter::create(&node.options.disk, &directory, later, &head, NOW_MS).expect("begun");
    writer.freeze(NOW_MS).expect("written");
    drop(driver);
    node.crash();

    let (mut driver, found) = node.start().expect("started");
    assert_eq!(found.snapshot, Some((id, vec![Bytes::from_static(b"all below 5")])));
    assert_eq!(found.values, [(5, value(5))]);
    assert_eq!(driver.info().voters.len(), 1, "the snapshot names the voters");
    driver.flush().await.expect("durable");
    let names: Vec<String> = node
        .options
        .disk
        .read_directory(&directory)
        .expect("there")
        .into_iter()
        .map(|entry| entry.name)
        .filter(|name| name.contains(".checkpoint"))
        .collect();
    assert_eq!(
        names,
        ["00000000000000000000-0000000000.checkpoint", "00000000000000000005-0000000001.checkpoint"],
        "the unfinished one is gone"
    );
}

#[tokio::test]
async fn retention_removes_old_snapshots_and_the_log_before_the_oldest_that_stays() {
    let mut node = Node::formatted();
    node.options.log.log_segment_bytes = 300;
    node.options.log.max_retention_bytes = 1;
    let (mut driver, _) = node.start().expect("started");
    for _ in 0..8 {
        driver.stage(&[Bytes::from(vec![b'x'; 100])], NOW_MS).expect("staged");
        driver.flush().await.expect("durable");
    }
    let directory = driver.log().directory().to_owned();
    let id = OffsetAndEpoch::new(Offset(9), LeaderEpoch(1));
    let head = SnapshotHead {
        last_contained_log_timestamp_ms: NOW_MS,
        kraft_version: driver.control_records().kraft_version_at(Offset(8)),
        voters: driver.control_records().voters_at(Offset(8)).cloned(),
    };
    let writer = SnapshotWriter::create(&node.options.disk, &directory, id, &head, NOW_MS).expect("begun");
    writer.freeze(NOW_MS).expect("written");
    driver.log().add_snapshot(id);
    assert_eq!(driver.log().clean(NOW_MS).expect("cleaned"), Some(Offset(9)));
    driver.log_start_advanced(Offset(9));
    assert_eq!(driver.log().start_offset(), Offset(9));
    let names = |node: &Node| -> Vec<String> {
        let entries = node.options.disk.read_directory(&directory).expect("there");
        entries.into_iter().map(|entry| entry.name).collect()
    };
    assert!(names(&node).contains(&"00000000000000000000-0000000000.checkpoint.deleted".to_owned()));
    assert_eq!(driver.log().clean(NOW_MS + 60_000).expect("cleaned"), None, "the last snapshot stays");
    let left = names(&node);
    assert!(!left.iter().any(|name| name.ends_with(".deleted")), "{left:?}");
    assert!(!left.contains(&"00000000000000000000.log".to_owned()), "{left:?}");
    drop(driver);
    let (driver, found) = node.start().expect("started from the snapshot");
    assert_eq!(found.snapshot.map(|(id, _)| id), Some(id));
    assert_eq!((found.values.len(), driver.info().voters.len()), (2, 1));
}

#[tokio::test]
async fn a_directory_of_another_replica_is_refused() {
    let mut node = Node::formatted();
    node.options.local.key = ReplicaKey::new(NodeId(1), Uuid::from_halves(9, 9));
    assert!(matches!(node.start().map(|_| ()), Err(QuorumError::Start(StartError::NotAVoter { .. }))));
}

#[tokio::test]
async fn a_snapshot_ahead_of_the_log_replaces_it() {
    let node = Node::formatted();
    let (mut driver, _) = node.start().expect("started");
    driver.flush().await.expect("durable");
    let directory = driver.directory().to_owned();
    let id = OffsetAndEpoch::new(Offset(100), LeaderEpoch(7));
    let head = SnapshotHead {
        last_contained_log_timestamp_ms: NOW_MS,
        kraft_version: driver.control_records().kraft_version(),
        voters: Some(driver.info().voters),
    };
    drop(driver);
    let mut writer =
        SnapshotWriter::create(&node.options.disk, &directory, id, &head, NOW_MS).expect("begun");
    writer.append(&[value(0)], NOW_MS).expect("written");
    writer.freeze(NOW_MS).expect("written");

    let (mut driver, found) = node.start().expect("started");
    assert_eq!(found.snapshot, Some((id, vec![value(0)])));
    assert_eq!((found.values.len(), found.epochs.len()), (0, 0), "the log before the snapshot is gone");
    assert_eq!((driver.epoch(), driver.next_offset()), (LeaderEpoch(8), Offset(101)));
    driver.stage(&[value(101)], NOW_MS).expect("staged");
    assert_eq!(driver.flush().await.expect("durable"), Some(Offset(102)));
    drop(driver);
    node.crash();
    let (_, found) = node.start().expect("started again");
    assert_eq!(found.values, [(101, value(101))]);
}
