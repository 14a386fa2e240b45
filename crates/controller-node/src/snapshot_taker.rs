//! Writes snapshots of the metadata while the node goes on.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use config::MetadataLogConfig;
use io::{Blocking, Disk};
use metadata::{MetadataImage, RecordError, encode_record};
use raft::OffsetAndEpoch;
use raft::snapshot::SnapshotSchedule;
use tokio::task::JoinHandle;
use types::{LeaderEpoch, Offset};

use crate::snapshot_file::{SnapshotHead, SnapshotWriter};

/// When snapshots are due, and the one that is being written.
#[derive(Debug)]
pub(crate) struct SnapshotTaker {
    disk: Disk,
    directory: PathBuf,
    blocking: Blocking,
    schedule: SnapshotSchedule,
    running: Option<JoinHandle<Result<OffsetAndEpoch, SnapshotFailure>>>,
}

/// Why no snapshot was made. The log still holds everything, so the next one is due as usual.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SnapshotFailure {
    #[error(transparent)]
    Io(#[from] std::io::Error),
    #[error(transparent)]
    Record(#[from] RecordError),
}

/// Records that are encoded before they are written, so that a large image is never held twice.
const RECORDS_PER_BATCH: usize = 1024;

impl SnapshotTaker {
    pub(crate) fn new(
        disk: Disk,
        directory: PathBuf,
        blocking: Blocking,
        config: &MetadataLogConfig,
        now: Duration,
    ) -> Self {
        let bytes_max = config.log_max_record_bytes_between_snapshots.unsigned_abs();
        let interval_max_ms = config.log_max_snapshot_interval_ms.unsigned_abs();
        let schedule = SnapshotSchedule::new(bytes_max, interval_max_ms, now);
        Self { disk, directory, blocking, schedule, running: None }
    }

    /// `bytes` were committed: whether a snapshot is due and none is being written.
    pub(crate) fn is_due(&mut self, bytes: usize, now: Duration) -> bool {
        self.schedule.committed(bytes as u64, now) && self.running.is_none()
    }

    /// Begins a snapshot of `image`.
    pub(crate) fn begin(
        &mut self,
        image: Arc<MetadataImage>,
        head: SnapshotHead,
        now_ms: i64,
        now: Duration,
    ) {
        self.schedule.snapshot_made(now);
        let (disk, directory) = (self.disk.clone(), self.directory.clone());
        self.running = Some(self.blocking.spawn(move || {
            let id = snapshot_id(&image);
            write(&disk, &directory, id, &image, &head, now_ms).map(|()| id)
        }));
    }

    /// Waits for the snapshot that is being written; for ever while there is none. May be dropped and called again.
    pub(crate) async fn finished(&mut self) -> Result<OffsetAndEpoch, SnapshotFailure> {
        let Some(running) = &mut self.running else { return std::future::pending().await };
        let result = running.await;
        self.running = None;
        result.unwrap_or_else(|panic| Err(std::io::Error::other(panic).into()))
    }
}

/// The snapshot that an image makes: everything before the offset behind its last record.
pub(crate) fn snapshot_id(image: &MetadataImage) -> OffsetAndEpoch {
    let last = &image.provenance;
    OffsetAndEpoch::new(Offset(last.offset.0 + 1), LeaderEpoch(last.epoch))
}

fn write(
    disk: &Disk,
    directory: &std::path::Path,
    id: OffsetAndEpoch,
    image: &MetadataImage,
    head: &SnapshotHead,
    now_ms: i64,
) -> Result<(), SnapshotFailure> {
    let version = image.metadata_version();
    let mut writer = SnapshotWriter::create(disk, directory, id, head, now_ms)?;
    let mut values: Vec<Bytes> = Vec::with_capacity(RECORDS_PER_BATCH);
    for record in image.snapshot_records() {
        values.push(encode_record(&record, version)?);
        if values.len() == RECORDS_PER_BATCH {
            writer.append(&values, now_ms)?;
            values.clear();
        }
    }
    writer.append(&values, now_ms)?;
    let size_bytes = writer.freeze(now_ms)?;
    tracing::info!(snapshot = %id, size_bytes, "metadata snapshot written");
    Ok(())
}
