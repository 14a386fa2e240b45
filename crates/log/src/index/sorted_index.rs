//! What the offset index and the time index have in common: entries of one size, relative to a segment's first offset,
//! in ascending order.

use std::marker::PhantomData;

use types::Offset;

use super::entry_file::EntryFile;
use crate::files::{FileKind, LogDirectory};
use crate::{LogError, Patience};

/// An entry that takes `N` bytes of the file.
pub(crate) trait SortedEntry<const N: usize>: Copy {
    /// The file it stands in.
    const KIND: FileKind;

    /// What stands before the first entry of a segment.
    fn before_all(base_offset: Offset) -> Self;

    fn decode(bytes: &[u8; N], base_offset: Offset) -> Self;

    fn offset(&self) -> Offset;

    /// Whether this entry may stand behind `before`.
    fn may_follow(&self, before: &Self) -> bool;
}

/// An index of a segment. What its entries mean stands with their type.
#[derive(Debug)]
pub(crate) struct SortedIndex<E, const N: usize> {
    pub(super) entries: EntryFile<N>,
    pub(super) base_offset: Offset,
    entry: PhantomData<fn() -> E>,
}

impl<E: SortedEntry<N>, const N: usize> SortedIndex<E, N> {
    pub(crate) fn new(directory: LogDirectory, base_offset: Offset) -> Self {
        Self { entries: EntryFile::new(directory, base_offset, E::KIND), base_offset, entry: PhantomData }
    }

    /// Bytes of all entries.
    pub(crate) fn bytes(&self) -> Result<usize, LogError> {
        Ok(self.entries.len()? * N)
    }

    /// The last entry; what stands before all where there is none.
    pub(crate) fn last(&self) -> Result<E, LogError> {
        Ok(self.entries.last()?.map_or(E::before_all(self.base_offset), |bytes| self.decode(&bytes)))
    }

    /// The last of the entries at the beginning for which `is_in` holds; what stands before all where there is none.
    pub(super) fn last_where(&self, is_in: impl Fn(&E) -> bool, patience: Patience) -> Result<E, LogError> {
        let before_all = E::before_all(self.base_offset);
        let Some(number) = self.count_where(is_in, patience)?.checked_sub(1) else { return Ok(before_all) };
        Ok(self.entries.entry(number, patience)?.map_or(before_all, |bytes| self.decode(&bytes)))
    }

    /// How many entries at the beginning are such that `is_in` holds.
    pub(super) fn count_where(
        &self,
        is_in: impl Fn(&E) -> bool,
        patience: Patience,
    ) -> Result<usize, LogError> {
        self.entries.partition_point(|bytes| is_in(&self.decode(bytes)), patience)
    }

    /// An offset as entries hold it.
    pub(super) fn relative(&self, offset: Offset, position: u64) -> Result<i32, LogError> {
        let relative = i32::try_from(offset.0 - self.base_offset.0);
        relative.map_err(|_| self.refused(position, "an offset too far from the segment's first"))
    }

    pub(super) fn refused(&self, position: u64, reason: &'static str) -> LogError {
        LogError::corrupt(self.entries.path(), position, reason)
    }

    /// Forgets entries at and above `offset`.
    pub(crate) fn truncate_to(&self, offset: Offset) -> Result<(), LogError> {
        let kept = self.count_where(|entry| entry.offset() < offset, Patience::Waits)?;
        self.entries.truncate(kept)
    }

    /// Forgets entries from the first that does not ascend.
    pub(crate) fn truncate_unless_ascending(&self) -> Result<(), LogError> {
        self.entries.truncate_unless(|before, entry| self.decode(entry).may_follow(&self.decode(before)))
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

    pub(super) fn decode(&self, bytes: &[u8; N]) -> E {
        E::decode(bytes, self.base_offset)
    }
}
