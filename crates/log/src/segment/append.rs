//! Writing batches to the end of a segment, and deciding when it is full.

use std::io::IoSlice;

use bytes::Bytes;
use smallvec::SmallVec;
use types::Offset;

use super::Segment;
use super::header::BatchHeader;
use crate::LogError;
use crate::index::TimestampOffset;

/// When a segment is full.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RollRules {
    /// `segment.bytes`.
    pub(crate) segment_bytes: u64,
    /// `segment.ms`, or less where compaction must not lag.
    pub(crate) segment_ms: i64,
    /// `segment.index.bytes`.
    pub(crate) index_bytes: usize,
    pub(crate) now_ms: i64,
}

/// What is about to be appended.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Incoming {
    pub(crate) bytes: u64,
    pub(crate) max_timestamp_ms: i64,
    pub(crate) last_offset: Offset,
}

impl Segment {
    /// Whether `incoming` belongs into a new segment.
    pub(crate) fn should_roll(&self, rules: RollRules, incoming: Incoming) -> Result<bool, LogError> {
        let size = self.size();
        Ok(size + incoming.bytes > rules.segment_bytes
            || (size > 0 && self.has_waited(rules, incoming)?)
            || self.offset_index.is_full(rules.index_bytes)?
            || self.time_index.is_full(rules.index_bytes)?
            || !self.can_hold(incoming.last_offset))
    }

    /// Whether the indexes can express `offset`.
    pub(crate) fn can_hold(&self, offset: Offset) -> bool {
        (0..=i64::from(i32::MAX)).contains(&(offset.0 - self.base_offset.0))
    }

    fn has_waited(&self, rules: RollRules, incoming: Incoming) -> Result<bool, LogError> {
        let known = self.progress().first_batch_timestamp_ms;
        let first = match known {
            Some(first) => first,
            None => {
                let first = self.first_batch()?.map_or(-1, |batch| batch.header.max_timestamp_ms);
                self.progress().first_batch_timestamp_ms = Some(first);
                first
            }
        };
        let progress = self.progress();
        let waited_ms =
            if first >= 0 { incoming.max_timestamp_ms - first } else { rules.now_ms - progress.created_ms };
        Ok(waited_ms > rules.segment_ms.saturating_sub(progress.roll_jitter_ms))
    }

    /// Appends whole batches with one write, and indexes them. `headers` are those of the batches that the `chunks`
    /// form, one behind the other.
    ///
    /// # Errors
    /// After a failed write the file is cut back to where it was; [`LogError::Failed`] where even that failed or an
    /// index could not be written, and the segment must take no more.
    pub(crate) fn append(
        &self,
        chunks: &[Bytes],
        headers: &[BatchHeader],
        index_interval_bytes: u64,
    ) -> Result<(), LogError> {
        let start = self.size();
        let mut slices: SmallVec<[IoSlice<'_>; 4]> = chunks.iter().map(|chunk| IoSlice::new(chunk)).collect();
        if let Err(error) = self.file.append(&mut slices, start) {
            let path = self.path();
            return match self.file.set_len(start) {
                Ok(()) => Err(LogError::io(path)(error)),
                Err(_) => Err(LogError::Failed { path }),
            };
        }
        self.index_batches(headers, start, index_interval_bytes)
            .map_err(|_| LogError::Failed { path: self.path() })?;
        self.set_size(start + chunks.iter().map(|chunk| chunk.len() as u64).sum::<u64>());
        Ok(())
    }

    /// Entries go where Apache Kafka's go: before a batch, once more than the interval was appended since the batch
    /// of the last entry began.
    fn index_batches(&self, headers: &[BatchHeader], start: u64, interval: u64) -> Result<(), LogError> {
        let mut max_timestamp = self.max_timestamp()?;
        let mut bytes_since = self.progress().bytes_since_index_entry;
        let mut position = start;
        for header in headers {
            if header.max_timestamp_ms > max_timestamp.timestamp_ms {
                max_timestamp =
                    TimestampOffset { timestamp_ms: header.max_timestamp_ms, offset: header.last_offset };
            }
            if bytes_since > interval {
                self.offset_index.append(header.last_offset, position)?;
                self.time_index.maybe_append(max_timestamp)?;
                bytes_since = 0;
            }
            position += header.size;
            bytes_since += header.size;
        }
        let mut progress = self.progress();
        progress.max_timestamp = Some(max_timestamp);
        progress.bytes_since_index_entry = bytes_since;
        if start == 0 {
            progress.first_batch_timestamp_ms = headers.first().map(|header| header.max_timestamp_ms);
        }
        Ok(())
    }
}
