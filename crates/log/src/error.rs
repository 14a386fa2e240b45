//! What can go wrong below the rules: the disk refuses, or what it holds is not what was written.

use std::io;
use std::path::{Path, PathBuf};

use crate::checkpoint::CheckpointError;

/// Why a log could not be opened, written or read.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    /// The file system refused. The data directory is to be taken as failed.
    #[error("{path}: {source}")]
    Io {
        /// The file or directory.
        path: PathBuf,
        /// What the file system said.
        source: io::Error,
    },
    /// A file holds what no log writes there.
    #[error("{path}, byte {position}: {reason}")]
    Corrupt {
        /// The file.
        path: PathBuf,
        /// Where in the file.
        position: u64,
        /// What is wrong there.
        reason: &'static str,
    },
    /// What is needed is not in memory, and the reader does not wait for the disk ([`crate::Patience::Hurries`]).
    #[error("what is to be read is not in memory")]
    NotInMemory,
    /// `leader-epoch-checkpoint` or `partition.metadata` cannot be read or written.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// An earlier write failed in a way that left the file's content unknown; the log serves reads only and must be
    /// opened again.
    #[error("{path}: an earlier write failed; the log takes no more until it is opened again")]
    Failed {
        /// The log's directory.
        path: PathBuf,
    },
}

impl LogError {
    pub(crate) fn io(path: impl AsRef<Path>) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::Io { path: path.as_ref().to_owned(), source }
    }

    pub(crate) fn corrupt(path: impl AsRef<Path>, position: u64, reason: &'static str) -> Self {
        Self::Corrupt { path: path.as_ref().to_owned(), position, reason }
    }
}
