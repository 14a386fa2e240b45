//! What a cleaning keeps and what it removes, case by case.

use std::collections::BTreeMap;
use std::sync::Arc;

use ::io::Disk;
use record::control_batch::{self, MarkerOwner};
use record::{BatchBuilder, BatchOptions, Batches, Codec, Compression, ControlRecordType, Limits};
use types::{LeaderEpoch, Offset, ProducerEpoch, ProducerId};

use super::fixture::*;
use crate::cleaner::{CleanError, Cleaned, CleanerSettings, Progress};
use crate::{AppendContext, AppendInfo, AppendOrigin, Log, ReadRequest, ReadUpTo};

/// A record as a consumer sees it: offset, key, value.
pub(super) type Seen = (i64, String, Option<String>);

pub(super) fn compacted(place: &mut Place) {
    place.configure(|config| {
        config.cleanup_policy.compact = true;
        config.cleanup_policy.delete = false;
        config.segment_bytes = 2_000;
        config.delete_retention_ms = 1_000;
        config.message_timestamp_after_max_ms = i64::MAX;
    });
}

/// Appends one batch of keys and values.
pub(super) fn put(log: &Log, options: BatchOptions, records: &[(&str, Option<&str>)]) -> AppendInfo {
    let guard = options.transactional.then(|| {
        let (id, epoch) = (options.producer_id, options.producer_epoch);
        log.start_transaction_verification(id, epoch, options.base_sequence.0, false, NOW_MS)
    });
    let mut builder = BatchBuilder::new(options).expect("the codec exists");
    for (key, value) in records {
        builder.append(NOW_MS, Some(key.as_bytes()), value.map(str::as_bytes), &[]).expect("appended");
    }
    let batch = builder.build().expect("built").expect("not empty");
    let context = AppendContext { guard: guard.flatten(), ..AppendContext::client(LeaderEpoch(0), NOW_MS) };
    let info = log.append_as_leader(batch, context).expect("appended");
    log.maybe_increment_high_watermark(log.log_end_offset());
    info
}

pub(super) fn plain(log: &Log, records: &[(&str, Option<&str>)]) -> AppendInfo {
    put(log, BatchOptions::default(), records)
}

pub(super) fn transactional(producer_id: i64, sequence: i32) -> BatchOptions {
    BatchOptions { transactional: true, ..producer(producer_id, sequence) }
}

pub(super) fn end(log: &Log, producer_id: i64, kind: ControlRecordType) {
    let owner = MarkerOwner {
        producer_id: ProducerId(producer_id),
        producer_epoch: ProducerEpoch(0),
        coordinator_epoch: 0,
    };
    let marker = control_batch::end_transaction(kind, owner, NOW_MS).expect("built");
    let context = AppendContext::of(AppendOrigin::Coordinator, LeaderEpoch(0), NOW_MS);
    log.append_as_leader(marker, context).expect("appended");
    log.maybe_increment_high_watermark(log.log_end_offset());
}

pub(super) fn clean_at(log: &Arc<Log>, now_ms: i64) -> Result<Cleaned, CleanError> {
    let range = log.cleanable(now_ms).expect("told");
    // Small reads: batches that do not fit into one, and steps that end anywhere.
    let settings = CleanerSettings { read_bytes: 300, ..CleanerSettings::default() };
    log.begin_cleaning(range, settings, now_ms).expect("no other is under way").run()
}

pub(super) fn clean(log: &Arc<Log>) -> Cleaned {
    clean_at(log, NOW_MS).expect("cleaned")
}

