//! Disks that are full or broken.

use ::io::Disk;
use ::io::disk::SimulatedDisk;
use record::BatchOptions;
use types::{LeaderEpoch, Offset};

use super::fixture::*;
use crate::{AppendContext, AppendError, LogError};

fn simulated_disk(place: &Place) -> SimulatedDisk {
    let Disk::Simulated(disk) = &place.disk else { panic!("the place is simulated") };
    disk.clone()
}

#[test]
fn a_batch_that_did_not_fit_is_cut_back() {
    let place = simulated();
    let disk = simulated_disk(&place);
    let log = place.open();
    append(&log, 2);
    let batch = records(BatchOptions::default(), NOW_MS, 5, 100);
    for bytes_left in [0, 1, 60, 61, 62, batch.len() as u64 - 1] {
        disk.set_bytes_left(Some(bytes_left));
        let refused = log.append_as_leader(batch.clone(), AppendContext::client(LeaderEpoch(0), NOW_MS));
        assert!(matches!(refused, Err(AppendError::Log(LogError::Io { .. }))), "{refused:?}");
        assert_eq!(log.log_end_offset(), Offset(2));
        let content = place.disk.read(&place.file("00000000000000000000.log")).expect("read");
        assert_eq!(content.len() as u64, log.size(), "nothing half-written stays");
    }
    disk.set_bytes_left(None);
    assert_eq!(append(&log, 1).first_offset, Offset(2), "the log goes on once there is room");
    assert_eq!(offsets_from(&log, 0), [0, 1, 2]);
}

#[test]
fn a_failed_sync_ends_writing_and_moves_no_recovery_point() {
    let place = simulated();
    let disk = simulated_disk(&place);
    let log = place.open();
    append(&log, 2);
    disk.set_syncs_left(Some(0));
    assert!(matches!(log.flush(), Err(LogError::Io { .. })));
    disk.set_syncs_left(None);
    assert_eq!(log.recovery_point(), Offset(0));
    assert!(matches!(log.flush(), Err(LogError::Failed { .. })), "a second sync would prove nothing");
    let batch = records(BatchOptions::default(), NOW_MS, 1, 10);
    let refused = log.append_as_leader(batch, AppendContext::client(LeaderEpoch(0), NOW_MS));
    assert!(matches!(refused, Err(AppendError::Log(LogError::Failed { .. }))), "{refused:?}");
    assert_eq!(offsets_from(&log, 0), [0, 1], "reads go on");
}

#[test]
fn an_epoch_that_cannot_be_noted_takes_no_records() {
    let place = simulated();
    let disk = simulated_disk(&place);
    let log = place.open();
    append(&log, 1);
    disk.set_syncs_left(Some(0));
    let batch = records(BatchOptions::default(), NOW_MS, 1, 10);
    let refused = log.append_as_leader(batch.clone(), AppendContext::client(LeaderEpoch(1), NOW_MS));
    assert!(matches!(refused, Err(AppendError::Log(LogError::Checkpoint(_)))), "{refused:?}");
    assert_eq!((log.latest_epoch(), log.log_end_offset()), (Some(LeaderEpoch(0)), Offset(1)));
    log.append_as_leader(batch, AppendContext::client(LeaderEpoch(0), NOW_MS))
        .expect("the old epoch is noted");
}

#[test]
fn batches_larger_than_a_segment_are_refused() {
    let mut place = simulated();
    place.configure(|config| config.segment_bytes = 300);
    let log = place.open();
    let batch = records(BatchOptions::default(), NOW_MS, 5, 100);
    let size = batch.len() as u64;
    match log.append_as_leader(batch, AppendContext::client(LeaderEpoch(0), NOW_MS)) {
        Err(AppendError::SegmentTooSmall { size: told, limit: 300 }) => assert_eq!(told, size),
        other => panic!("{other:?}"),
    }
}
