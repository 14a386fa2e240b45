//! One file of batches with its indexes.

mod append;
pub(crate) mod header;
mod read;
mod recover;
pub(crate) mod scan;

use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use ::io::DiskFile;
use ::io::disk::OpenMode;
use types::Offset;

use crate::files::{DELETED, FileKind, LogDirectory};
use crate::index::{OffsetIndex, TimeIndex, TimestampOffset, TransactionIndex};
use crate::{LogError, Patience};

pub(crate) use append::{Incoming, RollRules};
pub(crate) use read::BatchPosition;
pub(crate) use recover::marker;

/// A segment. One writer at a time, under the log's append mutex; readers need no lock: bytes below [`Segment::size`]
/// never change but by truncation.
#[derive(Debug)]
pub(crate) struct Segment {
    /// At or below the offset of every record in it, above every record of the segments before.
    pub(crate) base_offset: Offset,
    directory: LogDirectory,
    file: DiskFile,
    size: AtomicU64,
    pub(crate) offset_index: OffsetIndex,
    pub(crate) time_index: TimeIndex,
    pub(crate) transaction_index: TransactionIndex,
    progress: Mutex<Progress>,
}

/// What the writer remembers of the segment.
#[derive(Clone, Copy, Debug)]
struct Progress {
    /// Largest timestamp so far, with the last offset of the first batch that had it; `None`: not read from the time
    /// index yet.
    max_timestamp: Option<TimestampOffset>,
    /// Largest timestamp of the first batch: rolling by time counts from it.
    first_batch_timestamp_ms: Option<i64>,
    /// When the segment was made or opened, for rolling where batches have no timestamps.
    created_ms: i64,
    /// Bytes appended since the batch of the last index entry began.
    bytes_since_index_entry: u64,
    roll_jitter_ms: i64,
}

/// The file without content. One that has none is left alone: cutting it would be taken for a replacement, which file
/// systems write to the device at once.
pub(crate) fn emptied(file: DiskFile) -> std::io::Result<DiskFile> {
    if !file.is_empty()? {
        file.set_len(0)?;
    }
    Ok(file)
}

impl Segment {
    /// Makes the files of a new segment, replacing leftovers of the same name.
    pub(crate) fn create(
        directory: &LogDirectory,
        base_offset: Offset,
        now_ms: i64,
        roll_jitter_ms: i64,
    ) -> Result<Self, LogError> {
        let path = directory.file(base_offset, FileKind::Log, "");
        let file = directory.disk.open(&path, OpenMode::ReadWriteOrCreate);
        let file = file.and_then(emptied).map_err(LogError::io(&path))?;
        let leftover = directory.file(base_offset, FileKind::TransactionIndex, "");
        if directory.disk.exists(&leftover) {
            directory.disk.remove_file(&leftover).map_err(LogError::io(&leftover))?;
        }
        let segment = Self::with_file(directory, base_offset, file, 0, false, now_ms, roll_jitter_ms);
        segment.offset_index.reset()?;
        segment.time_index.reset()?;
        segment.progress().max_timestamp = Some(TimestampOffset { timestamp_ms: -1, offset: base_offset });
        Ok(segment)
    }

    /// Opens the files of an existing segment; its indexes are read when they are first needed.
    pub(crate) fn open(
        directory: &LogDirectory,
        base_offset: Offset,
        has_transaction_index: bool,
        now_ms: i64,
        roll_jitter_ms: i64,
    ) -> Result<Self, LogError> {
        let path = directory.file(base_offset, FileKind::Log, "");
        let opened = directory.disk.open(&path, OpenMode::ReadWrite);
        let (file, size) = opened
            .and_then(|file| Ok((file.len()?, file)))
            .map(|(l, f)| (f, l))
            .map_err(LogError::io(&path))?;
        Ok(Self::with_file(directory, base_offset, file, size, has_transaction_index, now_ms, roll_jitter_ms))
    }

    fn with_file(
        directory: &LogDirectory,
        base_offset: Offset,
        file: DiskFile,
        size: u64,
        has_transaction_index: bool,
        now_ms: i64,
        roll_jitter_ms: i64,
    ) -> Self {
        Self {
            base_offset,
            directory: directory.clone(),
            file,
            size: AtomicU64::new(size),
            offset_index: OffsetIndex::new(directory.clone(), base_offset),
            time_index: TimeIndex::new(directory.clone(), base_offset),
            transaction_index: TransactionIndex::new(directory.clone(), base_offset, has_transaction_index),
            progress: Mutex::new(Progress {
                max_timestamp: None,
                first_batch_timestamp_ms: None,
                created_ms: now_ms,
                bytes_since_index_entry: 0,
                roll_jitter_ms,
            }),
        }
    }

