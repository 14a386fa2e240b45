//! `leader-epoch-checkpoint`: at which offset each leader epoch began (KIP-101).

use std::path::{Path, PathBuf};

use ::io::Disk;
use types::{LeaderEpoch, Offset};

use super::text::{self, CheckpointError};

/// A leader epoch and the first offset written in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EpochEntry {
    /// The epoch.
    pub epoch: LeaderEpoch,
    /// The first offset of that epoch.
    pub start_offset: Offset,
}

/// The file `leader-epoch-checkpoint` in a partition's directory.
#[derive(Clone, Debug)]
pub struct LeaderEpochCheckpoint {
    disk: Disk,
    path: PathBuf,
}

impl LeaderEpochCheckpoint {
    /// The checkpoint in the partition directory `directory`.
    pub fn new(disk: Disk, directory: &Path) -> Self {
        Self { disk, path: directory.join("leader-epoch-checkpoint") }
    }

    /// The entries in the file's order; none where it does not exist.
    ///
    /// # Errors
    /// When the file cannot be read or is malformed.
    pub fn read(&self) -> Result<Vec<EpochEntry>, CheckpointError> {
        text::read(&self.disk, &self.path, |line| {
            let (epoch, start_offset) = line.split_once(' ')?;
            let epoch = LeaderEpoch(epoch.parse().ok()?);
            Some(EpochEntry { epoch, start_offset: Offset(start_offset.trim().parse().ok()?) })
        })
    }

    /// Replaces the file.
    ///
    /// # Errors
    /// When the file system refuses.
    pub fn write(&self, entries: &[EpochEntry]) -> Result<(), CheckpointError> {
        let lines = entries.iter().map(|entry| format!("{} {}", entry.epoch, entry.start_offset));
        text::write(&self.disk, &self.path, lines)
    }
}
