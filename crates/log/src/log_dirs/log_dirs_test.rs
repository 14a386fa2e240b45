//! Data directories from one start to the next.

use std::path::Path;
use std::sync::Arc;

use ::io::disk::SimulatedDisk;
use ::io::{Disk, Entropy};
use bytes::Bytes;
use config::TopicConfig;
use record::{BatchBuilder, BatchOptions};
use types::{BrokerEpoch, LeaderEpoch, NodeId, Offset, TopicPartition, Uuid};

use super::*;
use crate::AppendContext;
use crate::checkpoint::{MetaProperties, OffsetCheckpointKind};

const NOW_MS: i64 = 1_000_000;

fn start(disk: &Disk) -> LogDirs {
    let mut directory = DataDirectory::lock(disk.clone(), Path::new("/data")).expect("free");
    let meta = MetaProperties {
        cluster_id: "c".to_owned(),
        node_id: NodeId(1),
        directory_id: Some(Uuid::from_halves(7, 7)),
    };
    directory.set_meta(meta).expect("written");
    LogDirs::begin(disk.clone(), Entropy::from_seed(1), LogSettings::default(), vec![directory])
        .expect("begun")
}

fn config() -> Arc<TopicConfig> {
    Arc::new(TopicConfig { file_delete_delay_ms: 1_000, ..TopicConfig::default() })
}

fn batch() -> Bytes {
    let mut builder = BatchBuilder::new(BatchOptions::default()).expect("no options are wrong");
    builder.append(NOW_MS, Some(b"k"), Some(b"value"), &[]).expect("fits");
    builder.build().expect("built").expect("not empty")
}

fn append(log: &Log) {
    log.append_as_leader(batch(), AppendContext::client(LeaderEpoch(0), NOW_MS)).expect("appended");
}

#[test]
fn a_clean_stop_keeps_logs_ids_and_offsets() {
    let simulated = SimulatedDisk::default();
    let disk = Disk::Simulated(simulated.clone());
    let partition = TopicPartition::new("t", 0);
    let topic_id = Uuid::from_halves(1, 2);
    let dirs = start(&disk);
    let log = dirs.create(&partition, topic_id, config(), NOW_MS).expect("made");
    assert_eq!(dirs.directory_id(&partition), Some(Uuid::from_halves(7, 7)));
    append(&log);
    log.maybe_increment_high_watermark(Offset(1));
    dirs.close(BrokerEpoch(5), true);
    drop((dirs, log));
    simulated.release_locks();

    let dirs = start(&disk);
    assert!(dirs.had_clean_shutdown());
    assert_eq!(dirs.clean_shutdown_epoch(), Some(BrokerEpoch(5)));
    let found = dirs.find().expect("listed");
    assert_eq!(found.len(), 1);
    assert_eq!((&found[0].name.partition, found[0].topic_id), (&partition, Some(topic_id)));
    let log = dirs.open(&found[0], config(), NOW_MS).expect("opened");
    assert_eq!((log.log_end_offset(), log.high_watermark()), (Offset(1), Offset(1)));
}

#[test]
fn a_kill_keeps_what_was_appended() {
    let simulated = SimulatedDisk::default();
    let disk = Disk::Simulated(simulated.clone());
    let partition = TopicPartition::new("t", 0);
    let dirs = start(&disk);
    let log = dirs.create(&partition, Uuid::from_halves(1, 2), config(), NOW_MS).expect("made");
    append(&log);
    append(&log);
    drop((dirs, log));
    simulated.release_locks();

    let dirs = start(&disk);
    assert!(!dirs.had_clean_shutdown());
    let found = dirs.find().expect("listed");
    let log = dirs.open(&found[0], config(), NOW_MS).expect("opened");
    assert_eq!(log.log_end_offset(), Offset(2));
}

