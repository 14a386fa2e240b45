//! The frame all checkpoints share: version line, count line, entries.

use std::io;
use std::path::{Path, PathBuf};

use ::io::Disk;

/// Why a checkpoint could not be read.
#[derive(Debug, thiserror::Error)]
pub enum CheckpointError {
    /// The file cannot be read or written.
    #[error("{path}: {source}")]
    Io {
        /// The checkpoint's file.
        path: PathBuf,
        /// What the file system said.
        source: io::Error,
    },
    /// The file's content is not a checkpoint of the known version.
    #[error("{path}: line {line} is no checkpoint: {found:?}")]
    Malformed {
        /// The checkpoint's file.
        path: PathBuf,
        /// Number of the line, from 1.
        line: usize,
        /// The line's text.
        found: String,
    },
}

impl CheckpointError {
    pub(super) fn io(path: &Path, source: io::Error) -> Self {
        Self::Io { path: path.to_owned(), source }
    }

    pub(super) fn malformed(path: &Path, line: usize, found: &str) -> Self {
        Self::Malformed { path: path.to_owned(), line, found: found.to_owned() }
    }
}

/// Writes `entries` under version 0.
pub(super) fn write(
    disk: &Disk,
    path: &Path,
    entries: impl ExactSizeIterator<Item = String>,
) -> Result<(), CheckpointError> {
    let mut text = format!("0\n{}\n", entries.len());
    for entry in entries {
        text.push_str(&entry);
        text.push('\n');
    }
    disk.write_atomically(path, text.as_bytes()).map_err(|error| CheckpointError::io(path, error))
}

/// Reads the entries of a version-0 checkpoint; a file that does not exist holds none.
pub(super) fn read<T>(
    disk: &Disk,
    path: &Path,
    parse: impl Fn(&str) -> Option<T>,
) -> Result<Vec<T>, CheckpointError> {
    let content = match disk.read(path) {
        Ok(content) => content,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(CheckpointError::io(path, error)),
    };
    // Kafka makes an empty file before it writes the first checkpoint.
    if content.is_empty() {
        return Ok(Vec::new());
    }
    let text = String::from_utf8_lossy(&content);
    let mut lines = text.lines();
    let version = lines.next().unwrap_or_default();
    if version.trim() != "0" {
        return Err(CheckpointError::malformed(path, 1, version));
    }
    let count_line = lines.next().unwrap_or_default();
    let count: usize =
        count_line.trim().parse().map_err(|_| CheckpointError::malformed(path, 2, count_line))?;
    let mut entries = Vec::new();
    for (index, line) in lines.enumerate() {
        entries.push(parse(line).ok_or_else(|| CheckpointError::malformed(path, index + 3, line))?);
    }
    if entries.len() != count {
        return Err(CheckpointError::malformed(path, 2, count_line));
    }
    Ok(entries)
}
