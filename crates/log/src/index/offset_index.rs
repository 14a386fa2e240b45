//! `.index`: the last offset of some batches, and where in the segment each starts.

use types::Offset;

use super::sorted_index::{SortedEntry, SortedIndex};
use crate::files::FileKind;
use crate::{LogError, Patience};

const ENTRY: usize = 8;

/// An entry of the index.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct OffsetPosition {
    pub(crate) offset: Offset,
    pub(crate) position: u64,
}

/// A segment's offset index: 4 bytes offset relative to the base, 4 bytes position; both ascend.
pub(crate) type OffsetIndex = SortedIndex<OffsetPosition, ENTRY>;

impl SortedEntry<ENTRY> for OffsetPosition {
    const KIND: FileKind = FileKind::OffsetIndex;

    /// The start of the segment.
    fn before_all(base_offset: Offset) -> Self {
        Self { offset: base_offset, position: 0 }
    }

    fn decode(bytes: &[u8; ENTRY], base_offset: Offset) -> Self {
        let [a, b, c, d, e, f, g, h] = *bytes;
        Self {
            offset: base_offset.plus(i64::from(i32::from_be_bytes([a, b, c, d]))),
            position: u64::from(u32::from_be_bytes([e, f, g, h])),
        }
    }

    fn offset(&self) -> Offset {
        self.offset
    }

    fn may_follow(&self, before: &Self) -> bool {
        before.offset < self.offset && before.position < self.position
    }
}

impl OffsetIndex {
    pub(crate) fn len(&self) -> Result<usize, LogError> {
        self.entries.len()
    }

    /// Whether no entry fits within `bytes_max` (`segment.index.bytes`).
    pub(crate) fn is_full(&self, bytes_max: usize) -> Result<bool, LogError> {
        Ok(self.len()? >= bytes_max / ENTRY)
    }

    /// The last entry whose offset is not above `target`; the start of the segment where there is none.
    pub(crate) fn lookup(&self, target: Offset, patience: Patience) -> Result<OffsetPosition, LogError> {
        self.last_where(|entry| entry.offset <= target, patience)
    }

    /// The last entry whose offset is below `target`; the start of the segment where there is none.
    pub(crate) fn lookup_below(&self, target: Offset) -> Result<OffsetPosition, LogError> {
        self.last_where(|entry| entry.offset < target, Patience::Waits)
    }

    /// The offset of the first entry at or after `position`: no batch that starts before `position` begins with a
    /// larger one.
    pub(crate) fn first_offset_from(
        &self,
        position: u64,
        patience: Patience,
    ) -> Result<Option<Offset>, LogError> {
        let below = self.count_where(|entry| entry.position < position, patience)?;
        Ok(self.entries.entry(below, patience)?.map(|bytes| self.decode(&bytes).offset))
    }

    /// Adds an entry. Offsets that do not ascend or do not fit are refused.
    pub(crate) fn append(&self, offset: Offset, position: u64) -> Result<(), LogError> {
        if self.len()? > 0 && offset <= self.last()?.offset {
            return Err(self.refused(position, "an entry whose offset is not above the one before"));
        }
        let relative = self.relative(offset, position)?;
        let position_field =
            i32::try_from(position).map_err(|_| self.refused(position, "a position past 2 GiB"))?;
        let mut entry = [0; ENTRY];
        entry[..4].copy_from_slice(&relative.to_be_bytes());
        entry[4..].copy_from_slice(&position_field.to_be_bytes());
        self.entries.push(entry)
    }
}
