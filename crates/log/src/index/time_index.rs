//! `.timeindex`: the largest timestamp up to some batches.

use types::Offset;

use super::sorted_index::{SortedEntry, SortedIndex};
use crate::files::FileKind;
use crate::{LogError, Patience};

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
pub(crate) type TimeIndex = SortedIndex<TimestampOffset, ENTRY>;

impl SortedEntry<ENTRY> for TimestampOffset {
    const KIND: FileKind = FileKind::TimeIndex;

    /// No timestamp.
    fn before_all(base_offset: Offset) -> Self {
        Self { timestamp_ms: -1, offset: base_offset }
    }

    fn decode(bytes: &[u8; ENTRY], base_offset: Offset) -> Self {
        let (timestamp, relative) = bytes.split_at(8);
        let timestamp_ms =
            i64::from_be_bytes(timestamp.try_into().expect("an entry begins with eight bytes"));
        let relative = i32::from_be_bytes(relative.try_into().expect("an entry ends with four bytes"));
        Self { timestamp_ms, offset: base_offset.plus(i64::from(relative)) }
    }

    fn offset(&self) -> Offset {
        self.offset
    }

    fn may_follow(&self, before: &Self) -> bool {
        before.timestamp_ms < self.timestamp_ms && before.offset <= self.offset
    }
}

impl TimeIndex {
    /// Whether no entry fits within `bytes_max` (`segment.index.bytes`); one is reserved for the roll.
    pub(crate) fn is_full(&self, bytes_max: usize) -> Result<bool, LogError> {
        Ok(self.entries.len()? + 1 >= bytes_max / ENTRY)
    }

    /// The last entry whose timestamp is not above `timestamp_ms`; "no timestamp" where there is none.
    pub(crate) fn lookup(&self, timestamp_ms: i64) -> Result<TimestampOffset, LogError> {
        self.last_where(|entry| entry.timestamp_ms <= timestamp_ms, Patience::Waits)
    }

    /// The last entry whose offset is not above `offset`.
    pub(crate) fn last_up_to(&self, offset: Offset) -> Result<TimestampOffset, LogError> {
        self.last_where(|entry| entry.offset <= offset, Patience::Waits)
    }

    /// Adds an entry where its timestamp is larger than the last one's.
    pub(crate) fn maybe_append(&self, entry: TimestampOffset) -> Result<(), LogError> {
        let last = self.last()?;
        if entry.timestamp_ms <= last.timestamp_ms {
            return Ok(());
        }
        if entry.offset < last.offset {
            return Err(self.refused(0, "an entry whose offset is below the one before"));
        }
        let mut bytes = [0; ENTRY];
        bytes[..8].copy_from_slice(&entry.timestamp_ms.to_be_bytes());
        bytes[8..].copy_from_slice(&self.relative(entry.offset, 0)?.to_be_bytes());
        self.entries.push(bytes)
    }
}
