//! One offset for each partition of a data directory.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use ::io::Disk;
use types::{Offset, TopicPartition};

use super::text::{self, CheckpointError};

/// Which offset a checkpoint keeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OffsetCheckpointKind {
    /// First offset that recovery has to check: everything below is flushed.
    RecoveryPoint,
    /// First offset that is still served, where it is not a segment's base offset.
    LogStart,
    /// The high watermark.
    Replication,
    /// First offset that the cleaner has not cleaned.
    Cleaner,
}

/// A file that maps partitions to offsets.
#[derive(Clone, Debug)]
pub struct OffsetCheckpoint {
    disk: Disk,
    path: PathBuf,
}

impl OffsetCheckpoint {
    /// The checkpoint of this kind in the data directory `directory`.
    pub fn new(disk: Disk, directory: &Path, kind: OffsetCheckpointKind) -> Self {
        let name = match kind {
            OffsetCheckpointKind::RecoveryPoint => "recovery-point-offset-checkpoint",
            OffsetCheckpointKind::LogStart => "log-start-offset-checkpoint",
            OffsetCheckpointKind::Replication => "replication-offset-checkpoint",
            OffsetCheckpointKind::Cleaner => "cleaner-offset-checkpoint",
        };
        Self { disk, path: directory.join(name) }
    }

    /// The offsets on disk; none where the file does not exist.
    ///
    /// # Errors
    /// When the file cannot be read or is malformed; callers fall back to offset 0 as Kafka does.
    pub fn read(&self) -> Result<BTreeMap<TopicPartition, Offset>, CheckpointError> {
        Ok(text::read(&self.disk, &self.path, parse_entry)?.into_iter().collect())
    }

    /// Replaces the file.
    ///
    /// # Errors
    /// When the file system refuses.
    pub fn write(&self, offsets: &BTreeMap<TopicPartition, Offset>) -> Result<(), CheckpointError> {
        let entries = offsets.iter().map(|(at, offset)| format!("{} {} {offset}", at.topic, at.partition));
        text::write(&self.disk, &self.path, entries)
    }
}

fn parse_entry(line: &str) -> Option<(TopicPartition, Offset)> {
    let mut words = line.split_ascii_whitespace();
    let topic = words.next()?;
    let partition: i32 = words.next()?.parse().ok()?;
    let offset: i64 = words.next()?.parse().ok()?;
    words.next().is_none().then(|| (TopicPartition::new(topic, partition), Offset(offset)))
}
