//! Opening the logs that were found and making new ones.

use std::path::Path;
use std::sync::Arc;

use config::TopicConfig;
use types::{Offset, TopicPartition, Uuid};

use super::{DirectoryName, DirectoryState, FoundLog, LogDirs, OpenLog};
use crate::checkpoint::{CheckpointError, PartitionMetadataFile};
use crate::{Log, LogError, OpenOptions};

/// Why a log could not be opened or made.
#[derive(Debug, thiserror::Error)]
pub enum OpenLogError {
    /// The log itself.
    #[error(transparent)]
    Log(#[from] LogError),
    /// `partition.metadata` could not be written.
    #[error(transparent)]
    Metadata(#[from] CheckpointError),
    /// Two data directories hold a log of the same partition.
    #[error("{partition} has a log in two data directories; remove the one that is known to be older")]
    Duplicate {
        /// The partition.
        partition: TopicPartition,
    },
    /// The partition's directory cannot be made.
    #[error("{path}: {source}")]
    Io {
        /// The directory.
        path: std::path::PathBuf,
        /// What the file system said.
        source: std::io::Error,
    },
}

impl LogDirs {
    /// Opens a log that was found, recovering it where its directory was not closed cleanly. May take long; called
    /// from several threads at once, for different logs.
    ///
    /// # Errors
    /// See [`OpenLogError`]; the other logs are not touched by it.
    pub fn open(
        &self,
        found: &FoundLog,
        config: Arc<TopicConfig>,
        now_ms: i64,
    ) -> Result<Arc<Log>, OpenLogError> {
        let state = &self.states[found.directory];
        let partition = &found.name.partition;
        let checkpointed =
            |offsets: &std::collections::BTreeMap<TopicPartition, Offset>| offsets.get(partition).copied();
        let options = OpenOptions {
            settings: self.settings,
            recovery_point: checkpointed(&state.recovery_points).unwrap_or_default(),
            log_start: checkpointed(&state.log_starts).unwrap_or_default(),
            had_clean_shutdown: state.had_clean_shutdown,
            ..OpenOptions::new(config, self.entropy.clone(), now_ms)
        };
        let log = Log::open(self.disk.clone(), found.path.clone(), options, &mut |_progress| {})?;
        if let Some(high_watermark) = checkpointed(&state.high_watermarks) {
            log.update_high_watermark(high_watermark);
        }
        self.add(partition, found.directory, log)
    }

    /// Makes an empty log in the data directory that holds the fewest, and writes the topic's id beside it.
    ///
    /// # Errors
    /// See [`OpenLogError`].
    pub fn create(
        &self,
        partition: &TopicPartition,
        topic_id: Uuid,
        config: Arc<TopicConfig>,
        now_ms: i64,
    ) -> Result<Arc<Log>, OpenLogError> {
        if self.is_in_checkpoints(partition) {
            // After a crash the new log would be held to what they say of the old one: cut where that began.
            self.checkpoint_recovery_points()?;
            self.checkpoint_log_starts()?;
            self.checkpoint_high_watermarks()?;
            self.lock().deleted_names.clear();
        }
        let directory = self.emptiest_directory();
        let path =
            self.directories[directory].path().join(DirectoryName::current(partition.clone()).to_string());
        self.create_directory(&path)?;
        PartitionMetadataFile::new(self.disk.clone(), &path).write(topic_id)?;
        let options = OpenOptions {
            settings: self.settings,
            had_clean_shutdown: true,
            ..OpenOptions::new(config, self.entropy.clone(), now_ms)
        };
        let log = Log::open(self.disk.clone(), path, options, &mut |_progress| {})?;
        self.add(partition, directory, log)
    }

    /// Whether a topic of this name was there before and the checkpoints may speak of it.
    fn is_in_checkpoints(&self, partition: &TopicPartition) -> bool {
        let is_named = |state: &DirectoryState| {
            [&state.recovery_points, &state.log_starts, &state.high_watermarks]
                .iter()
                .any(|offsets| offsets.contains_key(partition))
        };
        self.lock().deleted_names.contains(partition) || self.states.iter().any(is_named)
    }

    fn create_directory(&self, path: &Path) -> Result<(), OpenLogError> {
        let parent = path.parent().unwrap_or(Path::new("."));
        let made = self.disk.create_directory(path).and_then(|()| self.disk.sync_directory(parent));
        made.map_err(|source| OpenLogError::Io { path: path.to_owned(), source })
    }

    fn add(&self, partition: &TopicPartition, directory: usize, log: Log) -> Result<Arc<Log>, OpenLogError> {
        let log = Arc::new(log);
        let mut open = self.lock();
        if open.current.contains_key(partition) {
            return Err(OpenLogError::Duplicate { partition: partition.clone() });
        }
        open.current.insert(partition.clone(), OpenLog { log: log.clone(), directory });
        Ok(log)
    }

    fn emptiest_directory(&self) -> usize {
        let open = self.lock();
        let count = |directory| open.current.values().filter(|log| log.directory == directory).count();
        (0..self.directories.len()).min_by_key(|directory| count(*directory)).unwrap_or(0)
    }
}