#[test]
fn a_deleted_log_is_out_of_sight_at_once_and_off_the_disk_later() {
    let disk = Disk::Simulated(SimulatedDisk::default());
    let partition = TopicPartition::new("t", 0);
    let dirs = start(&disk);
    let log = dirs.create(&partition, Uuid::from_halves(1, 2), config(), NOW_MS).expect("made");
    append(&log);
    let slice = log.read(crate::ReadRequest {
        from: Offset(0),
        bytes_max: 1_000,
        up_to: crate::ReadUpTo::LogEnd,
        whole_first_batch: true,
    });
    let region = slice.expect("read").region.expect("a batch");
    assert!(dirs.delete(&partition, NOW_MS).expect("renamed"));
    assert!(dirs.get(&partition).is_none());
    assert!(!dirs.delete(&partition, NOW_MS).expect("nothing to rename"));
    let names: Vec<_> = dirs.find().expect("listed").into_iter().map(|found| found.name.kind).collect();
    assert_eq!(names, [DirectoryKind::Delete]);
    assert_eq!(dirs.remove_deleted(NOW_MS + 999).expect("nothing to do"), 0);
    assert_eq!(dirs.remove_deleted(NOW_MS + 1_000).expect("removed"), 1);
    assert!(dirs.find().expect("listed").is_empty());
    assert!(!region.read().expect("a reader that holds the file goes on").is_empty());
}

#[test]
fn unflushed_bytes_stay_below_the_bound() {
    let disk = Disk::Simulated(SimulatedDisk::default());
    let dirs = start(&disk);
    for partition in 0..3 {
        let name = TopicPartition::new("t", partition);
        let log = dirs.create(&name, Uuid::from_halves(1, 2), config(), NOW_MS).expect("made");
        for _ in 0..=partition {
            append(&log);
        }
    }
    let size = batch().len() as u64;
    assert_eq!(dirs.flush_beyond(6 * size).expect("enough room"), 0);
    assert_eq!(dirs.flush_beyond(4 * size).expect("flushed"), 1, "the largest goes first and is enough");
    dirs.checkpoint_recovery_points().expect("written");
    let recovery_points =
        dirs.directories()[0].checkpoint(OffsetCheckpointKind::RecoveryPoint).read().expect("read");
    assert_eq!(recovery_points[&TopicPartition::new("t", 2)], Offset(3));
    assert_eq!(recovery_points[&TopicPartition::new("t", 0)], Offset(0));
}

#[test]
fn only_a_start_inside_a_segment_is_checkpointed() {
    let disk = Disk::Simulated(SimulatedDisk::default());
    let dirs = start(&disk);
    for partition in 0..2 {
        let name = TopicPartition::new("t", partition);
        let log = dirs.create(&name, Uuid::from_halves(1, 2), config(), NOW_MS).expect("made");
        append(&log);
        append(&log);
        log.maybe_increment_high_watermark(Offset(2));
        if partition == 1 {
            log.maybe_increment_log_start(Offset(1)).expect("below the high watermark");
        }
    }
    dirs.checkpoint_log_starts().expect("written");
    let starts = dirs.directories()[0].checkpoint(OffsetCheckpointKind::LogStart).read().expect("read");
    assert_eq!(starts.into_iter().collect::<Vec<_>>(), [(TopicPartition::new("t", 1), Offset(1))]);
}

/// Two logs whose starts were moved, closed cleanly.
fn two_logs_with_moved_starts(simulated: &SimulatedDisk) -> Disk {
    let disk = Disk::Simulated(simulated.clone());
    let dirs = start(&disk);
    for partition in 0..2 {
        let name = TopicPartition::new("t", partition);
        let log = dirs.create(&name, Uuid::from_halves(1, 2), config(), NOW_MS).expect("made");
        append(&log);
        append(&log);
        append(&log);
        log.maybe_increment_high_watermark(Offset(2));
        log.maybe_increment_log_start(Offset(1)).expect("below the high watermark");
    }
    dirs.close(BrokerEpoch(5), true);
    simulated.release_locks();
    disk
}

/// Opens the logs of [`two_logs_with_moved_starts`]; nothing that was said of them is forgotten.
fn check_moved_starts(dirs: &LogDirs) {
    let found = dirs.find().expect("listed");
    assert_eq!(found.len(), 2);
    for found in found {
        let log = dirs.open(&found, config(), NOW_MS).expect("opened");
        let offsets = (log.log_start_offset(), log.recovery_point(), log.high_watermark());
        assert_eq!(offsets, (Offset(1), Offset(3), Offset(2)), "{}", found.name.partition);
    }
}

