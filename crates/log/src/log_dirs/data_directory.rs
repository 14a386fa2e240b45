//! One data directory: its lock, its identity and its checkpoints.

use std::io;
use std::path::{Path, PathBuf};

use ::io::disk::OpenMode;
use ::io::{Disk, DiskFile};
use types::BrokerEpoch;

use super::CheckpointedOffsets;
use crate::checkpoint::{
    CleanShutdownFile, MetaProperties, MetaPropertiesError, OffsetCheckpoint, OffsetCheckpointKind,
};

/// Why a data directory cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum DataDirectoryError {
    /// Another process holds the directory's lock.
    #[error("{0} is in use by another process, which holds the lock on {0}/.lock")]
    Locked(PathBuf),
    /// The directory cannot be made, read or written.
    #[error("{path}: {source}")]
    Io {
        /// The directory or the file in it.
        path: PathBuf,
        /// What the file system said.
        source: io::Error,
    },
    /// `meta.properties` is unusable.
    #[error(transparent)]
    MetaProperties(#[from] MetaPropertiesError),
}

/// A locked data directory. The lock is held until this is dropped.
#[derive(Debug)]
pub struct DataDirectory {
    disk: Disk,
    path: PathBuf,
    _lock: DiskFile,
    meta: Option<MetaProperties>,
}

/// What the checkpoints of a directory said when it was opened, and whether it had been closed cleanly.
#[derive(Debug, Default)]
pub struct DirectoryState {
    /// All logs were flushed and closed; nothing has to be recovered.
    pub had_clean_shutdown: bool,
    /// The broker's registration that closed it cleanly (KIP-966).
    pub clean_shutdown_epoch: Option<BrokerEpoch>,
    /// The offsets of its logs.
    pub offsets: CheckpointedOffsets,
}

impl DataDirectory {
    /// Makes the directory where it does not exist, takes its lock and reads whose it is.
    ///
    /// # Errors
    /// [`DataDirectoryError::Locked`] where another process uses it; else what the file system said.
    pub fn lock(disk: Disk, path: &Path) -> Result<Self, DataDirectoryError> {
        let failed = |path: &Path, source| DataDirectoryError::Io { path: path.to_owned(), source };
        disk.create_directory(path).map_err(|error| failed(path, error))?;
        let lock_path = path.join(".lock");
        let lock =
            disk.open(&lock_path, OpenMode::ReadWriteOrCreate).map_err(|error| failed(&lock_path, error))?;
        if !lock.try_lock().map_err(|error| failed(&lock_path, error))? {
            return Err(DataDirectoryError::Locked(path.to_owned()));
        }
        Ok(Self { meta: MetaProperties::read(&disk, path)?, path: path.to_owned(), _lock: lock, disk })
    }

    /// Where the directory is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Whose directory this is; `None` before it is formatted.
    pub fn meta(&self) -> Option<&MetaProperties> {
        self.meta.as_ref()
    }

    /// Writes whose directory this is.
    ///
    /// # Errors
    /// When the file system refuses.
    pub fn set_meta(&mut self, meta: MetaProperties) -> Result<(), DataDirectoryError> {
        meta.write(&self.disk, &self.path)?;
        self.meta = Some(meta);
        Ok(())
    }

    /// Reads the checkpoints and takes the clean-shutdown marker away. A checkpoint that cannot be read counts as
    /// empty, as in Kafka: more is then recovered than had to be.
    ///
    /// # Errors
    /// When the marker cannot be removed.
    pub fn begin(&self) -> Result<DirectoryState, DataDirectoryError> {
        let marker = CleanShutdownFile::new(self.disk.clone(), &self.path);
        let (had_clean_shutdown, clean_shutdown_epoch) = (marker.exists(), marker.read());
        // Durably: a power cut that brought the marker back would pass a torn log for a clean one.
        let removed = marker.remove().and_then(|()| self.disk.sync_directory(&self.path));
        removed.map_err(|source| DataDirectoryError::Io { path: self.path.clone(), source })?;
        Ok(DirectoryState {
            had_clean_shutdown,
            clean_shutdown_epoch,
            offsets: CheckpointedOffsets::read(|kind| self.checkpoint(kind)),
        })
    }

    /// The directory's checkpoint of this kind.
    pub fn checkpoint(&self, kind: OffsetCheckpointKind) -> OffsetCheckpoint {
        OffsetCheckpoint::new(self.disk.clone(), &self.path, kind)
    }

    /// Marks the directory as closed cleanly. Called last, after every log in it is flushed and closed.
    ///
    /// # Errors
    /// When the file system refuses; the next start then recovers.
    pub fn mark_clean_shutdown(&self, epoch: BrokerEpoch) -> io::Result<()> {
        CleanShutdownFile::new(self.disk.clone(), &self.path).write(epoch)
    }
}

#[cfg(test)]
mod tests {
    use ::io::disk::SimulatedDisk;

    use super::*;

    #[test]
    fn a_directory_is_used_by_one_process_at_a_time() {
        let disk = Disk::Simulated(SimulatedDisk::default());
        let first = DataDirectory::lock(disk.clone(), Path::new("/data")).expect("free");
        let second = DataDirectory::lock(disk, Path::new("/data"));
        assert!(matches!(second, Err(DataDirectoryError::Locked(_))));
        assert!(first.meta().is_none(), "a new directory is not formatted");
    }

    #[test]
    fn a_clean_stop_counts_once() {
        let disk = Disk::Simulated(SimulatedDisk::default());
        let directory = DataDirectory::lock(disk, Path::new("/data")).expect("free");
        assert!(!directory.begin().expect("read").had_clean_shutdown);
        directory.mark_clean_shutdown(BrokerEpoch(9)).expect("written");
        let state = directory.begin().expect("read");
        assert!(state.had_clean_shutdown);
        assert_eq!(state.clean_shutdown_epoch, Some(BrokerEpoch(9)));
        assert!(!directory.begin().expect("read").had_clean_shutdown, "a crash from now on is a crash");
    }
}
