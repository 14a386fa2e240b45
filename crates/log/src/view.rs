//! What readers see: one immutable picture of the log, replaced whole by the writer.

use std::sync::Arc;

use types::Offset;

use crate::segment::Segment;

/// A consistent picture: `log_start <= last stable <= high_watermark <= end.offset`.
#[derive(Clone, Debug)]
pub(crate) struct View {
    /// Ascending, never empty; the last one is written to.
    pub(crate) segments: Arc<[Arc<Segment>]>,
    pub(crate) log_start: Offset,
    pub(crate) end: LogEnd,
    pub(crate) high_watermark: Offset,
    /// First offset of a transaction that is open or whose end is not below the high watermark.
    pub(crate) first_unstable: Option<Offset>,
    /// Everything below is durable.
    pub(crate) recovery_point: Offset,
}

/// Where the next batch goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct LogEnd {
    pub(crate) offset: Offset,
    /// Of the segment written to.
    pub(crate) base_offset: Offset,
    pub(crate) position: u64,
}

impl View {
    pub(crate) fn active(&self) -> &Arc<Segment> {
        self.segments.last().expect("a log has at least one segment")
    }

    /// The index of the segment that holds `offset`, if any begins at or below it.
    pub(crate) fn floor(&self, offset: Offset) -> Option<usize> {
        self.segments.partition_point(|segment| segment.base_offset <= offset).checked_sub(1)
    }

    pub(crate) fn last_stable(&self) -> Offset {
        self.first_unstable.map_or(self.high_watermark, |unstable| unstable.min(self.high_watermark))
    }

    /// The segments that hold offsets in `from..to`.
    pub(crate) fn range(&self, from: Offset, to: Offset) -> &[Arc<Segment>] {
        let first = self.floor(from).unwrap_or(0);
        let end = self.segments.partition_point(|segment| segment.base_offset < to);
        &self.segments[first..end.max(first)]
    }

    /// First offset after the segment number `index`.
    pub(crate) fn end_of_segment(&self, index: usize) -> Offset {
        self.segments.get(index + 1).map_or(self.end.offset, |next| next.base_offset)
    }

    pub(crate) fn size(&self) -> u64 {
        self.segments.iter().map(|segment| segment.size()).sum()
    }
}
