//! Finding batches by offset, and cutting a segment at one.

use types::Offset;

use super::Segment;
use super::header::BatchHeader;
use super::scan::{HeaderScan, LOOKUP_BYTES, Located, ScannedFile, WALK_BYTES};
use crate::index::TimestampOffset;
use crate::{LogError, Patience};

/// Where a batch stands.
#[derive(Clone, Copy, Debug)]
pub(crate) struct BatchPosition {
    pub(crate) header: BatchHeader,
    pub(crate) position: u64,
}

impl From<Located> for BatchPosition {
    fn from(located: Located) -> Self {
        Self { header: located.header, position: located.position }
    }
}

impl Segment {
    /// The first batch that ends at or after `offset`; `None` where the segment ends before.
    pub(crate) fn find(&self, offset: Offset, patience: Patience) -> Result<Option<BatchPosition>, LogError> {
        let entry = self.offset_index.lookup(offset, patience)?;
        let mut scan = self.scan(entry.position, LOOKUP_BYTES).with(patience);
        if entry.position > 0 {
            match scan.next() {
                Ok(Some(first)) if first.header.base_offset <= entry.offset => {
                    if first.header.last_offset >= offset {
                        return Ok(Some(first.into()));
                    }
                }
                Err(error @ (LogError::Io { .. } | LogError::NotInMemory)) => return Err(error),
                // The entry points elsewhere: the index is damaged, or the batch was cut off meanwhile.
                _ => scan = self.scan(0, WALK_BYTES).with(patience),
            }
        }
        while let Some(located) = scan.next()? {
            if located.header.last_offset >= offset {
                return Ok(Some(located.into()));
            }
        }
        Ok(None)
    }

    /// Headers from `position` on, reading `read_bytes` at once.
    pub(crate) fn scan(&self, position: u64, read_bytes: usize) -> HeaderScan<'_> {
        HeaderScan::new(&self.file, ScannedFile::Segment(self), position, self.size(), read_bytes)
    }

    pub(crate) fn first_batch(&self) -> Result<Option<BatchPosition>, LogError> {
        Ok(self.scan(0, super::header::LENGTH).next()?.map(BatchPosition::from))
    }

    /// The offset after the last batch, found from the last index entry on.
    pub(crate) fn read_next_offset(&self) -> Result<Offset, LogError> {
        let last = self.offset_index.last()?.position;
        let mut scan = self.scan(if last < self.size() { last } else { 0 }, LOOKUP_BYTES);
        let mut next = self.base_offset;
        while let Some(located) = scan.next()? {
            next = located.header.next_offset();
        }
        Ok(next)
    }

    /// Cuts off the batch that holds `offset` and all after it. Returns how many bytes went.
    pub(crate) fn truncate_to(&self, offset: Offset, now_ms: i64) -> Result<u64, LogError> {
        let cut_at = self.find(offset, Patience::Waits)?.map(|batch| batch.position);
        self.offset_index.truncate_to(offset)?;
        self.time_index.truncate_to(offset)?;
        self.transaction_index.truncate_to(offset)?;
        let size = self.size();
        let new_size = cut_at.unwrap_or(size);
        // Readers must not go there any more before the bytes vanish.
        self.set_size(new_size);
        if new_size < size {
            self.file.set_len(new_size).map_err(LogError::io(self.path()))?;
        }
        let largest =
            if self.max_timestamp()?.timestamp_ms >= 0 { Some(self.read_largest_timestamp()?) } else { None };
        let mut progress = self.progress();
        progress.max_timestamp = largest.or(progress.max_timestamp);
        progress.bytes_since_index_entry = 0;
        if new_size == 0 {
            progress.created_ms = now_ms;
            progress.first_batch_timestamp_ms = None;
        }
        Ok(size - new_size)
    }

    /// The largest timestamp by the last time-index entry and what was appended after it.
    fn read_largest_timestamp(&self) -> Result<TimestampOffset, LogError> {
        let mut largest = self.time_index.last()?;
        let from = self.offset_index.lookup(largest.offset, Patience::Waits)?;
        let mut scan = self.scan(from.position, WALK_BYTES);
        while let Some(located) = scan.next()? {
            if located.header.max_timestamp_ms > largest.timestamp_ms {
                largest = TimestampOffset {
                    timestamp_ms: located.header.max_timestamp_ms,
                    offset: located.header.last_offset,
                };
            }
        }
        Ok(largest)
    }
}
