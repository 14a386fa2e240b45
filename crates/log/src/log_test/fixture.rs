//! Logs with few words.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use ::io::disk::SimulatedDisk;
use ::io::{Disk, Entropy};
use bytes::Bytes;
use config::TopicConfig;
use record::{BatchBuilder, BatchOptions, Batches, Limits};
use types::{LeaderEpoch, Offset, ProducerEpoch, ProducerId, Sequence};

use crate::{AppendContext, AppendInfo, Log, OpenOptions, ReadError, ReadRequest, ReadSlice, ReadUpTo};

/// When tests take place.
pub(super) const NOW_MS: i64 = 1_700_000_000_000;

/// Where a log is, and how it is opened.
pub(super) struct Place {
    pub(super) disk: Disk,
    pub(super) path: PathBuf,
    pub(super) options: OpenOptions,
    _directory: Option<tempfile::TempDir>,
}

/// Runs a test on both disks.
pub(super) fn on_both(check: impl Fn(&mut Place)) {
    check(&mut real());
    check(&mut simulated());
}

pub(super) fn real() -> Place {
    let directory = tempfile::tempdir().expect("a temporary directory can be made");
    let path = directory.path().join("t-0");
    Place { disk: Disk::Real, path, options: options(), _directory: Some(directory) }
}

pub(super) fn simulated() -> Place {
    Place::on(Disk::Simulated(SimulatedDisk::default()))
}

fn options() -> OpenOptions {
    let config = TopicConfig { index_interval_bytes: 200, ..TopicConfig::default() };
    OpenOptions::new(Arc::new(config), Entropy::from_seed(1), NOW_MS)
}

impl Place {
    /// A log on a simulated disk.
    pub(super) fn on(disk: Disk) -> Self {
        Self { disk, path: PathBuf::from("/data/t-0"), options: options(), _directory: None }
    }

    pub(super) fn configure(&mut self, change: impl FnOnce(&mut TopicConfig)) {
        let mut config = TopicConfig::clone(&self.options.config);
        change(&mut config);
        self.options.config = Arc::new(config);
    }

    /// Opens the log after a clean stop.
    pub(super) fn open(&self) -> Log {
        Log::open(self.disk.clone(), self.path.clone(), self.options.clone(), &mut |_| {})
            .expect("the log opens")
    }

    /// Opens the log after a stop that was not clean.
    pub(super) fn recover(&self, recovery_point: Offset) -> Log {
        let options = OpenOptions { recovery_point, had_clean_shutdown: false, ..self.options.clone() };
        Log::open(self.disk.clone(), self.path.clone(), options, &mut |_| {}).expect("the log recovers")
    }

    pub(super) fn file(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }
}

/// `count` records of `size` bytes, one millisecond apart from `timestamp_ms` on.
pub(super) fn records(options: BatchOptions, timestamp_ms: i64, count: i64, size: usize) -> Bytes {
    let mut builder = BatchBuilder::new(options).expect("the codec exists");
    for number in 0..count {
        let value = vec![b'a' + (number % 26) as u8; size];
        builder.append(timestamp_ms + number, None, Some(&value), &[]).expect("appended");
    }
    builder.build().expect("built").expect("not empty")
}

pub(super) fn producer(producer_id: i64, sequence: i32) -> BatchOptions {
    BatchOptions {
        producer_id: ProducerId(producer_id),
        producer_epoch: ProducerEpoch(0),
        base_sequence: Sequence(sequence),
        ..BatchOptions::default()
    }
}

/// Appends a plain batch as leader of epoch 0.
pub(super) fn append(log: &Log, count: i64) -> AppendInfo {
    produce(log, 0, BatchOptions::default(), count)
}

/// Appends `count` records of a producer as leader of `epoch`.
pub(super) fn produce(log: &Log, epoch: i32, options: BatchOptions, count: i64) -> AppendInfo {
    let batch = records(options, NOW_MS, count, 50);
    log.append_as_leader(batch, AppendContext::client(LeaderEpoch(epoch), NOW_MS)).expect("appended")
}

pub(super) fn read_from(log: &Log, from: i64) -> Result<ReadSlice, ReadError> {
    log.read(ReadRequest {
        from: Offset(from),
        bytes_max: usize::MAX,
        up_to: ReadUpTo::LogEnd,
        whole_first_batch: true,
    })
}

/// The offsets of all records from `from` on, read segment by segment.
pub(super) fn offsets_from(log: &Log, from: i64) -> Vec<i64> {
    let mut offsets = Vec::new();
    let mut next = from;
    while let Some(region) = read_from(log, next).expect("in range").region {
        for batch in Batches::new(region.read().expect("read")) {
            let batch = batch.expect("a batch");
            batch.verify_crc().expect("intact");
            let mut records = batch.records(Limits::default()).expect("records");
            while let Some(record) = records.next().expect("a record") {
                if record.offset.0 >= from {
                    offsets.push(record.offset.0);
                }
            }
            next = batch.last_offset().0 + 1;
        }
    }
    offsets
}

/// The content of the files in a directory whose names end so, by name.
pub(super) fn contents(disk: &Disk, path: &Path, suffixes: &[&str]) -> Vec<(String, Vec<u8>)> {
    let entries = disk.read_directory(path).expect("listed");
    let wanted =
        entries.into_iter().filter(|entry| suffixes.iter().any(|suffix| entry.name.ends_with(suffix)));
    wanted.map(|entry| (entry.name.clone(), disk.read(&path.join(&entry.name)).expect("read"))).collect()
}