/// What a consumer of this isolation sees.
pub(super) fn seen(log: &Log, up_to: ReadUpTo) -> Vec<Seen> {
    let mut seen = Vec::new();
    let mut next = log.log_start_offset();
    loop {
        let request = ReadRequest { from: next, bytes_max: 500, up_to, whole_first_batch: true };
        let slice = log.read(request).expect("in range");
        let Some(region) = slice.region else { return seen };
        let aborted = slice.aborted_transactions.unwrap_or_default();
        for batch in Batches::new(region.read().expect("read")) {
            let batch = batch.expect("a batch");
            batch.verify_crc().expect("intact");
            let header = *batch.header().as_batch().expect("of the current format");
            let begins = |first: Offset| first <= header.last_offset();
            let mut open = aborted.iter().filter(|transaction| {
                begins(transaction.first_offset) && transaction.last_offset >= header.last_offset()
            });
            let is_aborted = open.any(|transaction| transaction.producer_id == header.producer_id);
            let is_skipped = header.attributes.is_transactional() && is_aborted;
            let mut records = batch.records(Limits::default()).expect("records");
            while let Some(record) = records.next().expect("a record") {
                if header.attributes.is_control() || is_skipped || record.offset < next {
                    continue;
                }
                let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
                seen.push((record.offset.0, text(record.key.expect("a key")), record.value.map(text)));
            }
            next = header.last_offset().plus(1);
        }
    }
}

fn all(log: &Log) -> Vec<Seen> {
    seen(log, ReadUpTo::LogEnd)
}

fn seen_as(records: &[(i64, &str, Option<&str>)]) -> Vec<Seen> {
    let own = |(offset, key, value): &(i64, &str, Option<&str>)| {
        (*offset, (*key).to_owned(), value.map(str::to_owned))
    };
    records.iter().map(own).collect()
}

fn files(place: &Place, suffix: &str) -> usize {
    let entries = place.disk.read_directory(&place.path).expect("listed");
    entries.iter().filter(|entry| entry.name.ends_with(suffix)).count()
}

#[test]
fn the_last_record_of_each_key_stays_at_its_offset() {
    on_both(|place| {
        compacted(place);
        let log = Arc::new(place.open());
        plain(&log, &[("a", Some("1")), ("b", Some("1")), ("a", Some("2"))]);
        log.roll(NOW_MS).expect("rolled");
        plain(&log, &[("b", Some("2")), ("c", Some("1"))]);
        log.roll(NOW_MS).expect("rolled");
        plain(&log, &[("a", Some("in the segment written to"))]);
        let cleaned = clean(&log);
        assert_eq!(cleaned.first_dirty, Offset(5));
        assert!(cleaned.bytes_after < cleaned.bytes_before);
        let expected = [
            (2, "a", Some("2")),
            (3, "b", Some("2")),
            (4, "c", Some("1")),
            (5, "a", Some("in the segment written to")),
        ];
        assert_eq!(all(&log), seen_as(&expected));
        assert_eq!((log.segment_count(), log.first_dirty_offset()), (2, Some(Offset(5))));
        assert_eq!((files(place, ".cleaned"), files(place, ".swap")), (0, 0));
        assert_eq!(log.recovery_point(), Offset(6), "what supersedes was made durable first");
        log.close().expect("closed");
        assert_eq!(all(&place.open()), seen_as(&expected));
        assert_eq!(all(&place.recover(Offset(0))), seen_as(&expected));
    });
}

#[test]
fn a_tombstone_stays_until_its_horizon_and_then_leaves_nothing() {
    let mut place = simulated();
    compacted(&mut place);
    let log = Arc::new(place.open());
    plain(&log, &[("a", Some("1")), ("b", Some("1"))]);
    plain(&log, &[("a", None)]);
    plain(&log, &[("c", Some("1"))]);
    log.roll(NOW_MS).expect("rolled");
    clean(&log);
    assert_eq!(all(&log), seen_as(&[(1, "b", Some("1")), (2, "a", None), (3, "c", Some("1"))]));
    // Dirt, so that there is something to clean again.
    let again = |at_ms: i64| {
        plain(&log, &[("d", Some("1"))]);
        log.roll(at_ms).expect("rolled");
        clean_at(&log, at_ms).expect("cleaned");
        all(&log).iter().any(|(_, key, _)| key == "a")
    };
    assert!(again(NOW_MS + 999), "a reader that is behind must see it");
    assert!(!again(NOW_MS + 1_000));
}

