//! Opening the logs that were found and making new ones.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use config::TopicConfig;
use types::{TopicPartition, Uuid};

use super::{DirectoryName, FoundLog, LogDirs, OpenLog};
use crate::checkpoint::{CheckpointError, OffsetCheckpointKind, PartitionMetadataFile};
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
        path: PathBuf,
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
        let partition = &found.name.partition;
        let checkpointed = |kind| self.lock().unopened[found.directory].of(kind).get(partition).copied();
        let options = OpenOptions {
            settings: self.settings.clone(),
            recovery_point: checkpointed(OffsetCheckpointKind::RecoveryPoint).unwrap_or_default(),
            log_start: checkpointed(OffsetCheckpointKind::LogStart).unwrap_or_default(),
            first_dirty: checkpointed(OffsetCheckpointKind::Cleaner),
            had_clean_shutdown: self.was_clean(found.directory),
            ..OpenOptions::new(config, self.entropy.clone(), now_ms)
        };
        let log = Log::open(self.disk.clone(), found.path.clone(), options, &mut |_progress| {})?;
        if let Some(high_watermark) = checkpointed(OffsetCheckpointKind::Replication) {
            log.update_high_watermark(high_watermark);
        }
        self.add(partition, found.directory, log)
    }

    /// Makes an empty log in the data directory that holds the fewest, and writes the topic's id beside it. Where that
    /// fails, as on a full disk, nothing of it is left, and it may be tried again.
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
        self.clear_checkpoints_of(partition)?;
        self.remove_half_made(partition)?;
        let directory = self.emptiest_directory();
        let path =
            self.directories[directory].path().join(DirectoryName::current(partition.clone()).to_string());
        if self.disk.exists(&path) {
            return Err(OpenLogError::Io { path, source: std::io::ErrorKind::AlreadyExists.into() });
        }
        self.lock().half_made.insert(path.clone());
        match self.make(&path, topic_id, config, now_ms) {
            Ok(log) => {
                self.lock().half_made.remove(&path);
                self.add(partition, directory, log)
            }
            Err(error) => {
                // Where the file system refuses that, too, the next attempt begins with it.
                if let Err(error) = self.remove_half_made(partition) {
                    tracing::warn!(%partition, %error, "a directory of a log that was not made cannot be removed yet");
                }
                Err(error)
            }
        }
    }

    fn make(
        &self,
        path: &Path,
        topic_id: Uuid,
        config: Arc<TopicConfig>,
        now_ms: i64,
    ) -> Result<Log, OpenLogError> {
        self.create_directory(path)?;
        PartitionMetadataFile::new(self.disk.clone(), path).write(topic_id)?;
        let options = OpenOptions {
            settings: self.settings.clone(),
            had_clean_shutdown: true,
            ..OpenOptions::new(config, self.entropy.clone(), now_ms)
        };
        Ok(Log::open(self.disk.clone(), path.to_owned(), options, &mut |_progress| {})?)
    }

    /// Removes what attempts that failed have left of a partition's log.
    fn remove_half_made(&self, partition: &TopicPartition) -> Result<(), OpenLogError> {
        let name = DirectoryName::current(partition.clone()).to_string();
        let paths: Vec<PathBuf> =
            self.lock().half_made.iter().filter(|path| path.ends_with(&name)).cloned().collect();
        for path in paths {
            match self.disk.remove_directory(&path) {
                Err(source) if source.kind() != std::io::ErrorKind::NotFound => {
                    return Err(OpenLogError::Io { path, source });
                }
                _ => self.lock().half_made.remove(&path),
            };
        }
        Ok(())
    }

    /// Has the checkpoints say nothing of a partition without a log. Else, after a crash, the new log would be held to
    /// what they say of the old one: cut where that began.
    fn clear_checkpoints_of(&self, partition: &TopicPartition) -> Result<(), CheckpointError> {
        let stale = self.lock().stale_names.clone();
        if stale.contains(partition) {
            self.checkpoint_recovery_points()?;
            self.checkpoint_log_starts()?;
            self.checkpoint_high_watermarks()?;
            self.checkpoint_first_dirty()?;
            self.lock().stale_names.retain(|name| !stale.contains(name));
        }
        Ok(())
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
        open.unopened[directory].remove(partition);
        Ok(log)
    }

    fn emptiest_directory(&self) -> usize {
        let open = self.lock();
        let count = |directory| open.current.values().filter(|log| log.directory == directory).count();
        (0..self.directories.len()).min_by_key(|directory| count(*directory)).unwrap_or(0)
    }
}
