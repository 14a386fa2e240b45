//! What indexes answer, before and after their entries have left memory.

use std::path::PathBuf;

use ::io::Disk;
use ::io::disk::SimulatedDisk;
use types::{Offset, ProducerId};

use super::*;
use crate::Patience;
use crate::files::{FileKind, LogDirectory};

const BASE: Offset = Offset(1000);

fn directory() -> LogDirectory {
    LogDirectory::new(Disk::Simulated(SimulatedDisk::default()), PathBuf::new())
}

/// An index with `entries` entries: every third offset, 100 bytes apart.
fn filled(directory: &LogDirectory, entries: i64) -> OffsetIndex {
    let index = OffsetIndex::new(directory.clone(), BASE);
    index.reset().expect("made");
    for number in 1..=entries {
        index.append(BASE.plus(3 * number), 100 * number as u64).expect("appended");
    }
    index
}

fn lookup(index: &OffsetIndex, offset: i64) -> (i64, u64) {
    let found = index.lookup(BASE.plus(offset), Patience::Waits).expect("read");
    (found.offset.0 - BASE.0, found.position)
}

#[track_caller]
fn assert_answers(index: &OffsetIndex, entries: i64) {
    for offset in 0..3 * entries + 5 {
        let number = (offset / 3).min(entries);
        assert_eq!(lookup(index, offset), (3 * number, 100 * number as u64), "at {offset}");
        let below = ((offset - 1).max(0) / 3).min(entries);
        let found = index.lookup_below(BASE.plus(offset)).expect("read");
        assert_eq!(
            (found.offset.0 - BASE.0, found.position),
            (3 * below, 100 * below as u64),
            "below {offset}"
        );
    }
    assert_eq!(index.len().expect("read"), entries as usize);
}

#[test]
fn entries_are_found_in_memory_and_in_the_file() {
    for entries in [0, 1, 5, 511, 512, 513, 2000] {
        let directory = directory();
        let index = filled(&directory, entries);
        assert_answers(&index, entries);
        index.sync().expect("synced");
        assert_answers(&index, entries);
        index.release().expect("released");
        assert_answers(&index, entries);
        let path = directory.file(BASE, FileKind::OffsetIndex, "");
        let length = directory.disk.read(&path).expect("read").len();
        assert_eq!(length, 8 * entries as usize, "the file has its exact size");
        assert_answers(&OffsetIndex::new(directory, BASE), entries);
    }
}

#[test]
fn truncation_reaches_into_the_file() {
    for kept in [0, 1, 100, 600, 1999, 2000] {
        let directory = directory();
        let index = filled(&directory, 2000);
        index.truncate_to(BASE.plus(3 * kept + 1)).expect("cut");
        assert_answers(&index, kept);
        index.append(BASE.plus(3 * kept + 3), 100 * (kept as u64 + 1)).expect("appended");
        assert_answers(&index, kept + 1);
        index.write_out().expect("written");
        assert_answers(&OffsetIndex::new(directory, BASE), kept + 1);
    }
}

#[test]
fn entries_that_do_not_ascend_or_fit_are_refused() {
    let index = filled(&directory(), 3);
    assert!(index.append(BASE.plus(9), 500).is_err());
    assert!(index.append(BASE.plus(i64::from(i32::MAX) + 1), 500).is_err());
    assert!(index.append(BASE.plus(20), 1 << 31).is_err());
    assert_answers(&index, 3);
    assert!(!index.is_full(32).expect("read") && index.is_full(31).expect("read"));
}

#[test]
fn the_first_offset_past_a_position_bounds_what_a_fetch_holds() {
    let index = filled(&directory(), 2000);
    index.sync().expect("synced");
    let past = |position| {
        index.first_offset_from(position, Patience::Waits).expect("read").map(|offset| offset.0 - BASE.0)
    };
    assert_eq!((past(0), past(100), past(101), past(200_000)), (Some(3), Some(3), Some(6), Some(6000)));
    assert_eq!(past(200_001), None);
}

#[test]
fn timestamps_ascend_and_one_entry_is_kept_free() {
    let directory = directory();
    let index = TimeIndex::new(directory.clone(), BASE);
    index.reset().expect("made");
    for number in 0..1000 {
        let entry = TimestampOffset { timestamp_ms: 50 * (number / 2), offset: BASE.plus(number) };
        index.maybe_append(entry).expect("appended");
    }
    for index in [index, TimeIndex::new(directory, BASE)] {
        index.write_out().expect("written");
        let lookup = |timestamp_ms| {
            let found = index.lookup(timestamp_ms).expect("read");
            (found.timestamp_ms, found.offset.0 - BASE.0)
        };
        assert_eq!((lookup(-1), lookup(0), lookup(49)), ((-1, 0), (0, 0), (0, 0)));
        assert_eq!((lookup(50), lookup(24_949), lookup(i64::MAX)), ((50, 2), (24_900, 996), (24_950, 998)));
        assert!(index.is_full(501 * 12).expect("read") && !index.is_full(502 * 12).expect("read"));
        let back = TimestampOffset { timestamp_ms: 30_000, offset: BASE.plus(5) };
        assert!(index.maybe_append(back).is_err(), "offsets do not descend");
    }
}

#[test]
fn aborted_transactions_are_collected_until_no_more_can_come() {
    let directory = directory();
    let index = TransactionIndex::new(directory.clone(), BASE, false);
    let aborted = |producer_id, first: i64, last: i64, stable: i64| AbortedTransaction {
        producer_id: ProducerId(producer_id),
        first_offset: BASE.plus(first),
        last_offset: BASE.plus(last),
        last_stable_offset: BASE.plus(stable),
    };
    let all = [aborted(1, 0, 10, 5), aborted(2, 5, 12, 13), aborted(1, 14, 20, 21)];
    for transaction in all {
        index.append(transaction).expect("appended");
    }
    assert!(index.append(aborted(9, 0, 20, 0)).is_err(), "markers ascend");
    let collect = |index: &TransactionIndex, from: i64, to: i64| {
        let aborted = index.collect(BASE.plus(from), BASE.plus(to), Patience::Waits).expect("read");
        (aborted.found, aborted.is_complete)
    };
    for index in [&index, &TransactionIndex::new(directory, BASE, true)] {
        index.check().expect("sound");
        assert_eq!(collect(index, 0, 30), (all.to_vec(), false));
        assert_eq!(collect(index, 11, 13), (vec![all[1]], true));
        assert_eq!(collect(index, 0, 4), (vec![all[0]], true));
    }
    index.truncate_to(BASE.plus(12)).expect("cut");
    assert_eq!(collect(&index, 0, 30), (vec![all[0]], false));
    index.append(aborted(3, 2, 12, 13)).expect("appended");
}
