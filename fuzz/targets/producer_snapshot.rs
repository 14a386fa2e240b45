//! Opens an empty log whose producer snapshot holds whatever it may; its checksum is put right if the first byte says so.
//! What the log makes of it is there again after it was closed and opened.
#![no_main]

use std::io::IoSlice;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use config::TopicConfig;
use io::disk::{OpenMode, SimulatedDisk};
use io::{Disk, Entropy};
use libfuzzer_sys::fuzz_target;
use log::{Log, OpenOptions};
use types::{LeaderEpoch, Offset};

const DIRECTORY: &str = "/data/t-0";

fn open(disk: &Disk, had_clean_shutdown: bool) -> Option<Log> {
    let options = OpenOptions::new(Arc::new(TopicConfig::default()), Entropy::from_seed(1), 0);
    let options = OpenOptions { had_clean_shutdown, ..options };
    Log::open(disk.clone(), PathBuf::from(DIRECTORY), options, &mut |_| {}).ok()
}

fuzz_target!(|input: &[u8]| {
    let [choice, content @ ..] = input else { return };
    let content = if choice % 2 == 0 { fuzz::mended::producer_snapshot(content) } else { content.to_vec() };
    let disk = Disk::Simulated(SimulatedDisk::default());
    disk.create_directory(Path::new(DIRECTORY)).expect("a simulated directory can be made");
    for (name, content) in
        [("00000000000000000009.log", &[][..]), ("00000000000000000009.snapshot", content.as_slice())]
    {
        let path = Path::new(DIRECTORY).join(name);
        let file = disk.open(&path, OpenMode::ReadWriteOrCreate).expect("a simulated file opens");
        file.append(&mut [IoSlice::new(content)], 0).expect("a simulated file takes it");
    }
    let Some(log) = open(&disk, choice & 2 == 0) else { return };
    for producer in log.producers() {
        let _ = log.has_ongoing_transaction(producer.producer_id, producer.producer_epoch);
    }
    let _ = log.aborted_transactions(Offset(0), Offset(i64::MAX));
    let _ = log.assign_epoch_start(LeaderEpoch(1), Offset(9));
    let producers = log.producers();
    if log.close().is_ok() {
        let again = open(&disk, true).expect("closed cleanly, it opens");
        assert_eq!(again.producers(), producers, "a clean stop keeps the producers");
    }
    log_is_used_up(&disk);
});

/// Producers that were idle for all time are forgotten without a trace.
fn log_is_used_up(disk: &Disk) {
    if let Some(log) = open(disk, true) {
        log.remove_expired_producers(i64::MAX);
        let _ = log.close();
    }
}