    /// Bytes of whole batches in the file.
    pub(crate) fn size(&self) -> u64 {
        self.size.load(Ordering::Acquire)
    }

    fn set_size(&self, size: u64) {
        self.size.store(size, Ordering::Release);
    }

    pub(crate) fn file(&self) -> &DiskFile {
        &self.file
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.directory.file(self.base_offset, FileKind::Log, "")
    }

    fn progress(&self) -> MutexGuard<'_, Progress> {
        self.progress.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The largest timestamp, with the last offset of the first batch that has it; −1 where no batch has one.
    pub(crate) fn max_timestamp(&self) -> Result<TimestampOffset, LogError> {
        let mut progress = self.progress();
        if let Some(known) = progress.max_timestamp {
            return Ok(known);
        }
        let last = self.time_index.last()?;
        progress.max_timestamp = Some(last);
        Ok(last)
    }

    /// The largest timestamp; where no batch has one, when the file was last written. Retention counts from it.
    pub(crate) fn largest_timestamp_ms(&self) -> Result<i64, LogError> {
        let largest = self.max_timestamp()?.timestamp_ms;
        if largest >= 0 {
            return Ok(largest);
        }
        self.modified_ms()
    }

    /// Completes the indexes of a segment that takes no more batches.
    pub(crate) fn become_inactive(&self) -> Result<(), LogError> {
        self.time_index.maybe_append(self.max_timestamp()?)?;
        self.offset_index.release()?;
        self.time_index.release()
    }

    /// Completes the indexes of the segment that the log ends with, for a clean stop.
    pub(crate) fn close(&self) -> Result<(), LogError> {
        let max_timestamp = self.progress().max_timestamp;
        if let Some(max_timestamp) = max_timestamp {
            self.time_index.maybe_append(max_timestamp)?;
        }
        self.offset_index.write_out()?;
        self.time_index.write_out()
    }

    /// Makes batches and aborted transactions durable; their names need the directory to be synced. The offset and the
    /// time index are only handed to the system: a power cut may take entries, which recovery makes anew.
    pub(crate) fn sync(&self) -> Result<(), LogError> {
        self.file.sync().map_err(LogError::io(self.path()))?;
        self.offset_index.write_out()?;
        self.time_index.write_out()?;
        self.transaction_index.sync()
    }

    /// Makes the indexes of a segment durable that takes no more batches: recovery will not look at them again.
    pub(crate) fn sync_indexes(&self) -> Result<(), LogError> {
        self.offset_index.sync()?;
        self.time_index.sync()
    }

    /// Makes the names of files in the segment's directory durable.
    pub(crate) fn sync_directory(&self) -> Result<(), LogError> {
        let path = self.directory.path();
        self.directory.disk.sync_directory(&path).map_err(LogError::io(&*path))
    }

    /// Opens the indexes, which are else opened by name when they are first needed: the names are about to be another
    /// segment's.
    pub(crate) fn hold_indexes(&self) -> Result<(), LogError> {
        self.offset_index.bytes()?;
        self.time_index.bytes()?;
        self.transaction_index.collect(Offset(0), Offset(0), Patience::Waits).map(drop)
    }

    /// When the batches were last written, in milliseconds.
    pub(crate) fn modified_ms(&self) -> Result<i64, LogError> {
        let path = self.path();
        self.directory.disk.modified_ms(&path).map_err(LogError::io(&path))
    }

    /// Has the file say that its batches were last written then.
    pub(crate) fn set_modified_ms(&self, at_ms: i64) -> Result<(), LogError> {
        self.file.set_modified_ms(at_ms).map_err(LogError::io(self.path()))
    }

    /// Marks the files as about to be removed; the segment stays readable. Returns the marked files.
    pub(crate) fn mark_deleted(&self) -> Result<Vec<PathBuf>, LogError> {
        let mut marked = Vec::new();
        for kind in FileKind::SEGMENT {
            let from = self.directory.file(self.base_offset, kind, "");
            if kind == FileKind::TransactionIndex && self.transaction_index.is_absent() {
                continue;
            }
            let to = self.directory.file(self.base_offset, kind, DELETED);
            match self.directory.disk.rename(&from, &to) {
                Ok(()) => marked.push(to),
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
                Err(error) => return Err(LogError::io(&from)(error)),
            }
        }
        Ok(marked)
    }
}