#[test]
fn batches_of_all_codecs_are_written_anew_as_they_were() {
    let mut place = simulated();
    compacted(&mut place);
    let log = Arc::new(place.open());
    let value = "v".repeat(120);
    for codec in Codec::ALL {
        let options = BatchOptions { compression: Compression::of(codec), ..BatchOptions::default() };
        put(&log, options, &[("always", Some(&value)), (codec.name(), Some(&value))]);
    }
    log.roll(NOW_MS).expect("rolled");
    clean(&log);
    let kept: Vec<i64> = all(&log).iter().map(|(offset, ..)| *offset).collect();
    assert_eq!(kept, [1, 3, 5, 7, 8, 9]);
    let region = read_from(&log, 0).expect("in range").region.expect("bytes").read().expect("read");
    let headers =
        Batches::new(region).map(|batch| *batch.expect("a batch").header().as_batch().expect("new"));
    let told: Vec<(Codec, i64)> =
        headers.map(|header| (header.attributes.codec().expect("known"), header.base_offset.0)).collect();
    let expected: Vec<(Codec, i64)> = Codec::ALL.into_iter().zip([0, 2, 4, 6, 8]).collect();
    assert_eq!(told, expected, "base offsets stay, too");
}

#[test]
fn a_known_producer_goes_on_after_its_records_were_removed() {
    let mut place = simulated();
    compacted(&mut place);
    let log = Arc::new(place.open());
    put(&log, producer(7, 0), &[("a", Some("1")), ("b", Some("1"))]);
    plain(&log, &[("a", Some("2")), ("b", Some("2"))]);
    log.roll(NOW_MS).expect("rolled");
    clean(&log);
    assert_eq!(all(&log), seen_as(&[(2, "a", Some("2")), (3, "b", Some("2"))]));
    drop(log);
    // Without its snapshots: the emptied batch has to tell.
    for entry in place.disk.read_directory(&place.path).expect("listed") {
        if entry.name.ends_with(".snapshot") {
            place.disk.remove_file(&place.file(&entry.name)).expect("removed");
        }
    }
    let log = place.recover(Offset(0));
    let producers = log.producers();
    assert_eq!((producers[0].producer_id, producers[0].last_sequence()), (ProducerId(7), 1));
    put(&log, producer(7, 2), &[("c", Some("1"))]);
}

#[test]
fn aborted_records_go_at_once_and_markers_after_their_transactions() {
    let mut place = simulated();
    compacted(&mut place);
    let log = Arc::new(place.open());
    plain(&log, &[("a", Some("kept")), ("b", Some("old"))]); // 0-1
    put(&log, transactional(1, 0), &[("a", Some("aborted"))]); // 2
    end(&log, 1, ControlRecordType::Abort); // 3
    put(&log, transactional(2, 0), &[("b", Some("committed"))]); // 4
    end(&log, 2, ControlRecordType::Commit); // 5
    put(&log, transactional(1, 1), &[("z", Some("1"))]); // 6, so that 2 is not its last
    end(&log, 1, ControlRecordType::Commit); // 7
    plain(&log, &[("y", Some("1"))]); // 8
    log.roll(NOW_MS).expect("rolled");
    clean(&log);
    let expected =
        [(0, "a", Some("kept")), (4, "b", Some("committed")), (6, "z", Some("1")), (8, "y", Some("1"))];
    assert_eq!(all(&log), seen_as(&expected), "the aborted value did not supersede");
    assert_eq!(seen(&log, ReadUpTo::LastStable), seen_as(&expected));
    assert_eq!(log.aborted_transactions(Offset(0), Offset(9)).expect("read").len(), 1, "its marker stays");
    let offsets = |log: &Log| offsets_from(log, 0);
    assert_eq!(offsets(&log), [0, 3, 4, 5, 6, 7, 8]);
    for (at_ms, expected) in [
        // Nothing is left of it: its marker gets a horizon.
        (NOW_MS, vec![0, 3, 4, 5, 6, 7, 8]),
        (NOW_MS + 1_000, vec![0, 4, 5, 6, 7, 8]),
    ] {
        let end = plain(&log, &[("x", Some("1"))]).first_offset.0;
        log.roll(NOW_MS).expect("rolled");
        clean_at(&log, at_ms).expect("cleaned");
        assert_eq!(offsets(&log), [expected, vec![end]].concat());
        assert_eq!(log.aborted_transactions(Offset(0), Offset(9)).expect("read"), []);
    }
}

