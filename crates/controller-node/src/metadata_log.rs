//! The metadata log on disk: Kafka's log with the quorum's own settings, and its snapshots beside it.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use config::{MetadataLogConfig, TopicConfig};
use io::{Disk, Entropy};
use log::checkpoint::{CheckpointError, PartitionMetadataFile};
use log::{
    AppendContext, AppendError, AppendOrigin, Log, LogError, OpenOptions, ReadError, ReadRequest, ReadUpTo,
};
use raft::OffsetAndEpoch;
use raft::snapshot::{
    InconsistentSnapshots, RecoveredSnapshots, RetentionLimits, SnapshotFacts, SnapshotFileName,
    SnapshotFileState, log_restarts_at, next_log_start,
};
use record::Batches;
use types::{LeaderEpoch, Offset, Uuid};

use crate::METADATA_LOG_DIRECTORY;
use crate::metadata_batch::{MetadataBatch, MetadataBatchError};
use crate::snapshot_file::{Snapshot, SnapshotError};

/// Why the metadata log cannot be opened, read or written.
#[derive(Debug, thiserror::Error)]
pub enum MetadataLogError {
    /// The log refuses.
    #[error(transparent)]
    Log(#[from] LogError),
    /// An append is refused.
    #[error(transparent)]
    Append(#[from] AppendError),
    /// A read is refused.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// A snapshot cannot be read.
    #[error(transparent)]
    Snapshot(#[from] SnapshotError),
    /// Snapshots that the log needs are missing.
    #[error(transparent)]
    Inconsistent(#[from] InconsistentSnapshots),
    /// A batch in the log is damaged.
    #[error("{path}, at offset {offset}: {source}")]
    Batch {
        /// The log's directory.
        path: PathBuf,
        /// Where in the log.
        offset: Offset,
        /// What is wrong.
        source: MetadataBatchError,
    },
    /// `partition.metadata` cannot be read or written.
    #[error(transparent)]
    PartitionMetadata(#[from] CheckpointError),
    /// The directory belongs to another topic.
    #[error("{path} belongs to the topic id {found}, not to the metadata log")]
    ForeignTopic {
        /// The log's directory.
        path: PathBuf,
        /// The id in `partition.metadata`.
        found: Uuid,
    },
    /// A file cannot be read, renamed or removed.
    #[error("{path}: {source}")]
    Io {
        /// The file.
        path: PathBuf,
        /// What the file system said.
        source: std::io::Error,
    },
}

/// How much of the log is read at once.
const READ_BYTES_MAX: usize = 4 * 1024 * 1024;

/// The log of `__cluster_metadata-0` and its snapshots.
#[derive(Debug)]
pub struct MetadataLog {
    disk: Disk,
    directory: PathBuf,
    log: Arc<Log>,
    /// Complete ones at or after the log's start.
    snapshots: BTreeSet<OffsetAndEpoch>,
    /// Snapshots marked as deleted, and when their files go.
    deleted: Vec<(PathBuf, i64)>,
    limits: RetentionLimits,
    delete_delay_ms: i64,
}

impl MetadataLog {
    /// Opens the metadata log of a data directory. What a crash left unfinished is removed; the whole log is checked,
    /// because no checkpoint says what was flushed.
    ///
    /// # Errors
    /// Where files cannot be used: see [`MetadataLogError`].
    pub fn open(
        disk: &Disk,
        data_directory: &Path,
        config: &MetadataLogConfig,
        entropy: &Entropy,
        now_ms: i64,
    ) -> Result<Self, MetadataLogError> {
        let directory = data_directory.join(METADATA_LOG_DIRECTORY);
        let options = OpenOptions {
            had_clean_shutdown: false,
            ..OpenOptions::new(Arc::new(log_config(config)), entropy.clone(), now_ms)
        };
        let log = Log::open(disk.clone(), directory.clone(), options, &mut |_| {})?;
        claim_topic_id(disk, &directory)?;
        let log = Arc::new(log);
        let io = |path: PathBuf| move |source| MetadataLogError::Io { path, source };
        let entries = disk.read_directory(&directory).map_err(io(directory.clone()))?;
        let names = entries.iter().map(|entry| entry.name.as_str());
        let recovered = RecoveredSnapshots::sort(names, log.log_start_offset())?;
        for name in &recovered.removed {
            let path = directory.join(name);
            disk.remove_file(&path).map_err(io(path))?;
        }
        let newest = recovered.kept.last().copied();
        let last_epoch = log.latest_epoch().unwrap_or(LeaderEpoch(0));
        if let Some(offset) = log_restarts_at(newest, last_epoch, log.log_end_offset()) {
            log.truncate_fully_and_start_at(offset, now_ms)?;
        }
        Ok(Self {
            disk: disk.clone(),
            directory,
            log,
            snapshots: recovered.kept,
            deleted: Vec::new(),
            limits: RetentionLimits { bytes: config.max_retention_bytes, ms: config.max_retention_ms },
            delete_delay_ms: config.delete_delay_ms,
        })
    }

    /// Where the log and its snapshots are.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// First offset that the log holds.
    pub fn start_offset(&self) -> Offset {
        self.log.log_start_offset()
    }

    /// The end of the log and the epoch of its last record; that of the newest snapshot where the log is empty.
    pub fn end(&self) -> OffsetAndEpoch {
        let epoch = self.log.latest_epoch().or_else(|| self.snapshots.last().map(|newest| newest.epoch));
        OffsetAndEpoch::new(self.log.log_end_offset(), epoch.unwrap_or(LeaderEpoch(0)))
    }

    /// The newest snapshot.
    pub fn newest_snapshot(&self) -> Option<OffsetAndEpoch> {
        self.snapshots.last().copied()
    }

    /// Reads a snapshot.
    ///
    /// # Errors
    /// Where it is damaged.
    pub fn read_snapshot(&self, id: OffsetAndEpoch) -> Result<Snapshot, SnapshotError> {
        Snapshot::read(&self.disk, &self.directory, id)
    }

    /// Hands every batch from `offset` to the log's end to `visit`.
    ///
    /// # Errors
    /// Where a batch is damaged or cannot be read; and what `visit` returns.
    pub fn visit_batches<E: From<MetadataLogError>>(
        &self,
        offset: Offset,
        mut visit: impl FnMut(MetadataBatch) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut next = offset;
        while next < self.log.log_end_offset() {
            let request = ReadRequest {
                from: next,
                bytes_max: READ_BYTES_MAX,
                up_to: ReadUpTo::LogEnd,
                whole_first_batch: true,
            };
            let region = self.log.read(request).map_err(MetadataLogError::from)?.region;
            let Some(region) = region else { return Ok(()) };
            let bytes = region
                .read()
                .map_err(|source| MetadataLogError::Io { path: self.directory.clone(), source })?;
            for batch in Batches::new(bytes) {
                let batch =
                    batch.map_err(MetadataBatchError::from).and_then(|batch| MetadataBatch::read(&batch));
                let batch = batch.map_err(|source| MetadataLogError::Batch {
                    path: self.directory.clone(),
                    offset: next,
                    source,
                })?;
                // The first batch of a read may begin before the offset asked for.
                if batch.base_offset >= next {
                    next = batch.next_offset;
                    visit(batch)?;
                }
            }
        }
        Ok(())
    }

    /// Notes that `epoch` begins at the log's end. Called once, before its first record is appended.
    ///
    /// # Errors
    /// When the checkpoint of epochs cannot be written.
    pub fn begin_epoch(&self, epoch: LeaderEpoch) -> Result<(), MetadataLogError> {
        Ok(self.log.assign_epoch_start(epoch, self.log.log_end_offset())?)
    }

    /// The means to append to the log and to flush it, for the thread that may block.
    pub fn appender(&self) -> MetadataAppender {
        MetadataAppender { log: Arc::clone(&self.log) }
    }

    /// Everything below is committed.
    pub fn advance_high_watermark(&self, offset: Offset) {
        self.log.maybe_increment_high_watermark(offset);
    }

    /// A snapshot of this log was completed.
    pub fn add_snapshot(&mut self, id: OffsetAndEpoch) {
        self.snapshots.insert(id);
    }

    /// Removes snapshots, and the log before the oldest that stays, as far as the limits of retention ask for it;
    /// files go `delete_delay_ms` later, in a later call. Returns the log's new start where it moved.
    ///
    /// # Errors
    /// As the file system reports them.
    pub fn clean(&mut self, now_ms: i64) -> Result<Option<Offset>, MetadataLogError> {
        self.remove_expired(now_ms)?;
        let mut new_start = None;
        while self.snapshots.len() > 1 {
            let facts = self.snapshot_facts()?;
            let Some(next) = next_log_start(&facts, self.log.size(), now_ms, self.limits) else { break };
            if !self.log.maybe_increment_log_start(next.offset)? {
                break;
            }
            self.log.delete_old_segments(now_ms)?;
            let kept = self.snapshots.split_off(&next);
            for id in std::mem::replace(&mut self.snapshots, kept) {
                self.mark_deleted(id, now_ms)?;
            }
            new_start = Some(next.offset);
        }
        Ok(new_start)
    }

    fn snapshot_facts(&self) -> Result<Vec<SnapshotFacts>, SnapshotError> {
        self.snapshots.iter().map(|id| Snapshot::read_facts(&self.disk, &self.directory, *id)).collect()
    }

    fn mark_deleted(&mut self, id: OffsetAndEpoch, now_ms: i64) -> Result<(), MetadataLogError> {
        let from = self.path(id, SnapshotFileState::Complete);
        let to = self.path(id, SnapshotFileState::Deleted);
        self.disk.rename(&from, &to).map_err(|source| MetadataLogError::Io { path: from, source })?;
        self.deleted.push((to, now_ms.saturating_add(self.delete_delay_ms)));
        Ok(())
    }

    fn remove_expired(&mut self, now_ms: i64) -> Result<(), MetadataLogError> {
        self.log.remove_expired_files(now_ms)?;
        let (expired, waiting) = std::mem::take(&mut self.deleted)
            .into_iter()
            .partition(|(_, remove_at_ms)| *remove_at_ms <= now_ms);
        self.deleted = waiting;
        let expired: Vec<(PathBuf, i64)> = expired;
        for (path, _) in expired {
            self.disk.remove_file(&path).map_err(|source| MetadataLogError::Io { path, source })?;
        }
        Ok(())
    }

    fn path(&self, id: OffsetAndEpoch, state: SnapshotFileState) -> PathBuf {
        self.directory.join(SnapshotFileName::new(id, state).to_string())
    }
}

/// Appends to the metadata log and flushes it; cheap to clone.
#[derive(Clone, Debug)]
pub struct MetadataAppender {
    log: Arc<Log>,
}

impl MetadataAppender {
    /// Appends batches of `epoch`, whose offsets follow the log's end, then flushes. Returns the durable end.
    ///
    /// # Errors
    /// When the disk refuses; what it then holds of the batches is unknown, so the leader must resign.
    pub fn append_and_flush(
        &self,
        batches: Vec<Bytes>,
        epoch: LeaderEpoch,
        now_ms: i64,
    ) -> Result<Offset, MetadataLogError> {
        for batch in batches {
            self.log.append_as_leader(batch, AppendContext::of(AppendOrigin::RaftLeader, epoch, now_ms))?;
        }
        self.log.flush()?;
        Ok(self.log.log_end_offset())
    }

    /// Makes everything durable for a clean stop.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn close(&self) -> Result<(), MetadataLogError> {
        Ok(self.log.close()?)
    }
}

/// Kafka's settings of the metadata log: it is cut by snapshots only, never by time or size.
fn log_config(config: &MetadataLogConfig) -> TopicConfig {
    TopicConfig {
        segment_bytes: config.log_segment_bytes,
        segment_ms: config.log_segment_ms,
        max_message_bytes: config.max_batch_bytes,
        retention_ms: -1,
        retention_bytes: -1,
        file_delete_delay_ms: config.delete_delay_ms,
        ..TopicConfig::default()
    }
}

/// Reads or writes `partition.metadata`.
fn claim_topic_id(disk: &Disk, directory: &Path) -> Result<(), MetadataLogError> {
    let file = PartitionMetadataFile::new(disk.clone(), directory);
    match file.read()? {
        Some(Uuid::METADATA_TOPIC) => Ok(()),
        Some(found) => Err(MetadataLogError::ForeignTopic { path: directory.to_owned(), found }),
        None => Ok(file.write(Uuid::METADATA_TOPIC)?),
    }
}
