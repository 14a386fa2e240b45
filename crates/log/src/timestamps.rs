//! Finding offsets by timestamp, as ListOffsets asks.

use record::{AnyBatch, Limits};
use types::{LeaderEpoch, Offset};

use crate::read::ReadError;
use crate::segment::{BatchPosition, Segment};
use crate::{Log, LogError, Patience};

/// What ListOffsets may ask for, by the number in the request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OffsetQuery {
    /// −1: the log's end; the caller bounds it by isolation.
    Latest,
    /// −2: the log's start.
    Earliest,
    /// −3: the record with the largest timestamp (KIP-734).
    MaxTimestamp,
    /// −4: the start of what is on local disks (KIP-405); without tiering the log's start.
    EarliestLocal,
    /// −5: the end of what is tiered (KIP-1005); without tiering nothing.
    LatestTiered,
    /// −6: the start of what is not tiered yet (KIP-1023); without tiering nothing.
    EarliestPendingUpload,
    /// The first record whose timestamp in milliseconds is not below this one.
    AtOrAfter(i64),
}

impl OffsetQuery {
    /// The query that a request's number stands for; `None` for numbers below −6.
    pub fn from_timestamp(timestamp_ms: i64) -> Option<Self> {
        Some(match timestamp_ms {
            -1 => Self::Latest,
            -2 => Self::Earliest,
            -3 => Self::MaxTimestamp,
            -4 => Self::EarliestLocal,
            -5 => Self::LatestTiered,
            -6 => Self::EarliestPendingUpload,
            0.. => Self::AtOrAfter(timestamp_ms),
            _ => return None,
        })
    }
}

/// A record found by timestamp, or one of the log's ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FoundOffset {
    /// −1 where the query names an end of the log.
    pub timestamp_ms: i64,
    /// −1 where there is nothing tiered.
    pub offset: Offset,
    /// The epoch it was written in, where known.
    pub leader_epoch: Option<LeaderEpoch>,
}

impl Log {
    /// Answers a query; `None` where no record answers it.
    ///
    /// # Errors
    /// When the disk refuses or holds what was not written.
    pub fn find_offset(&self, query: OffsetQuery) -> Result<Option<FoundOffset>, ReadError> {
        let end = |offset, leader_epoch| Ok(Some(FoundOffset { timestamp_ms: -1, offset, leader_epoch }));
        match query {
            OffsetQuery::Latest => end(self.log_end_offset(), self.latest_epoch()),
            OffsetQuery::Earliest | OffsetQuery::EarliestLocal => {
                let log_start = self.log_start_offset();
                let first = self.epochs().first_entry().filter(|(_, start)| *start <= log_start);
                end(log_start, first.map(|(epoch, _)| epoch))
            }
            OffsetQuery::LatestTiered | OffsetQuery::EarliestPendingUpload => {
                end(Offset(-1), Some(LeaderEpoch::NONE))
            }
            OffsetQuery::MaxTimestamp => Ok(self.find_max_timestamp()?),
            OffsetQuery::AtOrAfter(timestamp_ms) => Ok(self.find_at_or_after(timestamp_ms)?),
        }
    }

    fn find_max_timestamp(&self) -> Result<Option<FoundOffset>, LogError> {
        let view = self.view();
        let segments = &view.segments[view.floor(view.log_start).unwrap_or(0)..];
        let mut largest = (segments[0].max_timestamp()?, &segments[0]);
        for segment in &segments[1..] {
            let candidate = segment.max_timestamp()?;
            if candidate.timestamp_ms > largest.0.timestamp_ms {
                largest = (candidate, segment);
            }
        }
        let (wanted, segment) = largest;
        let from = segment.offset_index.lookup(wanted.offset, Patience::Waits)?;
        let mut scan = segment.scan(from.position, crate::segment::scan::LOOKUP_BYTES);
        while let Some(located) = scan.next()? {
            // The first format has no timestamps at all.
            if located.header.max_timestamp_ms == wanted.timestamp_ms && located.header.magic > 0 {
                let is_wanted = |timestamp_ms, _| timestamp_ms == wanted.timestamp_ms;
                return find_record(segment, located.into(), is_wanted);
            }
        }
        Ok(None)
    }

    fn find_at_or_after(&self, timestamp_ms: i64) -> Result<Option<FoundOffset>, LogError> {
        let view = self.view();
        // Segments that DeleteRecords has emptied are passed over even before they are deleted.
        for segment in &view.segments[view.floor(view.log_start).unwrap_or(0)..] {
            if segment.largest_timestamp_ms()? < timestamp_ms {
                continue;
            }
            let entry = segment.time_index.lookup(timestamp_ms)?;
            let from = segment.offset_index.lookup(entry.offset.max(view.log_start), Patience::Waits)?;
            let mut scan = segment.scan(from.position, crate::segment::scan::LOOKUP_BYTES);
            while let Some(located) = scan.next()? {
                if located.header.max_timestamp_ms < timestamp_ms {
                    continue;
                }
                let is_wanted = |timestamp, offset| timestamp >= timestamp_ms && offset >= view.log_start;
                if let Some(found) = find_record(segment, located.into(), is_wanted)? {
                    return Ok(Some(found));
                }
            }
        }
        Ok(None)
    }
}

/// The first record of a batch that `is_wanted`, by timestamp and offset.
fn find_record(
    segment: &Segment,
    batch: BatchPosition,
    is_wanted: impl Fn(i64, Offset) -> bool,
) -> Result<Option<FoundOffset>, LogError> {
    let corrupt = |reason| LogError::corrupt(segment.path(), batch.position, reason);
    let mut bytes =
        vec![0; usize::try_from(batch.header.size).map_err(|_| corrupt("a batch too large to read"))?];
    segment.file().read_exact_at(&mut bytes, batch.position).map_err(LogError::io(segment.path()))?;
    let whole = AnyBatch::new(bytes.into()).map_err(|_| corrupt("a broken batch"))?;
    let mut records = whole.records(Limits::default()).map_err(|_| corrupt("a batch with broken records"))?;
    while let Some(record) = records.next().map_err(|_| corrupt("a batch with broken records"))? {
        if is_wanted(record.timestamp, record.offset) {
            let leader_epoch =
                (batch.header.leader_epoch >= 0).then_some(LeaderEpoch(batch.header.leader_epoch));
            return Ok(Some(FoundOffset {
                timestamp_ms: record.timestamp,
                offset: record.offset,
                leader_epoch,
            }));
        }
    }
    Ok(None)
}