#[test]
fn nothing_above_an_open_transaction_is_touched() {
    let mut place = simulated();
    compacted(&mut place);
    let log = Arc::new(place.open());
    plain(&log, &[("a", Some("1")), ("a", Some("2"))]);
    log.roll(NOW_MS).expect("rolled");
    put(&log, transactional(1, 0), &[("a", Some("undecided"))]);
    plain(&log, &[("b", Some("1")), ("b", Some("2"))]);
    log.roll(NOW_MS).expect("rolled");
    assert_eq!(log.cleanable(NOW_MS).expect("told").first_uncleanable, Offset(2));
    clean(&log);
    assert_eq!(offsets_from(&log, 0), [1, 2, 3, 4]);
}

#[test]
fn a_map_that_is_full_cleans_what_it_knows_and_goes_on_later() {
    let mut place = simulated();
    compacted(&mut place);
    let log = Arc::new(place.open());
    for round in 0..2 {
        for key in 0..20 {
            plain(&log, &[(&format!("key {key}"), Some(&format!("{round}")))]);
        }
    }
    log.roll(NOW_MS).expect("rolled");
    let settings = CleanerSettings { map_bytes_max: 0, ..CleanerSettings::default() };
    let mut rounds = 0;
    while log.cleanable(NOW_MS).expect("told").first_dirty < Offset(40) {
        let range = log.cleanable(NOW_MS).expect("told");
        let cleaned = log.begin_cleaning(range, settings, NOW_MS).expect("free").run().expect("cleaned");
        assert!(cleaned.first_dirty > range.first_dirty, "each round goes on");
        rounds += 1;
    }
    assert!(rounds > 1);
    assert_eq!(offsets_from(&log, 0), (20..40).collect::<Vec<_>>());
}

#[test]
fn one_batch_with_more_keys_than_the_map_is_said_so_once() {
    let mut place = simulated();
    compacted(&mut place);
    let log = Arc::new(place.open());
    let keys: Vec<String> = (0..50).map(|key| format!("{key}")).collect();
    let records: Vec<(&str, Option<&str>)> = keys.iter().map(|key| (key.as_str(), Some("1"))).collect();
    plain(&log, &records);
    log.roll(NOW_MS).expect("rolled");
    let settings = CleanerSettings { map_bytes_max: 0, ..CleanerSettings::default() };
    let range = log.cleanable(NOW_MS).expect("told");
    let refused = log.begin_cleaning(range, settings, NOW_MS).expect("free").run();
    assert!(matches!(refused, Err(CleanError::MapTooSmall { .. })), "{refused:?}");
    assert!(log.begin_cleaning(range, settings, NOW_MS).is_none(), "it is not tried again");
    assert_eq!(all(&log).len(), 50);
}

