//! Reading: a range of bytes of one segment file, in whole batches from the one that holds the offset asked for.

use ::io::FileRegion;
use types::Offset;

use crate::index::AbortedTransaction;
use crate::log::LogOffsets;
use crate::transactions::collect_aborted;
use crate::view::View;
use crate::{Log, LogError, Patience};

/// How far a reader may see.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReadUpTo {
    /// All there is: for replicas.
    LogEnd,
    /// What is replicated: for read_uncommitted consumers.
    HighWatermark,
    /// What is replicated and decided: for read_committed consumers, who are told the aborted transactions too.
    LastStable,
}

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReadRequest {
    /// The first offset wanted.
    pub from: Offset,
    /// Bytes wanted at most.
    pub bytes_max: usize,
    /// How far the reader may see.
    pub up_to: ReadUpTo,
    /// Whether the first batch is given whole even where it is larger than `bytes_max`.
    pub whole_first_batch: bool,
}

/// What is given.
#[derive(Clone, Debug)]
pub struct ReadSlice {
    /// The bytes; `None` where there are none.
    pub region: Option<FileRegion>,
    /// Offset at which the first batch begins, at or below the one asked for; the one asked for where there are no
    /// bytes.
    pub first_offset: Offset,
    /// Base offset of the segment that the bytes are in: readers count bytes between two places of one segment.
    pub segment_base_offset: Offset,
    /// The first batch is larger than what is given.
    pub is_first_batch_incomplete: bool,
    /// For [`ReadUpTo::LastStable`]: the transactions whose records the reader skips.
    pub aborted_transactions: Option<Vec<AbortedTransaction>>,
    /// The log's offsets when this was read.
    pub offsets: LogOffsets,
}

impl ReadSlice {
    /// Bytes given.
    pub fn bytes(&self) -> usize {
        self.region.as_ref().map_or(0, |region| region.length)
    }
}

/// Why nothing is given.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The log does not hold that offset, and is not about to.
    #[error("offset {requested} is not in {log_start} to {log_end}")]
    OffsetOutOfRange {
        /// The offset asked for.
        requested: Offset,
        /// First offset that can be read.
        log_start: Offset,
        /// Offset of the next record.
        log_end: Offset,
    },
    /// The disk refuses, or holds what was not written.
    #[error(transparent)]
    Log(#[from] LogError),
}

impl Log {
    /// Finds the bytes that answer `request`; reads headers only, and waits for the disk.
    ///
    /// # Errors
    /// See [`ReadError`].
    pub fn read(&self, request: ReadRequest) -> Result<ReadSlice, ReadError> {
        self.read_with(request, Patience::Waits)
    }

    /// As [`Self::read`], with or without waiting for the disk. The bytes that are found need not be in memory.
    ///
    /// # Errors
    /// See [`ReadError`]; [`LogError::NotInMemory`] where it would have to wait and does not.
    pub fn read_with(&self, request: ReadRequest, patience: Patience) -> Result<ReadSlice, ReadError> {
        let view = self.view();
        let from = request.from;
        let floor = view.floor(from).filter(|_| (view.log_start..=view.end.offset).contains(&from));
        let Some(floor) = floor else {
            let (log_start, log_end) = (view.log_start, view.end.offset);
            return Err(ReadError::OffsetOutOfRange { requested: from, log_start, log_end });
        };
        let upper_bound = match request.up_to {
            ReadUpTo::LogEnd => view.end.offset,
            ReadUpTo::HighWatermark => view.high_watermark,
            ReadUpTo::LastStable => view.last_stable(),
        };
        let mut slice = nothing(&view, from, request.up_to);
        if from >= upper_bound {
            return Ok(slice);
        }
        let bound = Bound::of(&view, upper_bound, patience)?;
        for index in floor..=bound.segment {
            let segment = &view.segments[index];
            let Some(batch) = segment.find(from, patience)? else { continue };
            let limit = if index == bound.segment { bound.position } else { segment.size() };
            let bytes_max = match request.whole_first_batch {
                true => batch.header.size.max(request.bytes_max as u64),
                false => request.bytes_max as u64,
            };
            let length = limit.saturating_sub(batch.position).min(bytes_max);
            slice.first_offset = batch.header.base_offset;
            slice.segment_base_offset = segment.base_offset;
            slice.is_first_batch_incomplete = bytes_max < batch.header.size;
            if length > 0 {
                let length = usize::try_from(length).unwrap_or(usize::MAX);
                slice.region =
                    Some(FileRegion { file: segment.file().clone(), position: batch.position, length });
            }
            if request.up_to == ReadUpTo::LastStable {
                let after = segment.offset_index.first_offset_from(batch.position + length, patience)?;
                let until = after.unwrap_or_else(|| view.end_of_segment(index));
                slice.aborted_transactions = Some(collect_aborted(&view, index, from, until, patience)?);
            }
            return Ok(slice);
        }
        Ok(slice)
    }
}

fn nothing(view: &View, from: Offset, up_to: ReadUpTo) -> ReadSlice {
    ReadSlice {
        region: None,
        first_offset: from,
        segment_base_offset: view
            .floor(from)
            .map_or(view.log_start, |index| view.segments[index].base_offset),
        is_first_batch_incomplete: false,
        aborted_transactions: (up_to == ReadUpTo::LastStable).then(Vec::new),
        offsets: LogOffsets {
            log_start: view.log_start,
            last_stable: view.last_stable(),
            high_watermark: view.high_watermark,
            log_end: view.end.offset,
        },
    }
}

/// Where a reader must stop.
struct Bound {
    /// Number of the segment.
    segment: usize,
    position: u64,
}

impl Bound {
    fn of(view: &View, offset: Offset, patience: Patience) -> Result<Self, LogError> {
        let last = view.segments.len() - 1;
        if offset >= view.end.offset {
            return Ok(Self { segment: last, position: view.end.position });
        }
        let segment = view.floor(offset).unwrap_or(0);
        let found = view.segments[segment].find(offset, patience)?;
        let position = found.map_or_else(|| view.segments[segment].size(), |batch| batch.position);
        Ok(Self { segment, position })
    }
}
