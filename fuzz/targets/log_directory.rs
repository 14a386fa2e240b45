//! Opens whatever a partition's directory may hold: batches, indexes, snapshots, checkpoints. Opening never panics,
//! recovery done twice ends where it ended once, and what can be read has intact checksums.
//!
//! An input is a list of files: a byte for the kind, one for the base offset, two for the length, the content.
#![no_main]

use std::io::IoSlice;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use config::TopicConfig;
use io::disk::{OpenMode, SimulatedDisk};
use io::{Disk, Entropy};
use libfuzzer_sys::fuzz_target;
use log::{Log, OffsetQuery, OpenOptions, ReadRequest, ReadUpTo};
use types::Offset;

const DIRECTORY: &str = "/data/t-0";
const KINDS: [&str; 7] = ["log", "index", "timeindex", "txnindex", "snapshot", "log.swap", "log.cleaned"];

fn name(kind: u8, base_offset: u8) -> String {
    match KINDS.get(usize::from(kind)) {
        Some(suffix) => format!("{base_offset:020}.{suffix}"),
        None => "leader-epoch-checkpoint".to_owned(),
    }
}

fn disk(mut input: &[u8]) -> Disk {
    let disk = Disk::Simulated(SimulatedDisk::default());
    disk.create_directory(Path::new(DIRECTORY)).expect("a simulated directory can be made");
    while let [kind, base_offset, high, low, rest @ ..] = input {
        let length = usize::from(u16::from_be_bytes([*high, *low])).min(rest.len());
        let (content, after) = rest.split_at(length);
        input = after;
        let path = Path::new(DIRECTORY).join(name(*kind, *base_offset));
        let file = disk.open(&path, OpenMode::ReadWriteOrCreate).expect("a simulated file opens");
        file.append(&mut [IoSlice::new(content)], 0).expect("a simulated file takes it");
    }
    disk
}

fn open(disk: &Disk, had_clean_shutdown: bool) -> Option<Log> {
    let options = OpenOptions::new(Arc::new(TopicConfig::default()), Entropy::from_seed(1), 0);
    let options = OpenOptions { had_clean_shutdown, ..options };
    Log::open(disk.clone(), PathBuf::from(DIRECTORY), options, &mut |_| {}).ok()
}

fn look_around(log: &Log, is_checked: bool) {
    let mut from = log.log_start_offset();
    for _ in 0..1000 {
        let request = ReadRequest { from, bytes_max: 4096, up_to: ReadUpTo::LogEnd, whole_first_batch: true };
        let Ok(Some(region)) = log.read(request).map(|slice| slice.region) else { break };
        let Ok(bytes) = region.read() else { break };
        for batch in record::Batches::new(bytes).flatten() {
            assert!(!is_checked || batch.verify_crc().is_ok(), "recovery cuts damage off");
            from = Offset(batch.last_offset().0.saturating_add(1)).max(from);
        }
    }
    for timestamp in [-3, -2, 0, 1 << 40] {
        let _ = log.find_offset(OffsetQuery::from_timestamp(timestamp).expect("one of the known queries"));
    }
    let _ = log.aborted_transactions(Offset(0), Offset(i64::MAX));
}

fuzz_target!(|input: &[u8]| {
    if let Some(log) = open(&disk(input), true) {
        look_around(&log, false);
        let _ = log.truncate_to(Offset(log.log_end_offset().0 / 2), 0);
        let _ = log.close();
    }
    let disk = disk(input);
    let Some(log) = open(&disk, false) else { return };
    look_around(&log, true);
    let log_end = log.log_end_offset();
    drop(log);
    let again = open(&disk, false).expect("recovered once, recovered twice");
    assert_eq!(again.log_end_offset(), log_end, "recovery is idempotent");
});