#[test]
fn a_damaged_batch_stops_the_cleaning_and_stays() {
    let mut place = simulated();
    compacted(&mut place);
    let log = Arc::new(place.open());
    plain(&log, &[("a", Some("1"))]);
    plain(&log, &[("a", Some("2"))]);
    log.roll(NOW_MS).expect("rolled");
    let path = place.file("00000000000000000000.log");
    let before = place.disk.read(&path).expect("read");
    let file = place.disk.open(&path, ::io::disk::OpenMode::ReadWrite).expect("opens");
    let at = before.len() as u64 - 1;
    file.append(&mut [std::io::IoSlice::new(&[before[before.len() - 1] ^ 1])], at).expect("written");
    let refused = clean_at(&log, NOW_MS);
    assert!(matches!(refused, Err(CleanError::Unreadable { .. })), "{refused:?}");
    assert_eq!(log.first_dirty_offset(), None);
    assert_eq!(files(&place, ".cleaned"), 0);
    assert_eq!(place.disk.read(&path).expect("read").len(), before.len());
}

#[test]
fn small_segments_become_one_and_empty_ones_stay_harmless() {
    let mut place = simulated();
    compacted(&mut place);
    let log = Arc::new(place.open());
    for _ in 0..6 {
        plain(&log, &[("a", Some("x"))]);
        log.roll(NOW_MS).expect("rolled");
    }
    assert_eq!(log.segment_count(), 7);
    clean(&log);
    assert_eq!((log.segment_count(), offsets_from(&log, 0)), (2, vec![5]));
    log.remove_expired_files(i64::MAX).expect("removed");
    assert_eq!((files(&place, ".log"), files(&place, ".deleted")), (2, 0));
    // The record in it is superseded and does not end the round: the segment is empty.
    plain(&log, &[("a", Some(&"y".repeat(1_900)))]);
    log.roll(NOW_MS).expect("rolled");
    plain(&log, &[("b", Some("1"))]);
    log.roll(NOW_MS).expect("rolled");
    clean(&log);
    assert_eq!(offsets_from(&log, 0), [6, 7]);
    log.close().expect("closed");
    for log in [place.open(), place.recover(Offset(0))] {
        assert_eq!((offsets_from(&log, 0), log.log_end_offset()), (vec![6, 7], Offset(8)));
    }
}

#[test]
fn young_segments_wait_and_old_ones_are_overdue() {
    let mut place = simulated();
    compacted(&mut place);
    place.configure(|config| {
        config.min_compaction_lag_ms = 5_000;
        config.max_compaction_lag_ms = 60_000;
    });
    let log = Arc::new(place.open());
    plain(&log, &[("a", Some("1")), ("a", Some("2"))]);
    log.roll(NOW_MS).expect("rolled");
    let young = log.cleanable(NOW_MS + 4_999).expect("told");
    assert_eq!((young.first_uncleanable, young.cleanable_bytes), (Offset(0), 0));
    let old = log.cleanable(NOW_MS + 5_000).expect("told");
    assert_eq!((old.first_uncleanable, old.overdue_ms), (Offset(2), 0));
    assert!(old.is_due(0.5) && !old.is_due(1.0));
    let overdue = log.cleanable(NOW_MS + 60_001).expect("told");
    assert_eq!(overdue.overdue_ms, 1);
    assert!(overdue.is_due(1.0));
}

