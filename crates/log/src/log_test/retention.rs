//! Forgetting the beginning.

use config::CleanupPolicy;
use record::BatchOptions;
use types::{LeaderEpoch, Offset};

use super::fixture::*;
use crate::{AppendContext, Log, ReadError};

const DAY_MS: i64 = 86_400_000;

/// Ten batches of two records, one day apart, two batches a segment.
fn ten_days(place: &mut Place) -> Log {
    place.configure(|config| {
        config.segment_bytes = 400;
        config.message_timestamp_after_max_ms = i64::MAX;
    });
    let log = place.open();
    for day in 0..10 {
        let batch = records(BatchOptions::default(), NOW_MS + day * DAY_MS, 2, 50);
        log.append_as_leader(batch, AppendContext::client(LeaderEpoch(0), NOW_MS)).expect("appended");
    }
    assert_eq!(log.segment_count(), 5);
    log.maybe_increment_high_watermark(log.log_end_offset());
    log
}

#[test]
fn segments_go_once_their_largest_timestamp_is_too_old() {
    on_both(|place| {
        let log = ten_days(place);
        place.configure(|config| config.retention_ms = 5 * DAY_MS);
        log.update_config(place.options.config.clone());
        // The second segment ends with day 3: it is five days old to the millisecond, the record after it not yet.
        assert_eq!(log.delete_old_segments(NOW_MS + 8 * DAY_MS + 1).expect("deleted"), 1);
        assert_eq!(log.log_start_offset(), Offset(4));
        assert_eq!(log.delete_old_segments(NOW_MS + 8 * DAY_MS + 2).expect("deleted"), 1);
        assert_eq!((log.log_start_offset(), log.segment_count()), (Offset(8), 3));
        assert_eq!(offsets_from(&log, 8), (8..20).collect::<Vec<_>>());
        assert!(matches!(read_from(&log, 7), Err(ReadError::OffsetOutOfRange { log_start: Offset(8), .. })));
        assert_eq!(log.epoch_entries()[0].start_offset, Offset(8));
    });
}

#[test]
fn an_expired_active_segment_is_rolled_first() {
    let mut place = simulated();
    let log = ten_days(&mut place);
    assert_eq!(log.delete_old_segments(NOW_MS + 99 * DAY_MS).expect("deleted"), 5);
    assert_eq!(
        (log.log_start_offset(), log.log_end_offset(), log.segment_count()),
        (Offset(20), Offset(20), 1)
    );
    assert_eq!(append(&log, 1).first_offset, Offset(20));
    assert_eq!(log.delete_old_segments(NOW_MS).expect("nothing old"), 0);
}

#[test]
fn nothing_goes_past_the_high_watermark() {
    let mut place = simulated();
    place.configure(|config| config.segment_bytes = 400);
    let log = place.open();
    for _ in 0..10 {
        append(&log, 2);
    }
    log.maybe_increment_high_watermark(Offset(9));
    assert_eq!(log.delete_old_segments(NOW_MS + 99 * DAY_MS).expect("deleted"), 2);
    assert_eq!(log.log_start_offset(), Offset(8));
    match log.maybe_increment_log_start(Offset(10)) {
        Err(ReadError::OffsetOutOfRange { requested, .. }) => assert_eq!(requested, Offset(10)),
        other => panic!("{other:?}"),
    }
}

#[test]
fn segments_go_while_the_rest_is_large_enough() {
    let mut place = simulated();
    let log = ten_days(&mut place);
    let segment_bytes = log.size() / 5;
    place.configure(|config| config.retention_bytes = (2 * segment_bytes) as i64 + 1);
    log.update_config(place.options.config.clone());
    assert_eq!(log.delete_old_segments(NOW_MS).expect("deleted"), 2);
    place.configure(|config| config.retention_bytes = (2 * segment_bytes) as i64);
    log.update_config(place.options.config.clone());
    assert_eq!(log.delete_old_segments(NOW_MS).expect("deleted"), 1);
}

#[test]
fn compacted_logs_lose_only_what_delete_records_took() {
    let mut place = simulated();
    let log = ten_days(&mut place);
    place.configure(|config| config.cleanup_policy = CleanupPolicy { delete: false, compact: true });
    log.update_config(place.options.config.clone());
    assert_eq!(log.delete_old_segments(NOW_MS + 99 * DAY_MS).expect("kept"), 0);
    assert!(log.maybe_increment_log_start(Offset(9)).expect("in range"));
    assert!(!log.maybe_increment_log_start(Offset(9)).expect("no change"));
    assert_eq!(log.delete_old_segments(NOW_MS + 99 * DAY_MS).expect("deleted"), 2);
    assert_eq!((log.log_start_offset(), log.segment_count()), (Offset(9), 3));
}

#[test]
fn deleted_files_wait_for_slow_readers() {
    on_both(|place| {
        let log = ten_days(place);
        let region = read_from(&log, 0).expect("in range").region.expect("bytes");
        log.maybe_increment_log_start(Offset(5)).expect("in range");
        assert_eq!(log.delete_old_segments(NOW_MS).expect("deleted"), 1);
        let marked = || contents(&place.disk, &place.path, &[".deleted"]).len();
        assert_eq!(marked(), 3, ".log, .index, .timeindex");
        let due = log.next_file_removal_ms().expect("files wait");
        assert_eq!(due, NOW_MS + log.config().file_delete_delay_ms);
        assert_eq!((log.remove_expired_files(due - 1).expect("none yet"), marked()), (0, 3));
        assert_eq!((log.remove_expired_files(due).expect("removed"), marked()), (3, 0));
        assert_eq!(region.read().expect("the handle outlives the name").len(), region.length);
    });
}

#[test]
fn a_retry_after_delete_records_is_still_recognised() {
    on_both(|place| {
        let log = place.open();
        let context = AppendContext::client(LeaderEpoch(0), NOW_MS);
        let batch = records(producer(5, 0), NOW_MS, 3, 10);
        log.append_as_leader(batch.clone(), context).expect("appended");
        log.maybe_increment_high_watermark(Offset(3));
        log.maybe_increment_log_start(Offset(3)).expect("in range");
        assert!(log.append_as_leader(batch.clone(), context).expect("known").is_duplicate);
        drop(log);
        place.options.log_start = Offset(3);
        let log = place.recover(Offset(0));
        assert!(log.append_as_leader(batch, context).expect("known").is_duplicate, "after a crash too");
    });
}

#[test]
fn producer_snapshots_go_with_their_segments() {
    let mut place = simulated();
    let log = ten_days(&mut place);
    let snapshots = || contents(&place.disk, &place.path, &[".snapshot"]).len();
    assert_eq!(snapshots(), 4);
    log.maybe_increment_log_start(Offset(9)).expect("in range");
    log.delete_old_segments(NOW_MS).expect("deleted");
    assert_eq!(snapshots(), 3, "the one at 4 went with its segment, 8, 12 and 16 stay");
}
