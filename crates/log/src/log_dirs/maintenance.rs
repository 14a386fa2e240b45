//! What has to be done now and then: flush, checkpoint, apply retention.

use std::sync::Arc;

use types::{Offset, TopicPartition};

use super::{LogDirs, OpenLogs};
use crate::checkpoint::{CheckpointError, OffsetCheckpointKind};
use crate::{Log, LogError};

/// What one round of retention did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RetentionRound {
    /// Segments taken out of their logs.
    pub segments: usize,
    /// Files removed from the disk.
    pub files: usize,
}

impl LogDirs {
    /// Flushes logs, those with the most unflushed bytes first, until each data directory has at most `bytes_max`
    /// unflushed: so the time of a recovery does not depend on the load before the crash. Returns how many logs.
    ///
    /// # Errors
    /// When the disk refuses; that log takes no more appends.
    pub fn flush_beyond(&self, bytes_max: u64) -> Result<usize, LogError> {
        let mut flushed = 0;
        for directory in 0..self.directories.len() {
            let mut logs: Vec<(u64, Arc<Log>)> = self
                .in_directory(directory)
                .into_iter()
                .map(|(_, log)| (log.unflushed_bytes(), log))
                .collect();
            let mut unflushed: u64 = logs.iter().map(|(bytes, _)| bytes).sum();
            logs.sort_unstable_by_key(|(bytes, _)| *bytes);
            while let Some((bytes, log)) = logs.pop_if(|_| unflushed > bytes_max) {
                log.flush()?;
                unflushed -= bytes;
                flushed += 1;
            }
        }
        Ok(flushed)
    }

    /// Flushes the logs with a record that has waited as long as their `flush.ms` allows.
    ///
    /// # Errors
    /// The first log that the disk refuses to flush; it takes no more appends. The others are flushed all the same.
    pub fn flush_overdue(&self, now_ms: i64) -> Result<(), LogError> {
        let is_overdue = |log: &Log| {
            let waited_ms = log.unflushed_ms(now_ms);
            waited_ms.is_some_and(|waited_ms| waited_ms >= log.config().flush_ms)
        };
        let overdue = self.all().into_iter().filter(|(_, log)| is_overdue(log));
        overdue.map(|(_, log)| log.flush()).fold(Ok(()), Result::and)
    }

    /// Writes the recovery points: everything below them is durable.
    ///
    /// # Errors
    /// When a checkpoint cannot be written.
    pub fn checkpoint_recovery_points(&self) -> Result<(), CheckpointError> {
        self.write_checkpoints(OffsetCheckpointKind::RecoveryPoint, |log| Some(log.recovery_point()))
    }

    /// Writes the log start offsets that recovery could not tell from the names of segments.
    ///
    /// # Errors
    /// When a checkpoint cannot be written.
    pub fn checkpoint_log_starts(&self) -> Result<(), CheckpointError> {
        self.write_checkpoints(OffsetCheckpointKind::LogStart, |log| {
            Some(log.log_start_offset()).filter(|start| *start > log.first_segment_offset())
        })
    }

    /// Writes the high watermarks.
    ///
    /// # Errors
    /// When a checkpoint cannot be written.
    pub fn checkpoint_high_watermarks(&self) -> Result<(), CheckpointError> {
        self.write_checkpoints(OffsetCheckpointKind::Replication, |log| Some(log.high_watermark()))
    }

    /// Writes each directory's checkpoint of this kind: what its open logs say, and what it said of those not open.
    pub(super) fn write_checkpoints(
        &self,
        kind: OffsetCheckpointKind,
        offset_of: impl Fn(&Log) -> Option<Offset>,
    ) -> Result<(), CheckpointError> {
        let _checkpointing = self.checkpointing();
        for (index, directory) in self.directories.iter().enumerate() {
            let (mut offsets, logs) = {
                let open = self.lock();
                (open.unopened[index].of(kind).clone(), open.in_directory(index))
            };
            let told = logs.into_iter().filter_map(|(partition, log)| Some((partition, offset_of(&log)?)));
            offsets.extend(told);
            directory.checkpoint(kind).write(&offsets)?;
        }
        Ok(())
    }

    /// Forgets old segments and removes files whose time has come.
    ///
    /// # Errors
    /// When the disk refuses; later logs are then left for the next round.
    pub fn apply_retention(&self, now_ms: i64) -> Result<RetentionRound, LogError> {
        let mut round = RetentionRound::default();
        for (_, log) in self.all() {
            round.segments += log.delete_old_segments(now_ms)?;
            round.files += log.remove_expired_files(now_ms)?;
        }
        Ok(round)
    }

    pub(super) fn in_directory(&self, directory: usize) -> Vec<(TopicPartition, Arc<Log>)> {
        self.lock().in_directory(directory)
    }
}

impl OpenLogs {
    fn in_directory(&self, directory: usize) -> Vec<(TopicPartition, Arc<Log>)> {
        let inside = self.current.iter().filter(|(_, log)| log.directory == directory);
        inside.map(|(partition, open)| (partition.clone(), open.log.clone())).collect()
    }
}
