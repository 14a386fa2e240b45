//! Random lives of a compacted log: transactions, tombstones, cleanings, and stops in the middle of them.

use std::collections::BTreeMap;
use std::sync::Arc;

use ::io::disk::SimulatedDisk;
use ::io::{Disk, Entropy};
use proptest::prelude::*;
use record::{BatchOptions, Codec, Compression, ControlRecordType};
use types::Offset;

use super::cleaning::{Seen, clean_at, compacted, end, put, seen, transactional};
use super::fixture::*;
use crate::cleaner::CleanerSettings;
use crate::{Log, ReadUpTo};

#[derive(Clone, Debug)]
enum Step {
    /// Of producer −1 plain, of 0 idempotent, of others in a transaction.
    Put {
        producer: i64,
        keys: Vec<u8>,
        codec: u8,
    },
    End {
        producer: i64,
        commit: bool,
    },
    Roll,
    Wait {
        ms: i64,
    },
    Clean,
    /// With room for few keys.
    CleanSome,
    /// The disk fails in the middle; the process ends.
    CleanAndFail {
        name_changes: u64,
        syncs: u64,
        seed: Option<u64>,
    },
    DeleteOld,
    Close,
    KillProcess,
    CutPower {
        seed: u64,
    },
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        16 => (-1..3i64, proptest::collection::vec(0..12u8, 1..6), 0..5u8)
            .prop_map(|(producer, keys, codec)| Step::Put { producer, keys, codec }),
        6 => (1..3i64, any::<bool>()).prop_map(|(producer, commit)| Step::End { producer, commit }),
        3 => Just(Step::Roll),
        2 => (1..1_500i64).prop_map(|ms| Step::Wait { ms }),
        3 => Just(Step::Clean),
        1 => Just(Step::CleanSome),
        2 => (0..40u64, 0..30u64, proptest::option::of(any::<u64>()))
            .prop_map(|(name_changes, syncs, seed)| Step::CleanAndFail { name_changes, syncs, seed }),
        1 => Just(Step::DeleteOld),
        1 => Just(Step::Close),
        1 => Just(Step::KillProcess),
        1 => any::<u64>().prop_map(|seed| Step::CutPower { seed }),
    ];
    proptest::collection::vec(step, 1..80)
}

/// What was written and what became of it.
#[derive(Default)]
struct Model {
    /// By offset, aborted ones too.
    records: BTreeMap<i64, Seen>,
    /// By producer: the offsets of its open transaction.
    open: BTreeMap<i64, Vec<i64>>,
    aborted: Vec<i64>,
    sequences: BTreeMap<i64, i32>,
    /// Offsets that a cleaning may have touched are below.
    cleaned_to: i64,
    values: u64,
    now_ms: i64,
}

impl Model {
    /// The last decided record of each key, below the first open transaction.
    fn last(&self, end: i64) -> BTreeMap<&str, &Seen> {
        let decided = self.records.range(..end).filter(|(offset, _)| !self.aborted.contains(offset));
        decided.map(|(_, record)| (record.1.as_str(), record)).collect()
    }

    /// The log lost its end.
    fn cut(&mut self, log: &Log) {
        let end = log.log_end_offset().0;
        self.records.split_off(&end);
        let ongoing = log.producers();
        let ongoing = ongoing.iter().filter_map(|producer| {
            Some((producer.producer_id.0, producer.current_transaction_first_offset?.0))
        });
        let ongoing: BTreeMap<i64, i64> = ongoing.collect();
        let open = ongoing.into_iter().map(|(producer, first)| {
            let offsets = self.by_producer(producer).filter(|offset| *offset >= first).collect();
            (producer, offsets)
        });
        self.open = open.collect();
        let open: Vec<i64> = self.open.values().flatten().copied().collect();
        self.aborted.retain(|offset| *offset < end && !open.contains(offset));
        self.sequences = sequences_of(log);
        self.cleaned_to = self.cleaned_to.min(end);
    }

    /// The value of a record begins with its producer.
    fn by_producer(&self, producer: i64) -> impl Iterator<Item = i64> {
        let prefix = format!("{producer}:");
        let records = self.records.iter();
        records
            .filter(move |(_, (_, _, value))| {
                value.as_deref().is_some_and(|value| value.starts_with(&prefix))
            })
            .map(|(offset, _)| *offset)
    }
}

fn sequences_of(log: &Log) -> BTreeMap<i64, i32> {
    log.producers().iter().map(|producer| (producer.producer_id.0, producer.last_sequence() + 1)).collect()
}

fn check(log: &Log, model: &Model) {
    let raw = seen(log, ReadUpTo::LogEnd);
    for record in &raw {
        assert_eq!(model.records.get(&record.0), Some(record), "nothing changes its offset or its value");
    }
    let offsets: Vec<i64> = raw.iter().map(|record| record.0).filter(|at| *at >= model.cleaned_to).collect();
    let untouched: Vec<i64> = model.records.range(model.cleaned_to..).map(|(offset, _)| *offset).collect();
    assert_eq!(offsets, untouched, "above what was cleaned all is there");
    let committed = seen(log, ReadUpTo::LastStable);
    assert!(!committed.iter().any(|record| model.aborted.contains(&record.0)), "no aborted record is seen");
    let last: BTreeMap<&str, &Seen> = committed.iter().map(|record| (record.1.as_str(), record)).collect();
    let expected = model.last(log.last_stable_offset().0);
    for (key, record) in &expected {
        match last.get(key) {
            Some(found) => assert_eq!(found, record, "the last of {key}"),
            None => assert_eq!(record.2, None, "only a tombstone may go, and takes what it ended: {key}"),
        }
    }
    assert_eq!(log.log_start_offset(), Offset(0));
}