fn write_all_checkpoints(dirs: &LogDirs) {
    dirs.checkpoint_recovery_points().expect("written");
    dirs.checkpoint_log_starts().expect("written");
    dirs.checkpoint_high_watermarks().expect("written");
}

#[test]
fn a_crash_while_logs_are_being_opened_forgets_nothing_of_those_that_are_not() {
    let simulated = SimulatedDisk::default();
    let disk = two_logs_with_moved_starts(&simulated);
    for opened_before_the_crash in [0, 1] {
        let dirs = start(&disk);
        write_all_checkpoints(&dirs);
        let found = dirs.find().expect("listed");
        assert_eq!(found.len(), 2);
        write_all_checkpoints(&dirs);
        for found in &found[..opened_before_the_crash] {
            dirs.open(found, config(), NOW_MS).expect("opened");
        }
        // A topic made meanwhile writes them, too, where one of its name was there before.
        write_all_checkpoints(&dirs);
        drop(dirs);
        simulated.crash(&Entropy::from_seed(3));
    }
    let dirs = start(&disk);
    assert!(!dirs.had_clean_shutdown());
    check_moved_starts(&dirs);
}

#[test]
fn a_clean_stop_forgets_nothing_of_logs_that_were_not_opened() {
    let simulated = SimulatedDisk::default();
    let disk = two_logs_with_moved_starts(&simulated);
    let dirs = start(&disk);
    let found = dirs.find().expect("listed");
    dirs.open(&found[0], config(), NOW_MS).expect("opened");
    dirs.close(BrokerEpoch(6), false);
    drop(dirs);
    simulated.release_locks();

    let dirs = start(&disk);
    assert!(dirs.had_clean_shutdown());
    check_moved_starts(&dirs);
}

#[test]
fn a_log_made_anew_is_not_held_to_what_was_said_of_the_one_before() {
    let simulated = SimulatedDisk::default();
    let disk = two_logs_with_moved_starts(&simulated);
    let dirs = start(&disk);
    let found = dirs.find().expect("listed");
    dirs.set_aside(&found[0]).expect("renamed");
    let again = found[0].name.partition.clone();
    let log = dirs.create(&again, Uuid::from_halves(3, 4), config(), NOW_MS).expect("made");
    append(&log);
    drop((dirs, log));
    simulated.release_locks();

    let dirs = start(&disk);
    let starts: Vec<Offset> = (dirs.find().expect("listed").iter())
        .filter(|found| found.name.kind == DirectoryKind::Current)
        .map(|found| dirs.open(found, config(), NOW_MS).expect("opened").log_start_offset())
        .collect();
    assert_eq!(starts, [Offset(0), Offset(1)], "the other log, not yet open then, kept its start");
}

#[test]
fn records_are_flushed_once_they_have_waited_for_flush_ms() {
    let disk = Disk::Simulated(SimulatedDisk::default());
    let dirs = start(&disk);
    let config = Arc::new(TopicConfig { flush_ms: 1_000, ..TopicConfig::default() });
    let name = TopicPartition::new("t", 0);
    let log = dirs.create(&name, Uuid::from_halves(1, 2), config, NOW_MS).expect("made");
    dirs.flush_overdue(NOW_MS + 5_000).expect("nothing to flush");
    append(&log);
    log.append_as_leader(batch(), AppendContext::client(LeaderEpoch(0), NOW_MS + 900)).expect("appended");
    dirs.flush_overdue(NOW_MS + 999).expect("nothing is overdue");
    assert_eq!((log.recovery_point(), log.unflushed_messages()), (Offset(0), 2));
    dirs.flush_overdue(NOW_MS + 1_000).expect("flushed");
    assert_eq!((log.recovery_point(), log.unflushed_ms(NOW_MS + 1_000)), (Offset(2), None));
    log.append_as_leader(batch(), AppendContext::client(LeaderEpoch(0), NOW_MS + 1_500)).expect("appended");
    dirs.flush_overdue(NOW_MS + 2_499).expect("nothing is overdue");
    assert_eq!(log.unflushed_ms(NOW_MS + 2_499), Some(999), "the age is that of the oldest unflushed record");
}

