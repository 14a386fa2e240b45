//! Random lives of a log on a disk that forgets what was not synced.

use std::collections::BTreeMap;

use ::io::disk::SimulatedDisk;
use ::io::{Disk, Entropy};
use proptest::prelude::*;
use record::{BatchOptions, Batches, Compression, Limits};
use types::{LeaderEpoch, Offset};

use super::fixture::*;
use crate::{AppendContext, Log};

#[derive(Clone, Debug)]
enum Step {
    Append { producer: i64, count: i64, size: usize, compressed: bool },
    NewEpoch,
    Roll,
    Flush,
    Truncate { back: i64 },
    MoveStart { forward: i64 },
    DeleteOld,
    Close,
    KillProcess,
    CutPower { seed: u64 },
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        12 => (-1..3i64, 1..6i64, 0..80usize, any::<bool>())
            .prop_map(|(producer, count, size, compressed)| Step::Append { producer, count, size, compressed }),
        1 => Just(Step::NewEpoch),
        1 => Just(Step::Roll),
        2 => Just(Step::Flush),
        1 => (0..12i64).prop_map(|back| Step::Truncate { back }),
        1 => (0..12i64).prop_map(|forward| Step::MoveStart { forward }),
        1 => Just(Step::DeleteOld),
        1 => Just(Step::Close),
        1 => Just(Step::KillProcess),
        2 => any::<u64>().prop_map(|seed| Step::CutPower { seed }),
    ];
    proptest::collection::vec(step, 1..60)
}

/// What the log must hold: the largest value of each record's timestamp tells the appends apart.
struct Model {
    /// Timestamp of each record by offset.
    records: BTreeMap<i64, i64>,
    end: i64,
    start: i64,
    /// Recovery point as checkpointed.
    recovery_point: i64,
    epoch: i32,
    sequences: BTreeMap<i64, i32>,
    clock_ms: i64,
}

impl Model {
    fn cut(&mut self, end: i64) {
        self.records.split_off(&end);
        self.end = end;
        self.recovery_point = self.recovery_point.min(end);
    }
}

fn contents_of(log: &Log) -> BTreeMap<i64, i64> {
    let mut found = BTreeMap::new();
    let mut next = log.log_start_offset().0;
    while let Some(region) = read_from(log, next).expect("in range").region {
        for batch in Batches::new(region.read().expect("read")) {
            let batch = batch.expect("whole batches are served");
            batch.verify_crc().expect("intact batches are served");
            let mut records = batch.records(Limits::default()).expect("records");
            while let Some(record) = records.next().expect("a record") {
                if record.offset >= log.log_start_offset() {
                    found.insert(record.offset.0, record.timestamp);
                }
            }
            next = batch.last_offset().0 + 1;
        }
    }
    found
}

fn check(log: &Log, model: &Model) {
    assert_eq!((log.log_start_offset().0, log.log_end_offset().0), (model.start, model.end));
    assert_eq!(contents_of(log), model.records.clone().split_off(&model.start));
    let offsets = log.offsets();
    assert!(offsets.log_start <= offsets.last_stable && offsets.last_stable <= offsets.high_watermark);
    assert!(offsets.high_watermark <= offsets.log_end && log.recovery_point() <= offsets.log_end);
    assert!(log.latest_epoch().is_none_or(|epoch| epoch.0 <= model.epoch));
}

