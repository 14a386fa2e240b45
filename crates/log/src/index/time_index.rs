//! `.timeindex`: the largest timestamp up to some batches.

use types::Offset;

use super::entry_file::EntryFile;
use crate::LogError;
use crate::files::{FileKind, LogDirectory};

const ENTRY: usize = 12;

/// An entry of the index: records after `offset` may have larger timestamps, none before it has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TimestampOffset {
    /// −1: no timestamp.
    pub(crate) timestamp_ms: i64,
    pub(crate) offset: Offset,
}

/// A segment's time index: 8 bytes timestamp, 4 bytes offset relative to the base; timestamps ascend, offsets do not
/// descend.
#[derive(Debug)]
pub(crate) struct TimeIndex {
    entries: EntryFile<ENTRY>,
    base_offset: Offset,
}

impl TimeIndex {
    pub(crate) fn new(directory: LogDirectory, base_offset: Offset) -> Self {
        Self { entries: EntryFile::new(directory, base_offset, FileKind::TimeIndex), base_offset }
    }

    /// Whether no entry fits within `bytes_max` (`segment.index.bytes`); one is reserved for the roll.
    pub(crate) fn is_full(&self, bytes_max: usize) -> Result<bool, LogError> {
        Ok(self.entries.len()? + 1 >= bytes_max / ENTRY)
    }

    /// The last entry; "no timestamp" where there is none.
    pub(crate) fn last(&self) -> Result<TimestampOffset, LogError> {
        Ok(self.entries.last()?.map_or(self.start(), |entry| self.decode(&entry)))
    }

    /// The last entry whose timestamp is not above `timestamp_ms`.
    pub(crate) fn lookup(&self, timestamp_ms: i64) -> Result<TimestampOffset, LogError> {
        let below = self.entries.partition_point(|entry| self.decode(entry).timestamp_ms <= timestamp_ms)?;
        let Some(number) = below.checked_sub(1) else { return Ok(self.start()) };
        Ok(self.entries.entry(number)?.map_or(self.start(), |entry| self.decode(&entry)))
    }

    /// The last entry whose offset is not above `offset`.
    pub(crate) fn last_up_to(&self, offset: Offset) -> Result<TimestampOffset, LogError> {
        let below = self.entries.partition_point(|entry| self.decode(entry).offset <= offset)?;
        let Some(number) = below.checked_sub(1) else { return Ok(self.start()) };
        Ok(self.entries.entry(number)?.map_or(self.start(), |entry| self.decode(&entry)))
    }

    /// Adds an entry where its timestamp is larger than the last one's.
    pub(crate) fn maybe_append(&self, entry: TimestampOffset) -> Result<(), LogError> {
        let last = self.last()?;
        if entry.timestamp_ms <= last.timestamp_ms {
            return Ok(());
        }
        let refused = |reason| LogError::corrupt(self.entries.path(), 0, reason);
        if entry.offset < last.offset {
            return Err(refused("an entry whose offset is below the one before"));
        }
        let relative = i32::try_from(entry.offset.0 - self.base_offset.0);
        let relative = relative.map_err(|_| refused("an offset too far from the segment's first"))?;
        let mut bytes = [0; ENTRY];
        bytes[..8].copy_from_slice(&entry.timestamp_ms.to_be_bytes());
        bytes[8..].copy_from_slice(&relative.to_be_bytes());
        self.entries.push(bytes)
    }

    /// Forgets entries at and above `offset`.
    pub(crate) fn truncate_to(&self, offset: Offset) -> Result<(), LogError> {
        let kept = self.entries.partition_point(|entry| self.decode(entry).offset < offset)?;
        self.entries.truncate(kept)
    }

    /// Forgets entries from the first that does not ascend.
    pub(crate) fn truncate_unless_ascending(&self) -> Result<(), LogError> {
        self.entries.truncate_unless(|before, entry| {
            let (before, entry) = (self.decode(before), self.decode(entry));
            before.timestamp_ms < entry.timestamp_ms && before.offset <= entry.offset
        })
    }

    pub(crate) fn reset(&self) -> Result<(), LogError> {
        self.entries.reset()
    }

    pub(crate) fn write_out(&self) -> Result<(), LogError> {
        self.entries.write_out()
    }

    /// Like [`Self::write_out`], and keeps neither file nor entries.
    pub(crate) fn release(&self) -> Result<(), LogError> {
        self.entries.release()
    }

    pub(crate) fn sync(&self) -> Result<(), LogError> {
        self.entries.sync()
    }

    fn start(&self) -> TimestampOffset {
        TimestampOffset { timestamp_ms: -1, offset: self.base_offset }
    }

    fn decode(&self, entry: &[u8; ENTRY]) -> TimestampOffset {
        let (timestamp, relative) = entry.split_at(8);
        let timestamp_ms =
            i64::from_be_bytes(timestamp.try_into().expect("an entry begins with eight bytes"));
        let relative = i32::from_be_bytes(relative.try_into().expect("an entry ends with four bytes"));
        TimestampOffset { timestamp_ms, offset: self.base_offset.plus(i64::from(relative)) }
    }
}
