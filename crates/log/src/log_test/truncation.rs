//! Cutting the end off, as followers do.

use types::{LeaderEpoch, Offset};

use super::fixture::*;

#[test]
fn truncation_cuts_whole_batches_and_forgets_what_began_after() {
    on_both(|place| {
        place.configure(|config| config.segment_bytes = 600);
        let log = place.open();
        for epoch in 0..10 {
            produce(&log, epoch, producer(1, 3 * epoch), 3);
        }
        log.maybe_increment_high_watermark(Offset(30));
        log.flush().expect("flushed");
        assert!(log.truncate_to(Offset(13), NOW_MS).expect("cut"));
        let offsets = log.offsets();
        assert_eq!(offsets.log_end, Offset(13), "the end is where the leader says");
        assert!(offsets.high_watermark <= Offset(13) && log.recovery_point() <= Offset(13));
        assert_eq!(log.latest_epoch(), Some(LeaderEpoch(4)));
        assert_eq!(offsets_from(&log, 0), (0..12).collect::<Vec<_>>(), "the batch of 12 to 14 is gone whole");
        assert_eq!(log.producers()[0].last_sequence(), 11);
        assert!(!log.truncate_to(Offset(13), NOW_MS).expect("nothing to cut"));
        let next = append(&log, 2);
        assert_eq!(next.first_offset, Offset(13));
        log.close().expect("closed");
        let again = place.open();
        assert_eq!(again.log_end_offset(), Offset(15));
        assert_eq!(offsets_from(&again, 0), (0..12).chain(13..15).collect::<Vec<_>>());
    });
}

#[test]
fn truncating_below_the_first_segment_starts_over() {
    let mut place = simulated();
    place.options.log_start = Offset(50);
    let log = place.open();
    append(&log, 5);
    assert!(log.truncate_to(Offset(20), NOW_MS).expect("cut"));
    assert_eq!((log.log_start_offset(), log.log_end_offset()), (Offset(20), Offset(20)));
    assert_eq!(append(&log, 1).first_offset, Offset(20));
}

#[test]
fn starting_over_forgets_everything() {
    on_both(|place| {
        place.configure(|config| config.segment_bytes = 600);
        let log = place.open();
        for number in 0..10 {
            produce(&log, 7, producer(1, 3 * number), 3);
        }
        log.truncate_fully_and_start_at(Offset(100), NOW_MS).expect("started over");
        let offsets = log.offsets();
        assert_eq!(
            (offsets.log_start, offsets.high_watermark, offsets.log_end),
            (Offset(100), Offset(100), Offset(100))
        );
        assert_eq!((log.latest_epoch(), log.producers().len(), log.segment_count()), (None, 0, 1));
        append(&log, 2);
        log.close().expect("closed");
        let again = place.open();
        assert_eq!((again.log_start_offset(), again.log_end_offset()), (Offset(100), Offset(102)));
    });
}

#[test]
fn truncating_at_the_end_still_forgets_an_epoch_without_records() {
    let place = simulated();
    let log = place.open();
    append(&log, 2);
    log.assign_epoch_start(LeaderEpoch(5), Offset(2)).expect("written");
    assert_eq!(log.latest_epoch(), Some(LeaderEpoch(5)));
    assert!(!log.truncate_to(Offset(2), NOW_MS).expect("nothing to cut"));
    assert_eq!(log.latest_epoch(), Some(LeaderEpoch(0)));
}
