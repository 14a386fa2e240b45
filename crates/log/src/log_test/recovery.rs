//! What a stop leaves behind, and what opening makes of it.

use types::{LeaderEpoch, Offset};

use super::fixture::*;
use crate::AppendContext;

#[test]
fn a_clean_stop_needs_no_check() {
    on_both(|place| {
        place.configure(|config| config.segment_bytes = 1500);
        let log = place.open();
        for number in 0..20 {
            let batch = records(producer(3, number * 2), NOW_MS, 2, 50);
            log.append_as_leader(batch, AppendContext::client(LeaderEpoch(1), NOW_MS)).expect("appended");
        }
        log.close().expect("closed");
        assert_eq!(log.recovery_point(), Offset(40));
        let before = contents(&place.disk, &place.path, &["index", ".log"]);
        let again = place.open();
        assert_eq!((again.log_end_offset(), again.recovery_point()), (Offset(40), Offset(40)));
        assert_eq!(offsets_from(&again, 0), (0..40).collect::<Vec<_>>());
        let retry = records(producer(3, 38), NOW_MS, 2, 50);
        let known =
            again.append_as_leader(retry, AppendContext::client(LeaderEpoch(1), NOW_MS)).expect("known");
        assert!(known.is_duplicate, "the producer is remembered");
        assert_eq!(contents(&place.disk, &place.path, &["index", ".log"]), before);
    });
}

#[test]
fn the_death_of_the_process_loses_nothing() {
    on_both(|place| {
        place.configure(|config| config.segment_bytes = 1500);
        let log = place.open();
        for number in 0..20 {
            let batch = records(producer(3, number * 2), NOW_MS, 2, 50);
            log.append_as_leader(batch, AppendContext::client(LeaderEpoch(1), NOW_MS)).expect("appended");
            if number == 11 {
                log.flush().expect("flushed");
            }
        }
        let recovery_point = log.recovery_point();
        drop(log);
        for recovery_point in [recovery_point, Offset(0), recovery_point] {
            let log = place.recover(recovery_point);
            assert_eq!((log.log_end_offset(), log.recovery_point()), (Offset(40), recovery_point));
            assert_eq!(offsets_from(&log, 0), (0..40).collect::<Vec<_>>());
            let retry = records(producer(3, 38), NOW_MS, 2, 50);
            let context = AppendContext::client(LeaderEpoch(1), NOW_MS);
            assert!(log.append_as_leader(retry, context).expect("known").is_duplicate);
        }
    });
}