#[test]
fn a_cleaning_that_was_overtaken_changes_nothing() {
    let mut place = simulated();
    compacted(&mut place);
    let log = Arc::new(place.open());
    for value in ["1", "2", "3"] {
        plain(&log, &[("a", Some(value)), ("b", Some(value))]);
        log.roll(NOW_MS).expect("rolled");
    }
    let begin = || {
        let range = log.cleanable(NOW_MS).expect("told");
        log.begin_cleaning(range, CleanerSettings::default(), NOW_MS).expect("free")
    };
    let mut cleaning = begin();
    assert!(matches!(cleaning.step(), Ok(Progress::More { .. })));
    log.truncate_to(Offset(4), NOW_MS).expect("cut");
    assert!(matches!(cleaning.run(), Err(CleanError::Overtaken)));
    assert_eq!(offsets_from(&log, 0), [0, 1, 2, 3]);
    // What was cut off and appended anew is dirty.
    log.roll(NOW_MS).expect("rolled");
    clean(&log);
    assert_eq!(log.first_dirty_offset(), Some(Offset(4)));
    log.truncate_to(Offset(3), NOW_MS).expect("cut");
    assert!(log.first_dirty_offset() <= Some(Offset(3)));
    // Retention takes a segment away under the cleaning.
    plain(&log, &[("c", Some("1"))]);
    log.roll(NOW_MS).expect("rolled");
    let cleaning = begin();
    log.maybe_increment_log_start(log.log_end_offset()).expect("in range");
    log.delete_old_segments(NOW_MS).expect("deleted");
    assert!(matches!(cleaning.run(), Err(CleanError::Overtaken)));
    assert_eq!(files(&place, ".cleaned"), 0);
}

#[test]
fn a_reader_that_found_the_old_segment_reads_on_in_it() {
    let mut place = simulated();
    compacted(&mut place);
    let log = Arc::new(place.open());
    plain(&log, &[("a", Some("1"))]);
    plain(&log, &[("a", Some("2"))]);
    log.roll(NOW_MS).expect("rolled");
    let region = read_from(&log, 0).expect("in range").region.expect("bytes");
    clean(&log);
    log.remove_expired_files(i64::MAX).expect("removed");
    assert_eq!(Batches::new(region.read().expect("still there")).count(), 2);
}

#[test]
fn a_stop_at_any_step_of_the_swap_loses_nothing() {
    for is_power_cut in [false, true] {
        for left in 0..40 {
            for of_syncs in [false, true] {
                stop_after(left, of_syncs, is_power_cut);
            }
        }
    }
}

/// Lets so many changes of names, or syncs, succeed in a cleaning, and ends the process then.
fn stop_after(left: u64, of_syncs: bool, is_power_cut: bool) {
    let mut place = simulated();
    compacted(&mut place);
    let Disk::Simulated(disk) = place.disk.clone() else { panic!("the place is simulated") };
    let log = Arc::new(place.open());
    for directory in ["/", "/data"] {
        place.disk.sync_directory(std::path::Path::new(directory)).expect("synced");
    }
    plain(&log, &[("a", Some("1")), ("b", Some("1"))]);
    put(&log, transactional(1, 0), &[("a", Some("aborted"))]);
    end(&log, 1, ControlRecordType::Abort);
    log.roll(NOW_MS).expect("rolled");
    plain(&log, &[("b", Some("2")), ("c", Some("1"))]);
    log.roll(NOW_MS).expect("rolled");
    plain(&log, &[("d", Some("1"))]);
    log.flush().expect("flushed");
    let last = |log: &Log| -> BTreeMap<String, Seen> {
        seen(log, ReadUpTo::LastStable).into_iter().map(|record| (record.1.clone(), record)).collect()
    };
    let before = last(&log);
    if of_syncs {
        disk.set_syncs_left(Some(left))
    } else {
        disk.set_name_changes_left(Some(left))
    }
    let _ = clean_at(&log, NOW_MS);
    disk.set_syncs_left(None);
    disk.set_name_changes_left(None);
    drop(log);
    if is_power_cut {
        disk.crash(&::io::Entropy::from_seed(left));
    }
    for recovery_point in [Offset(0), Offset(7)] {
        let log = Arc::new(place.recover(recovery_point));
        log.maybe_increment_high_watermark(log.log_end_offset());
        assert_eq!(last(&log), before, "{left} {of_syncs} {is_power_cut}");
        assert_eq!(log.log_end_offset(), Offset(7));
        assert_eq!((files(&place, ".cleaned"), files(&place, ".swap"), files(&place, ".deleted")), (0, 0, 0));
        clean(&log);
        assert_eq!(last(&log), before, "{left} {of_syncs} {is_power_cut}");
    }
}
