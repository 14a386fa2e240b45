//! `.index`: the last offset of some batches, and where in the segment each starts.

use types::Offset;

use super::entry_file::EntryFile;
use crate::LogError;
use crate::files::{FileKind, LogDirectory};

const ENTRY: usize = 8;

/// An entry of the index.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct OffsetPosition {
    pub(crate) offset: Offset,
    pub(crate) position: u64,
}

/// A segment's offset index: 4 bytes offset relative to the base, 4 bytes position; both ascend.
#[derive(Debug)]
pub(crate) struct OffsetIndex {
    entries: EntryFile<ENTRY>,
    base_offset: Offset,
}

impl OffsetIndex {
    pub(crate) fn new(directory: LogDirectory, base_offset: Offset) -> Self {
        Self { entries: EntryFile::new(directory, base_offset, FileKind::OffsetIndex), base_offset }
    }

    pub(crate) fn len(&self) -> Result<usize, LogError> {
        self.entries.len()
    }

    /// Whether no entry fits within `bytes_max` (`segment.index.bytes`).
    pub(crate) fn is_full(&self, bytes_max: usize) -> Result<bool, LogError> {
        Ok(self.len()? >= bytes_max / ENTRY)
    }

    /// The last entry whose offset is not above `target`; the start of the segment where there is none.
    pub(crate) fn lookup(&self, target: Offset) -> Result<OffsetPosition, LogError> {
        let below = self.entries.partition_point(|entry| self.decode(entry).offset <= target)?;
        self.before(below)
    }

    /// The last entry whose offset is below `target`; the start of the segment where there is none.
    pub(crate) fn lookup_below(&self, target: Offset) -> Result<OffsetPosition, LogError> {
        let below = self.entries.partition_point(|entry| self.decode(entry).offset < target)?;
        self.before(below)
    }

    /// The offset of the first entry at or after `position`: no batch that starts before `position` begins with a
    /// larger one.
    pub(crate) fn first_offset_from(&self, position: u64) -> Result<Option<Offset>, LogError> {
        let below = self.entries.partition_point(|entry| self.decode(entry).position < position)?;
        Ok(self.entries.entry(below)?.map(|entry| self.decode(&entry).offset))
    }

    /// The last entry; the start of the segment where there is none.
    pub(crate) fn last(&self) -> Result<OffsetPosition, LogError> {
        Ok(self.entries.last()?.map_or(self.start(), |entry| self.decode(&entry)))
    }

    /// Adds an entry. Offsets that do not ascend or do not fit are refused.
    pub(crate) fn append(&self, offset: Offset, position: u64) -> Result<(), LogError> {
        let refused = |reason| LogError::corrupt(self.entries.path(), position, reason);
        if self.entries.len()? > 0 && offset <= self.last()?.offset {
            return Err(refused("an entry whose offset is not above the one before"));
        }
        let relative = i32::try_from(offset.0 - self.base_offset.0);
        let relative = relative.map_err(|_| refused("an offset too far from the segment's first"))?;
        let position_field = i32::try_from(position).map_err(|_| refused("a position past 2 GiB"))?;
        let mut entry = [0; ENTRY];
        entry[..4].copy_from_slice(&relative.to_be_bytes());
        entry[4..].copy_from_slice(&position_field.to_be_bytes());
        self.entries.push(entry)
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
            before.offset < entry.offset && before.position < entry.position
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

    fn start(&self) -> OffsetPosition {
        OffsetPosition { offset: self.base_offset, position: 0 }
    }

    fn before(&self, number: usize) -> Result<OffsetPosition, LogError> {
        let Some(number) = number.checked_sub(1) else { return Ok(self.start()) };
        Ok(self.entries.entry(number)?.map_or(self.start(), |entry| self.decode(&entry)))
    }

    fn decode(&self, entry: &[u8; ENTRY]) -> OffsetPosition {
        let [a, b, c, d, e, f, g, h] = *entry;
        OffsetPosition {
            offset: self.base_offset.plus(i64::from(i32::from_be_bytes([a, b, c, d]))),
            position: u64::from(u32::from_be_bytes([e, f, g, h])),
        }
    }
}
