//! Deleting a partition's log: out of sight at once, off the disk after a while, so that slow readers can finish.

use types::TopicPartition;

use super::{DeletedLog, DirectoryKind, DirectoryName, LogDirs};
use crate::LogError;

impl LogDirs {
    /// Takes a log out of use and marks its directory. Returns whether there was one.
    ///
    /// # Errors
    /// When the file system refuses the new name.
    pub fn delete(&self, partition: &TopicPartition, now_ms: i64) -> Result<bool, LogError> {
        let Some(open) = self.lock().current.remove(partition) else { return Ok(false) };
        let random = self.entropy.bytes16();
        let marked = DirectoryName::marked(partition.clone(), DirectoryKind::Delete, random).to_string();
        open.log.rename_directory(&marked)?;
        let delay_ms = open.log.config().file_delete_delay_ms;
        let deleted = DeletedLog { path: open.log.path(), remove_at_ms: now_ms.saturating_add(delay_ms) };
        let mut state = self.lock();
        state.deleted.push(deleted);
        state.stale_names.insert(partition.clone());
        drop(state);
        Ok(true)
    }

    /// Removes the directories whose time has come. Returns how many.
    ///
    /// # Errors
    /// When the file system refuses; the rest is tried again next time.
    pub fn remove_deleted(&self, now_ms: i64) -> std::io::Result<usize> {
        let due: Vec<DeletedLog> = {
            let mut open = self.lock();
            let (due, waiting) =
                std::mem::take(&mut open.deleted).into_iter().partition(|log| log.remove_at_ms <= now_ms);
            open.deleted = waiting;
            due
        };
        let mut removed = 0;
        for log in due {
            match self.disk.remove_directory(&log.path) {
                Ok(()) => removed += 1,
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
                Err(error) => {
                    tracing::warn!(path = %log.path.display(), %error, "a deleted log cannot be removed yet");
                    self.lock().deleted.push(log);
                    return Err(error);
                }
            }
        }
        Ok(removed)
    }
}
