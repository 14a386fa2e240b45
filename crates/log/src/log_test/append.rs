//! Appending and reading back.

use record::BatchOptions;
use types::{LeaderEpoch, Offset};

use super::fixture::*;
use crate::{AppendContext, AppendError, ProducerStateError, ReadError, ReadRequest, ReadUpTo};

#[test]
fn offsets_are_dense_across_segments() {
    on_both(|place| {
        place.configure(|config| config.segment_bytes = 1000);
        let log = place.open();
        for number in 0..40 {
            let info = append(&log, 3);
            assert_eq!((info.first_offset, info.last_offset), (Offset(3 * number), Offset(3 * number + 2)));
        }
        assert!(log.segment_count() > 5, "{} segments", log.segment_count());
        assert_eq!(offsets_from(&log, 0), (0..120).collect::<Vec<_>>());
        assert_eq!(offsets_from(&log, 77), (77..120).collect::<Vec<_>>());
        let region = read_from(&log, 100).expect("in range").region.expect("bytes");
        assert_eq!(region.read().expect("read")[..8], 99i64.to_be_bytes(), "whole batches are given");
    });
}

#[test]
fn reads_stop_at_the_high_watermark() {
    let place = simulated();
    let log = place.open();
    for _ in 0..10 {
        append(&log, 2);
    }
    let read = |from, bytes_max, whole_first_batch| {
        let request =
            ReadRequest { from: Offset(from), bytes_max, up_to: ReadUpTo::HighWatermark, whole_first_batch };
        log.read(request).expect("in range")
    };
    assert!(read(5, 1000, true).region.is_none());
    assert_eq!(log.maybe_increment_high_watermark(Offset(8)), Some(Offset(0)));
    assert_eq!(log.maybe_increment_high_watermark(Offset(7)), None, "it never falls");
    let batch_bytes = log.size() as usize / 10;
    assert_eq!(read(5, usize::MAX, true).bytes(), 2 * batch_bytes, "offsets 4 to 7");
    assert_eq!(read(5, 1, true).bytes(), batch_bytes);
    let partial = read(5, 10, false);
    assert_eq!((partial.bytes(), partial.is_first_batch_incomplete), (10, true));
    assert!(read(8, 1000, true).region.is_none());
    assert_eq!(log.maybe_increment_high_watermark(Offset(99)), Some(Offset(8)));
    assert_eq!(log.high_watermark(), Offset(20), "never past the end");
}

#[test]
fn offsets_outside_the_log_are_told_with_its_ends() {
    let place = simulated();
    let log = place.open();
    append(&log, 5);
    assert!(read_from(&log, 5).expect("the end is in range").region.is_none());
    for requested in [-1, 6] {
        match read_from(&log, requested) {
            Err(ReadError::OffsetOutOfRange { requested: told, log_start, log_end }) => {
                assert_eq!((told, log_start, log_end), (Offset(requested), Offset(0), Offset(5)));
            }
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn a_retried_batch_is_acknowledged_where_it_stands() {
    on_both(|place| {
        let log = place.open();
        let context = AppendContext::client(LeaderEpoch(0), NOW_MS);
        append(&log, 1);
        let first = records(producer(7, 0), NOW_MS, 3, 10);
        let info = log.append_as_leader(first.clone(), context).expect("appended");
        assert_eq!((info.first_offset, info.is_duplicate), (Offset(1), false));
        append(&log, 1);
        let again = log.append_as_leader(first, context).expect("known");
        assert_eq!((again.first_offset, again.last_offset, again.is_duplicate), (Offset(1), Offset(3), true));
        assert_eq!(log.log_end_offset(), Offset(5), "nothing was written");
        let gap = log.append_as_leader(records(producer(7, 9), NOW_MS, 1, 10), context);
        let is_gap = matches!(gap, Err(AppendError::Producer(ProducerStateError::OutOfOrderSequence { .. })));
        assert!(is_gap, "{gap:?}");
    });
}

#[test]
fn a_follower_keeps_offsets_and_epochs() {
    let place = simulated();
    let leader = place.open();
    for _ in 0..4 {
        append(&leader, 2);
    }
    let copied = read_from(&leader, 0).expect("in range").region.expect("bytes").read().expect("read");
    let mut other = simulated();
    other.options.log_start = Offset(0);
    let follower = other.open();
    // The last batch was cut off by the fetch.
    let info = follower.append_as_follower(copied.slice(..copied.len() - 1), LeaderEpoch(0), NOW_MS);
    assert_eq!(info.expect("appended").last_offset, Offset(5));
    let again = follower.append_as_follower(copied.clone(), LeaderEpoch(0), NOW_MS);
    assert!(matches!(again, Err(AppendError::UnexpectedOffset { first: Offset(0), expected: Offset(6) })));
    assert_eq!(follower.latest_epoch(), Some(LeaderEpoch(0)));
    let mut damaged = copied.to_vec();
    damaged[70] ^= 1;
    let refused = other.open().append_as_follower(damaged.into(), LeaderEpoch(0), NOW_MS);
    assert!(matches!(refused, Err(AppendError::Invalid(_))), "{refused:?}");
}

#[test]
fn the_epoch_is_on_disk_before_its_first_record() {
    let place = simulated();
    let log = place.open();
    append(&log, 2);
    let batch = records(BatchOptions::default(), NOW_MS, 1, 10);
    log.append_as_leader(batch, AppendContext::client(LeaderEpoch(4), NOW_MS)).expect("appended");
    let checkpoint = place.disk.read(&place.file("leader-epoch-checkpoint")).expect("read");
    assert_eq!(checkpoint, b"0\n2\n0 0\n4 2\n");
    assert_eq!(log.end_offset_for_epoch(LeaderEpoch(0)).map(|end| end.end_offset), Some(Offset(2)));
}
