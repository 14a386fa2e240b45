//! Which log to clean next, and how far each is clean.

use std::sync::Arc;

use types::TopicPartition;

use super::LogDirs;
use crate::checkpoint::{CheckpointError, OffsetCheckpointKind};
use crate::cleaner::{CleanError, Cleanable, CleanerSettings, Cleaning};
use crate::{Log, LogError};

/// A log that needs cleaning.
#[derive(Clone, Debug)]
pub struct DirtyLog {
    /// Whose log it is.
    pub partition: TopicPartition,
    /// The log.
    pub log: Arc<Log>,
    /// What there is to clean.
    pub range: Cleanable,
}

impl LogDirs {
    /// The compacted log with the largest dirty part, of those that are dirtier than their
    /// `min.cleanable.dirty.ratio` or have waited for `max.compaction.lag.ms`. Logs that are being cleaned, or cannot
    /// be, are passed over.
    pub fn dirtiest(&self, now_ms: i64) -> Option<DirtyLog> {
        let compacted = self.all().into_iter().filter(|(_, log)| log.config().cleanup_policy.compact);
        let due = compacted.filter(|(_, log)| log.cleaner.is_free()).filter_map(|(partition, log)| {
            let range = log.cleanable(now_ms).inspect_err(|error| {
                tracing::error!(%partition, %error, "it cannot be told how dirty a log is");
            });
            let ratio_min = log.config().min_cleanable_dirty_ratio;
            let range = range.ok().filter(|range| range.is_due(ratio_min))?;
            Some(DirtyLog { partition, log, range })
        });
        due.max_by(|a, b| a.range.dirty_ratio().total_cmp(&b.range.dirty_ratio()))
    }

    /// Begins to clean a log. `None` where that is under way, or failed for good.
    ///
    /// The log is made durable first, and the checkpoint says so: a cleaning leaves holes, and a recovery takes holes
    /// above the recovery point for losses where the topic is not compacted any more.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn begin_cleaning(
        &self,
        dirty: &DirtyLog,
        settings: CleanerSettings,
        now_ms: i64,
    ) -> Result<Option<Cleaning>, CleanError> {
        dirty.log.flush()?;
        self.checkpoint_recovery_points().map_err(LogError::from)?;
        Ok(dirty.log.begin_cleaning(dirty.range, settings, now_ms))
    }

    /// Writes how far the logs are clean.
    ///
    /// # Errors
    /// When a checkpoint cannot be written.
    pub fn checkpoint_first_dirty(&self) -> Result<(), CheckpointError> {
        self.write_checkpoints(OffsetCheckpointKind::Cleaner, Log::first_dirty_offset)
    }
}