#[test]
fn a_log_that_cannot_be_flushed_does_not_keep_others_from_it() {
    let dirs = start(&Disk::Simulated(SimulatedDisk::default()));
    let config = Arc::new(TopicConfig { flush_ms: 0, ..TopicConfig::default() });
    let logs = [0, 1].map(|partition| {
        let name = TopicPartition::new("t", partition);
        let log = dirs.create(&name, Uuid::from_halves(1, 2), config.clone(), NOW_MS).expect("made");
        append(&log);
        log
    });
    logs[0].delete().expect("removed");
    dirs.flush_overdue(NOW_MS).expect_err("the first log has failed");
    assert_eq!((logs[0].recovery_point(), logs[1].recovery_point()), (Offset(0), Offset(1)));
}

#[test]
fn a_directory_is_described_with_its_logs_and_its_room() {
    let dirs = start(&Disk::Simulated(SimulatedDisk::default()));
    let partition = TopicPartition::new("t", 3);
    let log = dirs.create(&partition, Uuid::from_halves(1, 2), config(), NOW_MS).expect("made");
    append(&log);
    let described = dirs.describe();
    assert_eq!(described.len(), 1);
    assert_eq!(
        (described[0].path.as_path(), described[0].id),
        (Path::new("/data"), Some(Uuid::from_halves(7, 7)))
    );
    assert!(described[0].space.as_ref().expect("it is there").usable > 0);
    let logs: Vec<_> = described[0].logs.iter().map(|(partition, log)| (partition, log.size())).collect();
    assert_eq!(logs, [(&partition, log.size())]);
}

/// Has the disk refuse the making of a log at every point, and looks at what is left each time.
fn check_that_making_heals(refuse_after: impl Fn(&SimulatedDisk, Option<u64>)) {
    let mut refused = 0;
    for left in 0.. {
        let simulated = SimulatedDisk::default();
        let disk = Disk::Simulated(simulated.clone());
        let partition = TopicPartition::new("t", 0);
        let dirs = start(&disk);
        refuse_after(&simulated, Some(left));
        let made = dirs.create(&partition, Uuid::from_halves(1, 2), config(), NOW_MS);
        assert_eq!(dirs.has_log_of(&partition), made.is_ok(), "refused after {left}");
        if made.is_ok() {
            break;
        }
        assert!(!disk.exists(Path::new("/data/t-0")), "refused after {left}");
        refused += 1;
        refuse_after(&simulated, None);
        let log = dirs.create(&partition, Uuid::from_halves(1, 2), config(), NOW_MS).expect("made");
        append(&log);
        drop((dirs, log));
        simulated.release_locks();
        let dirs = start(&disk);
        let found = dirs.find().expect("listed");
        assert_eq!((found.len(), found[0].topic_id), (1, Some(Uuid::from_halves(1, 2))));
    }
    assert!(refused > 1, "the disk was asked at {refused} points");
}

#[test]
fn a_log_that_a_full_disk_did_not_let_be_made_is_made_when_there_is_room() {
    check_that_making_heals(SimulatedDisk::set_bytes_left);
}

#[test]
fn a_log_that_a_failing_disk_did_not_let_be_made_is_made_when_it_works() {
    check_that_making_heals(SimulatedDisk::set_syncs_left);
}

#[test]
fn what_a_failed_attempt_left_and_could_not_remove_is_no_log_and_goes_with_the_next() {
    let simulated = SimulatedDisk::default();
    let disk = Disk::Simulated(simulated.clone());
    let partition = TopicPartition::new("t", 0);
    let dirs = start(&disk);
    simulated.set_bytes_left(Some(10));
    simulated.set_name_changes_left(Some(0));
    let make = || dirs.create(&partition, Uuid::from_halves(1, 2), config(), NOW_MS);
    assert!(make().is_err());
    assert!(disk.exists(Path::new("/data/t-0")), "the disk kept it");
    assert!(!dirs.has_log_of(&partition));
    simulated.set_bytes_left(None);
    assert!(make().is_err(), "it is in the way");
    simulated.set_name_changes_left(None);
    append(&make().expect("made"));
    assert!(dirs.has_log_of(&partition));
    assert!(make().is_err(), "a log that is there is not touched");
    assert_eq!(dirs.get(&partition).expect("open").log_end_offset(), Offset(1));
}
