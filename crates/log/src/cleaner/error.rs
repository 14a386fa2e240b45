//! Why a cleaning ends early.

use std::path::PathBuf;

use crate::LogError;

/// See the variants; the log is as it was before in each case but [`LogError::Failed`].
#[derive(Debug, thiserror::Error)]
pub enum CleanError {
    /// The disk refuses, or a segment is damaged.
    #[error(transparent)]
    Log(#[from] LogError),
    /// A batch cannot be read, or not be written anew. The log is not tried again before it is opened again.
    #[error("{path}, byte {position}: {reason}")]
    Unreadable {
        /// The segment.
        path: PathBuf,
        /// Where the batch begins.
        position: u64,
        /// What is wrong with it.
        reason: String,
    },
    /// Retention, truncation or deletion changed the segments meanwhile. The next attempt may succeed.
    #[error("the log's segments changed while it was cleaned")]
    Overtaken,
    /// `log.cleaner.dedupe.buffer.size` does not hold the keys of the first dirty batch.
    #[error("one batch has more keys than the {keys_max} that log.cleaner.dedupe.buffer.size has room for")]
    MapTooSmall {
        /// Keys that fit.
        keys_max: usize,
    },
}

impl CleanError {
    /// Whether trying again is of no use.
    pub fn is_lasting(&self) -> bool {
        match self {
            Self::Log(LogError::Corrupt { .. } | LogError::Failed { .. }) => true,
            Self::Unreadable { .. } | Self::MapTooSmall { .. } => true,
            Self::Log(_) | Self::Overtaken => false,
        }
    }
}
