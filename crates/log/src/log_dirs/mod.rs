//! The data directories of a node and the logs in them: Kafka's LogManager.
//!
//! *Order at a start:* lock the directories, read whose they are, begin (takes the clean-shutdown marker away), find
//! the logs, open them in parallel. *At a stop:* close every log, write the checkpoints, then the marker.
//! Nothing here keeps time: whoever owns this calls the verbs of `maintenance` when they are due.

mod checkpointed_offsets;
mod cleaning;
mod close;
mod data_directory;
mod delete;
mod describe;
mod directory_name;
mod find;
mod maintenance;
mod open;

#[cfg(test)]
mod log_dirs_test;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use ::io::{Disk, Entropy};
use types::{BrokerEpoch, TopicPartition, Uuid};

use crate::{Log, LogSettings};

pub use checkpointed_offsets::CheckpointedOffsets;
pub use cleaning::DirtyLog;
pub use data_directory::{DataDirectory, DataDirectoryError, DirectoryState};
pub use describe::DescribedDirectory;
pub use directory_name::{DirectoryKind, DirectoryName};
pub use find::FoundLog;
pub use open::OpenLogError;

/// The data directories of a node, locked, and the logs that are open in them.
#[derive(Debug)]
pub struct LogDirs {
    disk: Disk,
    entropy: Entropy,
    settings: LogSettings,
    directories: Vec<DataDirectory>,
    /// By directory: whether it was closed cleanly before this start.
    had_clean_shutdown: Vec<bool>,
    /// By directory: the registration that closed it cleanly.
    clean_shutdown_epochs: Vec<Option<BrokerEpoch>>,
    open: Mutex<OpenLogs>,
    /// Held while a checkpoint is put together and written, so that none overwrites a newer one. Taken before `open`.
    checkpointing: Mutex<()>,
}

#[derive(Debug, Default)]
struct OpenLogs {
    current: BTreeMap<TopicPartition, OpenLog>,
    /// By directory: what its checkpoints say of logs that are not open.
    unopened: Vec<CheckpointedOffsets>,
    /// Logs of deleted topics, until their files may go.
    deleted: Vec<DeletedLog>,
    /// Partitions without a log that the checkpoints on disk may still name.
    stale_names: BTreeSet<TopicPartition>,
    /// Directories of logs that are being made, and those that a failed attempt could not remove.
    half_made: BTreeSet<PathBuf>,
}

/// A log in use.
#[derive(Clone, Debug)]
struct OpenLog {
    log: Arc<Log>,
    /// Which of the data directories it is in.
    directory: usize,
}

/// A log whose directory is marked for deletion.
#[derive(Debug)]
struct DeletedLog {
    path: PathBuf,
    remove_at_ms: i64,
}

impl LogDirs {
    /// Takes `directories` into use. Whoever opens their logs calls [`LogDirs::find`] first.
    ///
    /// # Errors
    /// When a clean-shutdown marker cannot be removed.
    pub fn begin(
        disk: Disk,
        entropy: Entropy,
        settings: LogSettings,
        directories: Vec<DataDirectory>,
    ) -> Result<Self, DataDirectoryError> {
        let states: Vec<DirectoryState> =
            directories.iter().map(DataDirectory::begin).collect::<Result<_, _>>()?;
        let had_clean_shutdown = states.iter().map(|state| state.had_clean_shutdown).collect();
        let clean_shutdown_epochs = states.iter().map(|state| state.clean_shutdown_epoch).collect();
        let unopened = states.into_iter().map(|state| state.offsets).collect();
        Ok(Self {
            disk,
            entropy,
            settings,
            directories,
            had_clean_shutdown,
            clean_shutdown_epochs,
            open: Mutex::new(OpenLogs { unopened, ..OpenLogs::default() }),
            checkpointing: Mutex::default(),
        })
    }

    /// `producer.id.expiration.ms` from here on, for every log.
    pub fn set_producer_id_expiration_ms(&self, ms: i64) {
        self.settings.producer_id_expiration.set_ms(ms);
    }

    /// Whether transactions are verified: see [`LogDirs::set_transaction_verification`].
    pub fn verifies_transactions(&self) -> bool {
        self.settings.transaction_verification.is_on()
    }

    /// Whether the first records of a transaction have to show that its coordinator knows of them, from here on
    /// (`transaction.partition.verification.enable`).
    pub fn set_transaction_verification(&self, is_on: bool) {
        self.settings.transaction_verification.set(is_on);
    }

    /// The data directories, in the order of `log.dirs`.
    pub fn directories(&self) -> &[DataDirectory] {
        &self.directories
    }

    /// Whether every directory was closed cleanly before this start.
    pub fn had_clean_shutdown(&self) -> bool {
        self.had_clean_shutdown.iter().all(|was_clean| *was_clean)
    }

    /// The broker's registration at the last clean stop, where all directories agree on it (KIP-966).
    pub fn clean_shutdown_epoch(&self) -> Option<BrokerEpoch> {
        let first = (*self.clean_shutdown_epochs.first()?)?;
        self.clean_shutdown_epochs.iter().all(|epoch| *epoch == Some(first)).then_some(first)
    }

    /// The log of a partition, if it is open.
    pub fn get(&self, partition: &TopicPartition) -> Option<Arc<Log>> {
        self.lock().current.get(partition).map(|open| open.log.clone())
    }

    /// Whether a partition has a log, open or not: one that could not be opened is not replaced by an empty one. What an
    /// attempt to make one has left is none.
    pub fn has_log_of(&self, partition: &TopicPartition) -> bool {
        let name = DirectoryName::current(partition.clone()).to_string();
        let open = self.lock();
        let holds = |path: PathBuf| self.disk.exists(&path) && !open.half_made.contains(&path);
        open.current.contains_key(partition)
            || self.directories.iter().any(|directory| holds(directory.path().join(&name)))
    }

    /// The id of the directory that holds a partition's log.
    pub fn directory_id(&self, partition: &TopicPartition) -> Option<Uuid> {
        let directory = self.lock().current.get(partition)?.directory;
        self.directories[directory].meta().and_then(|meta| meta.directory_id)
    }

    /// All open logs.
    pub fn all(&self) -> Vec<(TopicPartition, Arc<Log>)> {
        self.lock().current.iter().map(|(partition, open)| (partition.clone(), open.log.clone())).collect()
    }

    /// Whether a directory was closed cleanly before this start.
    fn was_clean(&self, directory: usize) -> bool {
        self.had_clean_shutdown[directory]
    }

    fn checkpointing(&self) -> MutexGuard<'_, ()> {
        self.checkpointing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn lock(&self) -> MutexGuard<'_, OpenLogs> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
