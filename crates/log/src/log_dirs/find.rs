//! Which logs the data directories hold.

use std::path::PathBuf;

use types::Uuid;

use super::{DataDirectoryError, DirectoryKind, DirectoryName, LogDirs};
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
    /// cannot be read is taken as missing: the metadata log then decides by name.
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
        Ok(found)
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
        renamed.map_err(|source| DataDirectoryError::Io { path: found.path.clone(), source })
    }

    /// Puts a directory that an earlier run marked for deletion on the list of what has to go.
    pub fn resume_deletion(&self, found: FoundLog, now_ms: i64, delay_ms: i64) {
        let deleted = super::DeletedLog { path: found.path, remove_at_ms: now_ms.saturating_add(delay_ms) };
        self.lock().deleted.push(deleted);
    }
}
