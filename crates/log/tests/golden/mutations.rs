//! Damaged directories: opening never panics, and what it serves is what was written.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use io::disk::{OpenMode, SimulatedDisk};
use io::{Disk, Entropy};
use log::{Log, LogError, OpenOptions, ReadRequest, ReadUpTo};
use proptest::prelude::*;
use types::Offset;

use crate::archive::{self, Scenario, State};

const DIRECTORY: &str = "/data/t-0";

#[derive(Clone, Debug)]
enum Damage {
    Flip { at: usize, bits: u8 },
    Cut { at: usize },
    Zero { at: usize, length: usize },
    Append { bytes: Vec<u8> },
    Repeat { at: usize, length: usize },
    Remove,
}

fn damages() -> impl Strategy<Value = Vec<(usize, Damage)>> {
    let damage = prop_oneof![
        4 => (any::<usize>(), 1..=255u8).prop_map(|(at, bits)| Damage::Flip { at, bits }),
        1 => any::<usize>().prop_map(|at| Damage::Cut { at }),
        1 => (any::<usize>(), 1..300usize).prop_map(|(at, length)| Damage::Zero { at, length }),
        1 => proptest::collection::vec(any::<u8>(), 1..200).prop_map(|bytes| Damage::Append { bytes }),
        1 => (any::<usize>(), 1..300usize).prop_map(|(at, length)| Damage::Repeat { at, length }),
        1 => Just(Damage::Remove),
    ];
    proptest::collection::vec((any::<usize>(), damage), 1..6)
}

fn scenarios() -> &'static [Scenario] {
    static SCENARIOS: OnceLock<Vec<Scenario>> = OnceLock::new();
    SCENARIOS.get_or_init(archive::read)
}

fn inflict(content: &mut Vec<u8>, damage: &Damage) -> bool {
    let length = content.len().max(1);
    match damage {
        Damage::Flip { at, bits } => content.get_mut(at % length).into_iter().for_each(|byte| *byte ^= bits),
        Damage::Cut { at } => content.truncate(at % length),
        Damage::Zero { at, length: zeros } => {
            content.iter_mut().skip(at % length).take(*zeros).for_each(|b| *b = 0)
        }
        Damage::Append { bytes } => content.extend_from_slice(bytes),
        Damage::Repeat { at, length: repeated } => {
            let again: Vec<u8> = content.iter().skip(at % length).take(*repeated).copied().collect();
            content.extend_from_slice(&again);
        }
        Damage::Remove => return false,
    }
    true
}

/// The scenario's killed directory with the damages done, on a disk of its own.
fn damaged(scenario: &Scenario, damages: &[(usize, Damage)], is_spared: impl Fn(&str) -> bool) -> Disk {
    let mut files: Vec<(String, Vec<u8>)> =
        scenario.files(State::Killed).map(|(name, content)| (name.clone(), content.clone())).collect();
    for (pick, damage) in damages {
        let pick = pick % files.len();
        if !is_spared(&files[pick].0) && !inflict(&mut files[pick].1, damage) {
            files.remove(pick);
        }
    }
    let disk = Disk::Simulated(SimulatedDisk::default());
    disk.create_directory(Path::new(DIRECTORY)).expect("made");
    for (name, content) in files {
        let file = disk.open(&Path::new(DIRECTORY).join(name), OpenMode::CreateNew).expect("made");
        file.append(&mut [std::io::IoSlice::new(&content)], 0).expect("written");
    }
    disk
}

fn open(disk: &Disk, scenario: &Scenario, had_clean_shutdown: bool) -> Result<Log, LogError> {
    let options =
        OpenOptions::new(Arc::new(scenario.config.clone()), Entropy::from_seed(1), 1_700_000_000_000);
    let options = OpenOptions { had_clean_shutdown, ..options };
    Log::open(disk.clone(), PathBuf::from(DIRECTORY), options, &mut |_| {})
}

/// All batches that can be read, until something cannot.
fn batches(log: &Log) -> Vec<bytes::Bytes> {
    let mut found = Vec::new();
    let mut from = log.log_start_offset();
    loop {
        let request =
            ReadRequest { from, bytes_max: 1 << 20, up_to: ReadUpTo::LogEnd, whole_first_batch: true };
        let Ok(Some(region)) = log.read(request).map(|slice| slice.region) else { return found };
        let Ok(bytes) = region.read() else { return found };
        for batch in record::Batches::new(bytes) {
            let Ok(batch) = batch else { return found };
            if batch.last_offset() < from {
                return found;
            }
            from = Offset(batch.last_offset().0 + 1);
            found.push(batch.bytes().clone());
        }
    }
}

/// The batches of the undamaged log.
fn written(scenario: &Scenario) -> BTreeSet<bytes::Bytes> {
    let logs = scenario.files(State::Killed).filter(|(name, _)| name.ends_with(".log"));
    logs.flat_map(|(_, content)| record::Batches::new(content.clone().into()))
        .map(|batch| batch.expect("undamaged").bytes().clone())
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn recovery_serves_only_what_was_written(pick in 0..6usize, damages in damages()) {
        let scenario = &scenarios()[pick];
        // Epochs and offsets of batches are outside their checksums, so damage to them can pass unseen.
        let disk = damaged(scenario, &damages, |_| false);
        match open(&disk, scenario, false) {
            Ok(log) => {
                let written = written(scenario);
                let covered = |batch: &bytes::Bytes| if batch[16] == 2 { batch.slice(16..) } else { batch.slice(12..) };
                let written: BTreeSet<_> = written.iter().map(covered).collect();
                for batch in batches(&log) {
                    prop_assert!(written.contains(&covered(&batch)), "a batch that nobody wrote");
                }
                let log_end = log.log_end_offset();
                drop(log);
                let again = open(&disk, scenario, false).expect("recovered once, recovered twice");
                prop_assert_eq!(again.log_end_offset(), log_end, "recovery is idempotent");
            }
            Err(LogError::Checkpoint(_)) => {}
            Err(error) => prop_assert!(false, "{error}"),
        }
    }

    #[test]
    fn damaged_indexes_and_snapshots_cost_nothing_but_time(pick in 0..6usize, damages in damages()) {
        let scenario = &scenarios()[pick];
        let disk = damaged(scenario, &damages, |name| name.ends_with(".log") || name.ends_with("checkpoint"));
        let log = open(&disk, scenario, false).expect("opens");
        prop_assert_eq!(log.log_end_offset(), scenario.ends.2);
        let start = log.log_start_offset();
        let expected: usize = written(scenario).iter().filter(|batch| last_offset(batch) >= start).count();
        prop_assert_eq!(batches(&log).len(), expected);
    }

    #[test]
    fn a_marker_of_a_clean_stop_that_lies_never_panics(pick in 0..6usize, damages in damages()) {
        let scenario = &scenarios()[pick];
        let disk = damaged(scenario, &damages, |_| false);
        if let Ok(log) = open(&disk, scenario, true) {
            batches(&log);
            for timestamp in [-3, 0, 1_700_000_030_000] {
                let _ = log.find_offset(log::OffsetQuery::from_timestamp(timestamp).expect("a query"));
            }
            let _ = log.aborted_transactions(Offset(0), Offset(i64::MAX));
            let _ = log.truncate_to(Offset(log.log_end_offset().0 / 2), 0);
            let _ = log.close();
        }
    }
}

fn last_offset(batch: &bytes::Bytes) -> Offset {
    record::AnyHeader::parse(batch).expect("undamaged").last_offset()
}
