//! Which logs the data directories hold.

use std::collections::BTreeSet;
use std::path::PathBuf;

use types::{TopicPartition, Uuid};

use super::{DataDirectoryError, DirectoryKind, DirectoryName, LogDirs, OpenLogs};
use crate::checkpoint::PartitionMetadataFile;

/// The metadata log's topic: its owner is the quorum, not the broker.
const METADATA_TOPIC: &str = "__cluster_metadata";

/// A partition's directory found at the start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundLog {
    /// Which partition it is and what it holds.
    pub name: DirectoryName,
    /// Where it is.
    pub path: PathBuf,
    /// The topic's id from `partition.metadata`; `None` where there is no such file.
    pub topic_id: Option<Uuid>,
    pub(super) directory: usize,
}

impl LogDirs {
    /// Lists every partition's directory. Names that are no partition's are left alone. A `partition.metadata` that
    /// cannot be read is taken as missing: the metadata log then decides by name. What the checkpoints say of
    /// partitions without a directory is forgotten.
    ///
    /// # Errors
    /// When a data directory cannot be listed.
    pub fn find(&self) -> Result<Vec<FoundLog>, DataDirectoryError> {
        let mut found = Vec::new();
        for (directory, data) in self.directories.iter().enumerate() {
            let listed = self.disk.read_directory(data.path());
            let listed =
                listed.map_err(|source| DataDirectoryError::Io { path: data.path().to_owned(), source })?;
            for entry in listed.into_iter().filter(|entry| entry.is_directory) {
                let Some(name) = DirectoryName::parse(&entry.name) else { continue };
                if name.partition.topic.as_ref() == METADATA_TOPIC {
                    continue;
                }
                let path = data.path().join(&entry.name);
                let metadata = PartitionMetadataFile::new(self.disk.clone(), &path).read();
                let topic_id = metadata.unwrap_or_else(|error| {
                    tracing::warn!(%error, "partition.metadata unreadable, taken as missing");
                    None
                });
                found.push(FoundLog { name, path, topic_id, directory });
            }
        }
        self.forget_all_but(&found);
        Ok(found)
    }

    fn forget_all_but(&self, found: &[FoundLog]) {
        let has_log: BTreeSet<(usize, &TopicPartition)> = (found.iter())
            .filter(|found| found.name.kind == DirectoryKind::Current)
            .map(|found| (found.directory, &found.name.partition))
            .collect();
        let mut open = self.lock();
        for directory in 0..self.directories.len() {
            for partition in open.unopened[directory].partitions() {
                if !has_log.contains(&(directory, &partition)) {
                    open.forget(directory, &partition);
                }
            }
        }
    }

    /// Keeps a log that no partition claims out of the way under another name, as Kafka does: nothing is lost, and an
    /// operator may look at it.
    ///
    /// # Errors
    /// When the file system refuses.
    pub fn set_aside(&self, found: &FoundLog) -> Result<(), DataDirectoryError> {
        let stray =
            DirectoryName::marked(found.name.partition.clone(), DirectoryKind::Stray, self.entropy.bytes16());
        let to = found.path.with_file_name(stray.to_string());
        tracing::warn!(from = %found.path.display(), to = %to.display(), "a log that no partition claims is set aside");
        let renamed = self.disk.rename(&found.path, &to);
        renamed.map_err(|source| DataDirectoryError::Io { path: found.path.clone(), source })?;
        self.lock().forget(found.directory, &found.name.partition);
        Ok(())
    }

    /// Puts a directory that an earlier run marked for deletion on the list of what has to go.
    pub fn resume_deletion(&self, found: FoundLog, now_ms: i64, delay_ms: i64) {
        let deleted = super::DeletedLog { path: found.path, remove_at_ms: now_ms.saturating_add(delay_ms) };
        self.lock().deleted.push(deleted);
    }
}

impl OpenLogs {
    /// Drops what the checkpoints said of a log that is gone; they may still say it.
    fn forget(&mut self, directory: usize, partition: &TopicPartition) {
        self.unopened[directory].remove(partition);
        self.stale_names.insert(partition.clone());
    }
}
