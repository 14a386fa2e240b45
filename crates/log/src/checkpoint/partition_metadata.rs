//! `partition.metadata`: which topic id a partition's directory belongs to (KIP-516).

use std::io;
use std::path::{Path, PathBuf};

use ::io::Disk;
use types::Uuid;

use super::text::CheckpointError;

/// The file `partition.metadata` in a partition's directory.
#[derive(Clone, Debug)]
pub struct PartitionMetadataFile {
    disk: Disk,
    path: PathBuf,
}

impl PartitionMetadataFile {
    /// The file in the partition directory `directory`.
    pub fn new(disk: Disk, directory: &Path) -> Self {
        Self { disk, path: directory.join("partition.metadata") }
    }

    /// The topic id in the file; `None` where there is no file.
    ///
    /// # Errors
    /// When the file cannot be read, has another version than 0, or names no id.
    pub fn read(&self) -> Result<Option<Uuid>, CheckpointError> {
        let content = match self.disk.read(&self.path) {
            Ok(content) => content,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(CheckpointError::io(&self.path, error)),
        };
        let text = String::from_utf8_lossy(&content);
        let mut lines = text.lines();
        let version = lines.next().unwrap_or_default();
        if version != "version: 0" {
            return Err(CheckpointError::malformed(&self.path, 1, version));
        }
        let id_line = lines.next().unwrap_or_default();
        let topic_id: Option<Uuid> = id_line.strip_prefix("topic_id: ").and_then(|id| id.trim().parse().ok());
        match topic_id {
            Some(topic_id) if !topic_id.is_zero() => Ok(Some(topic_id)),
            _ => Err(CheckpointError::malformed(&self.path, 2, id_line)),
        }
    }

    /// Replaces the file.
    ///
    /// # Errors
    /// When the file system refuses.
    pub fn write(&self, topic_id: Uuid) -> Result<(), CheckpointError> {
        let text = format!("version: 0\ntopic_id: {topic_id}");
        self.disk
            .write_atomically(&self.path, text.as_bytes())
            .map_err(|error| CheckpointError::io(&self.path, error))
    }
}