fn live(disk: &SimulatedDisk, steps: &[Step]) {
    let mut place = Place::on(Disk::Simulated(disk.clone()));
    place.configure(|config| {
        config.segment_bytes = 700;
        config.segment_index_bytes = 400;
        config.message_timestamp_after_max_ms = i64::MAX;
        config.retention_ms = -1;
    });
    let mut model = Model {
        records: BTreeMap::new(),
        end: 0,
        start: 0,
        recovery_point: 0,
        epoch: 0,
        sequences: BTreeMap::new(),
        clock_ms: NOW_MS,
    };
    let mut log = place.open();
    place.disk.sync_directory(std::path::Path::new("/")).expect("synced");
    place.disk.sync_directory(std::path::Path::new("/data")).expect("synced");
    for step in steps {
        match step {
            Step::Append { producer: id, count, size, compressed } => {
                let sequence = model.sequences.get(id).copied().unwrap_or(0);
                let base = if *id < 0 { BatchOptions::default() } else { producer(*id, sequence) };
                let compression =
                    if *compressed { Compression::Zstd { level: 1 } } else { Compression::None };
                let batch = records(BatchOptions { compression, ..base }, model.clock_ms, *count, *size);
                let context = AppendContext::client(LeaderEpoch(model.epoch), NOW_MS);
                let info = log.append_as_leader(batch.clone(), context).expect("appended");
                assert_eq!((info.first_offset.0, info.last_offset.0), (model.end, model.end + count - 1));
                if *id >= 0 {
                    assert!(log.append_as_leader(batch, context).expect("a retry").is_duplicate);
                    model.sequences.insert(*id, sequence + *count as i32);
                }
                model.records.extend((0..*count).map(|number| (model.end + number, model.clock_ms + number)));
                model.end += count;
                model.clock_ms += count;
                log.maybe_increment_high_watermark(Offset(model.end));
            }
            Step::NewEpoch => model.epoch += 1,
            Step::Roll => drop(log.roll(NOW_MS).expect("rolled")),
            Step::Flush => {
                log.flush().expect("flushed");
                model.recovery_point = log.recovery_point().0;
                assert_eq!(model.recovery_point, model.end);
            }
            Step::Truncate { back } => {
                // Leaders tell followers where batches begin.
                let target =
                    read_from(&log, (model.end - back).max(model.start)).expect("in range").first_offset;
                log.truncate_to(target, NOW_MS).expect("cut");
                model.cut(target.0);
                model.start = model.start.min(target.0);
                model.sequences = sequences_of(&log);
            }
            Step::MoveStart { forward } => {
                let target = (model.start + forward).min(model.end);
                log.maybe_increment_log_start(Offset(target)).expect("in range");
                model.start = target;
                // The recovery point stays until the bytes are synced, as the checkpoint would have it.
                assert_eq!(log.recovery_point().0, model.recovery_point);
            }
            Step::DeleteOld => drop(log.delete_old_segments(NOW_MS).expect("deleted")),
            Step::Close => {
                log.close().expect("closed");
                place.options.log_start = Offset(model.start);
                log = place.open();
                model.recovery_point = model.end;
                log.maybe_increment_high_watermark(Offset(model.end));
            }
            Step::KillProcess => {
                place.options.log_start = Offset(model.start);
                log = place.recover(Offset(model.recovery_point));
                assert_eq!(sequences_of(&log), model.sequences, "producers survive the death of the process");
                log.maybe_increment_high_watermark(Offset(model.end));
            }
            Step::CutPower { seed } => {
                disk.crash(&Entropy::from_seed(*seed));
                place.options.log_start = Offset(model.start);
                log = place.recover(Offset(model.recovery_point));
                let end = log.log_end_offset().0;
                assert!(
                    end >= model.recovery_point,
                    "{end}: what was flushed up to {} stays",
                    model.recovery_point
                );
                assert!(end <= model.end.max(model.start), "nothing comes out of nowhere");
                model.cut(end);
                model.sequences = sequences_of(&log);
                log.maybe_increment_high_watermark(Offset(model.end));
            }
        }
        check(&log, &model);
    }
}

/// The next sequence of each producer.
fn sequences_of(log: &Log) -> BTreeMap<i64, i32> {
    log.producers().iter().map(|producer| (producer.producer_id.0, producer.last_sequence() + 1)).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn a_recovered_log_is_a_prefix_that_holds_what_was_flushed(steps in steps()) {
        live(&SimulatedDisk::default(), &steps);
    }
}