fn live(disk: &SimulatedDisk, steps: &[Step]) {
    let mut place = Place::on(Disk::Simulated(disk.clone()));
    compacted(&mut place);
    place.configure(|config| config.segment_bytes = 700);
    let mut model = Model { now_ms: NOW_MS, ..Model::default() };
    let mut log = Arc::new(place.open());
    for directory in ["/", "/data"] {
        place.disk.sync_directory(std::path::Path::new(directory)).expect("synced");
    }
    for step in steps {
        // What the next start would find in the checkpoints; here they are written at once.
        place.options.first_dirty = log.first_dirty_offset();
        let recovery_point = log.recovery_point();
        let restarted = |place: &Place| {
            let log = Arc::new(place.recover(recovery_point));
            assert!(log.log_end_offset() >= recovery_point, "what was flushed stays");
            log.maybe_increment_high_watermark(log.log_end_offset());
            log
        };
        match step {
            Step::Put { producer: id, keys, codec } => {
                let sequence = model.sequences.get(id).copied().unwrap_or(0);
                let base = match id {
                    ..0 => BatchOptions::default(),
                    0 => producer(0, sequence),
                    _ => transactional(*id, sequence),
                };
                let codec = Codec::from_id(*codec).expect("there are five");
                let options = BatchOptions { compression: Compression::of(codec), ..base };
                let records = keys.iter().map(|key| {
                    model.values += 1;
                    let is_tombstone = *id <= 0 && model.values.is_multiple_of(5);
                    (format!("key {key}"), (!is_tombstone).then(|| format!("{id}:{}", model.values)))
                });
                let records: Vec<(String, Option<String>)> = records.collect();
                let lent: Vec<_> =
                    records.iter().map(|(key, value)| (key.as_str(), value.as_deref())).collect();
                let first = put(&log, options, &lent).first_offset.0;
                for (number, (key, value)) in records.into_iter().enumerate() {
                    let offset = first + number as i64;
                    model.records.insert(offset, (offset, key, value));
                    if *id > 0 {
                        model.open.entry(*id).or_default().push(offset);
                    }
                }
                if *id >= 0 {
                    model.sequences.insert(*id, sequence + keys.len() as i32);
                }
            }
            Step::End { producer, commit } => {
                if let Some(offsets) = model.open.remove(producer) {
                    let kind = if *commit { ControlRecordType::Commit } else { ControlRecordType::Abort };
                    end(&log, *producer, kind);
                    if !commit {
                        model.aborted.extend(offsets);
                    }
                }
            }
            Step::Roll => drop(log.roll(NOW_MS).expect("rolled")),
            Step::Wait { ms } => model.now_ms += ms,
            Step::Clean => {
                let cleaned = clean_at(&log, model.now_ms).expect("cleaned");
                model.cleaned_to = model.cleaned_to.max(cleaned.first_dirty.0);
            }
            Step::CleanSome => {
                let settings = CleanerSettings { map_bytes_max: 0, ..CleanerSettings::default() };
                let range = log.cleanable(model.now_ms).expect("told");
                let cleaning = log.begin_cleaning(range, settings, model.now_ms).expect("free");
                let cleaned = cleaning.run().expect("each batch has less keys than the least map");
                model.cleaned_to = model.cleaned_to.max(cleaned.first_dirty.0);
            }
            Step::CleanAndFail { name_changes, syncs, seed } => {
                let range = log.cleanable(model.now_ms).expect("told");
                model.cleaned_to = model.cleaned_to.max(range.first_uncleanable.0);
                disk.set_name_changes_left(Some(*name_changes));
                disk.set_syncs_left(Some(*syncs));
                let _ = clean_at(&log, model.now_ms);
                disk.set_name_changes_left(None);
                disk.set_syncs_left(None);
                if let Some(seed) = seed {
                    disk.crash(&Entropy::from_seed(*seed));
                }
                log = restarted(&place);
                model.cut(&log);
            }
            Step::DeleteOld => {
                log.delete_old_segments(NOW_MS).expect("deleted");
                log.remove_expired_files(i64::MAX).expect("removed");
            }
            Step::Close => {
                log.close().expect("closed");
                log = Arc::new(place.open());
                log.maybe_increment_high_watermark(log.log_end_offset());
            }
            Step::KillProcess => {
                log = restarted(&place);
                assert_eq!(sequences_of(&log), model.sequences, "producers survive the death of the process");
            }
            Step::CutPower { seed } => {
                disk.crash(&Entropy::from_seed(*seed));
                log = restarted(&place);
                model.cut(&log);
            }
        }
        check(&log, &model);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn the_last_record_of_each_key_survives_whatever_happens(steps in steps()) {
        live(&SimulatedDisk::default(), &steps);
    }
}
