//! What a data directory is, found out without changing it.

use std::fs;
use std::path::{Path, PathBuf};

use io::Disk;
use io::disk::OpenMode;
use log::checkpoint::{CleanShutdownFile, MetaProperties};
use log::log_dirs::{DirectoryKind, DirectoryName};

use node::holder;

/// Whether a node could use a directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DirectoryState {
    /// There is nothing of this name.
    Missing,
    /// Something else has this name.
    NotADirectory,
    /// It belongs to nobody yet.
    NotFormatted,
    /// It is somebody's.
    Formatted(MetaProperties),
    /// Whose it is cannot be read, for this reason.
    Unreadable(String),
}

/// What lies in a data directory.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Content {
    /// Logs of partitions.
    pub logs: usize,
    /// Logs that wait to be removed, or that nobody claims.
    pub leftovers: usize,
    /// Bytes of all files.
    pub bytes: u64,
}

/// A data directory as it is found.
#[derive(Clone, Debug)]
pub struct FoundDirectory {
    /// As the settings name it.
    pub path: PathBuf,
    /// Whose it is.
    pub state: DirectoryState,
    /// The process that has it open, as far as the system tells.
    pub used_by: Option<String>,
    /// A broker closed it cleanly; `None` where no broker has used it, or does so now.
    pub was_closed_cleanly: Option<bool>,
    /// What lies in it.
    pub content: Content,
    /// Bytes that are left where it lies.
    pub free_bytes: Option<u64>,
}

impl FoundDirectory {
    /// Looks at the directory `path`.
    pub fn look(path: &Path) -> Self {
        let disk = Disk::Real;
        let state = match fs::metadata(path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => DirectoryState::Missing,
            Err(error) => DirectoryState::Unreadable(error.to_string()),
            Ok(found) if !found.is_dir() => DirectoryState::NotADirectory,
            Ok(_) => match MetaProperties::read(&disk, path) {
                Ok(None) => DirectoryState::NotFormatted,
                Ok(Some(meta)) => DirectoryState::Formatted(meta),
                Err(error) => DirectoryState::Unreadable(error.to_string()),
            },
        };
        let content = content(path);
        let used_by = used_by(&disk, path);
        let is_used = content.logs > 0 && used_by.is_none();
        let was_closed_cleanly = is_used.then(|| CleanShutdownFile::new(disk.clone(), path).exists());
        let free_bytes = disk.space(path).ok().map(|space| space.usable);
        Self { path: path.to_owned(), state, used_by, was_closed_cleanly, content, free_bytes }
    }
}

/// Counts the logs, and the bytes of all files down to those of the logs. What goes meanwhile does not count.
fn content(path: &Path) -> Content {
    let mut found = Content::default();
    for entry in fs::read_dir(path).into_iter().flatten().flatten() {
        let Ok(metadata) = entry.metadata() else { continue };
        if !metadata.is_dir() {
            found.bytes += metadata.len();
            continue;
        }
        match entry.file_name().to_str().and_then(DirectoryName::parse).map(|name| name.kind) {
            Some(DirectoryKind::Current | DirectoryKind::Future) => found.logs += 1,
            Some(DirectoryKind::Delete | DirectoryKind::Stray) => found.leftovers += 1,
            None => {}
        }
        let files = fs::read_dir(entry.path()).into_iter().flatten().flatten();
        found.bytes += files.filter_map(|file| file.metadata().ok()).map(|file| file.len()).sum::<u64>();
    }
    found
}

/// The lock is tried and let go again; a directory without one is nobody's.
fn used_by(disk: &Disk, path: &Path) -> Option<String> {
    let lock = path.join(".lock");
    if !disk.exists(&lock) {
        return None;
    }
    let is_free = disk.open(&lock, OpenMode::ReadWriteOrCreate).and_then(|file| file.try_lock()).ok()?;
    if is_free {
        return None;
    }
    Some(holder::of_lock(&lock).map_or_else(|| "another process".to_owned(), |holder| holder.to_string()))
}
