//! What a stop leaves behind, and what opening makes of it.

use types::{LeaderEpoch, Offset};

use super::fixture::*;
use crate::{AppendContext, Log, OpenOptions, RecoveryProgress};

#[test]
fn a_clean_stop_needs_no_check() {
    on_both(|place| {
        place.configure(|config| config.segment_bytes = 1500);
        let log = place.open();
        for number in 0..20 {
            produce(&log, 1, producer(3, number * 2), 2);
        }
        log.close().expect("closed");
        assert_eq!(log.recovery_point(), Offset(40));
        let before = contents(&place.disk, &place.path, &["index", ".log"]);
        let again = place.open();
        assert_eq!((again.log_end_offset(), again.recovery_point()), (Offset(40), Offset(40)));
        assert_eq!(offsets_from(&again, 0), (0..40).collect::<Vec<_>>());
        assert!(produce(&again, 1, producer(3, 38), 2).is_duplicate, "the producer is remembered");
        assert_eq!(contents(&place.disk, &place.path, &["index", ".log"]), before);
    });
}

#[test]
fn the_death_of_the_process_loses_nothing() {
    on_both(|place| {
        place.configure(|config| config.segment_bytes = 1500);
        let log = place.open();
        for number in 0..20 {
            produce(&log, 1, producer(3, number * 2), 2);
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
            assert!(produce(&log, 1, producer(3, 38), 2).is_duplicate);
        }
    });
}

#[test]
fn a_torn_end_is_cut_and_later_segments_go() {
    on_both(|place| {
        place.configure(|config| config.segment_bytes = 400);
        let log = place.open();
        for _ in 0..8 {
            append(&log, 2);
        }
        drop(log);
        // A byte of the batch with offsets 6 and 7, in the second of four segments.
        let path = place.file("00000000000000000004.log");
        let mut content = place.disk.read(&path).expect("read");
        let at = content.len() - 10;
        content[at] ^= 1;
        let file = place.disk.open(&path, ::io::disk::OpenMode::ReadWrite).expect("opens");
        file.append(&mut [std::io::IoSlice::new(&content)], 0).expect("written");
        let log = place.recover(Offset(0));
        assert_eq!((log.log_end_offset(), log.segment_count()), (Offset(6), 2));
        assert_eq!(offsets_from(&log, 0), (0..6).collect::<Vec<_>>());
        assert_eq!(append(&log, 1).first_offset, Offset(6));
        drop(log);
        assert_eq!(place.recover(Offset(0)).log_end_offset(), Offset(7));
    });
}

#[test]
fn what_lies_below_the_recovery_point_is_not_read() {
    let mut place = simulated();
    place.configure(|config| config.segment_bytes = 100_000);
    let log = place.open();
    for _ in 0..100 {
        append(&log, 2);
    }
    drop(log);
    let mut checked = Vec::new();
    for recovery_point in [0, 100, 190, 200] {
        // Indexes are in memory until a flush: the first recovery writes them.
        let options = OpenOptions {
            recovery_point: Offset(recovery_point),
            had_clean_shutdown: false,
            ..place.options.clone()
        };
        let mut last = RecoveryProgress::default();
        let log = Log::open(place.disk.clone(), place.path.clone(), options, &mut |progress| last = progress);
        let log = log.expect("opens");
        assert_eq!((last.segments, last.segments_checked), (1, 1));
        assert_eq!((log.recovery_point(), log.log_end_offset()), (Offset(recovery_point), Offset(200)));
        checked.push(last.bytes_checked);
    }
    assert!(checked[0] > checked[1] && checked[1] > checked[2] && checked[2] > checked[3], "{checked:?}");
    assert!(checked[3] < 1000, "{checked:?}");
}

#[test]
fn opening_never_moves_the_recovery_point_of_an_unclean_log() {
    let place = simulated();
    let log = place.open();
    append(&log, 10);
    drop(log);
    for _ in 0..3 {
        assert_eq!(place.recover(Offset(4)).recovery_point(), Offset(4));
    }
    assert_eq!(place.recover(Offset(99)).recovery_point(), Offset(10), "nor past the end");
}

#[test]
fn epochs_past_the_end_are_forgotten() {
    let mut place = simulated();
    place.configure(|config| config.segment_bytes = 400);
    let log = place.open();
    for epoch in 0..6 {
        produce(&log, epoch, record::BatchOptions::default(), 2);
    }
    drop(log);
    for kind in ["log", "index", "timeindex"] {
        place.disk.remove_file(&place.file(&format!("00000000000000000008.{kind}"))).expect("removed");
    }
    let log = place.recover(Offset(12));
    assert_eq!((log.log_end_offset(), log.latest_epoch()), (Offset(8), Some(LeaderEpoch(3))));
    let checkpoint = place.disk.read(&place.file("leader-epoch-checkpoint")).expect("read");
    assert_eq!(checkpoint, b"0\n4\n0 0\n1 2\n2 4\n3 6\n");
}

#[test]
fn a_log_that_ends_before_its_start_begins_anew() {
    let mut place = simulated();
    let log = place.open();
    append(&log, 5);
    log.close().expect("closed");
    place.options.log_start = Offset(70);
    for had_clean_shutdown in [true, false] {
        place.options.had_clean_shutdown = had_clean_shutdown;
        let log = place.open();
        assert_eq!((log.log_start_offset(), log.log_end_offset()), (Offset(70), Offset(70)));
        assert_eq!(log.latest_epoch(), None);
    }
}

#[test]
fn flushes_record_the_producers_so_that_little_is_replayed() {
    let mut place = simulated();
    place.configure(|config| config.max_message_bytes = 10 << 20);
    let log = place.open();
    for number in 0..5 {
        let batch = records(producer(9, number), NOW_MS, 1, 5 << 20);
        log.append_as_leader(batch, AppendContext::client(LeaderEpoch(0), NOW_MS)).expect("appended");
        log.flush().expect("flushed");
    }
    let snapshots = || contents(&place.disk, &place.path, &[".snapshot"]).into_iter().map(|(name, _)| name);
    assert_eq!(snapshots().collect::<Vec<_>>(), ["00000000000000000004.snapshot"], "every 16 MiB");
    drop(log);
    let log = place.recover(Offset(5));
    assert_eq!(log.producers()[0].last_sequence(), 4);
}
