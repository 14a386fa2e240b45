//! Which part of a log can be cleaned, and how much it needs it.

use std::sync::Arc;

use types::Offset;

use crate::segment::Segment;
use crate::view::View;
use crate::{Log, LogError};

/// The part of a log that a cleaning would go through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cleanable {
    /// First offset that was not cleaned yet.
    pub first_dirty: Offset,
    /// First offset that must stay as it is: where a segment begins.
    pub first_uncleanable: Offset,
    /// Bytes of the segments that begin below the first dirty offset.
    pub clean_bytes: u64,
    /// Bytes of the segments to clean.
    pub cleanable_bytes: u64,
    /// By how many milliseconds the oldest dirty batch has outlived `max.compaction.lag.ms`; 0 where it has not.
    pub overdue_ms: i64,
}

impl Cleanable {
    /// The dirty part, 0 to 1.
    pub fn dirty_ratio(&self) -> f64 {
        match self.clean_bytes + self.cleanable_bytes {
            0 => 0.0,
            total => self.cleanable_bytes as f64 / total as f64,
        }
    }

    /// Whether cleaning is worth it, or cannot wait any longer.
    pub fn is_due(&self, ratio_min: f64) -> bool {
        self.cleanable_bytes > 0 && (self.overdue_ms > 0 || self.dirty_ratio() > ratio_min)
    }
}

impl Log {
    /// The first offset that no cleaning has reached; `None` where there was none yet.
    pub fn first_dirty_offset(&self) -> Option<Offset> {
        self.lock().first_dirty
    }

    /// Whether a cleaning has failed for good: the log grows until the next start.
    pub fn is_unfit_for_cleaning(&self) -> bool {
        self.cleaner.is_unfit()
    }

    /// What a cleaning would go through now.
    ///
    /// # Errors
    /// When an index cannot be read.
    pub fn cleanable(&self, now_ms: i64) -> Result<Cleanable, LogError> {
        let config = self.config();
        let checkpointed = self.first_dirty_offset();
        let view = self.view.load_full();
        // One that is outside the log tells of another log: all is dirty then.
        let is_inside = |offset: &Offset| (view.log_start..=view.end.offset).contains(offset);
        let first_dirty = checkpointed.filter(is_inside).unwrap_or(view.log_start);
        let mut limit = view.last_stable().min(view.active().base_offset);
        if config.min_compaction_lag_ms > 0 {
            let newest_ms = now_ms.saturating_sub(config.min_compaction_lag_ms);
            for segment in completed_from(&view, first_dirty) {
                if segment.largest_timestamp_ms()? > newest_ms {
                    limit = limit.min(segment.base_offset);
                    break;
                }
            }
        }
        let first_uncleanable = view.segments[view.floor(limit.max(first_dirty)).unwrap_or(0)].base_offset;
        let bytes = |segments: &[Arc<Segment>]| segments.iter().map(|segment| segment.size()).sum();
        let clean = view.segments.partition_point(|segment| segment.base_offset < first_dirty);
        Ok(Cleanable {
            first_dirty,
            first_uncleanable,
            clean_bytes: bytes(&view.segments[..clean]),
            cleanable_bytes: bytes(view.range(first_dirty.min(first_uncleanable), first_uncleanable)),
            overdue_ms: overdue_ms(&view, first_dirty, now_ms.saturating_sub(config.max_compaction_lag_ms))?,
        })
    }
}

/// The segments that hold `from` and later offsets, but the one written to.
fn completed_from(view: &View, from: Offset) -> &[Arc<Segment>] {
    let completed = view.segments.len() - 1;
    &view.segments[view.floor(from).unwrap_or(0).min(completed)..completed]
}

/// How long before `oldest_ms` the oldest dirty batch was written, by the first batch of each segment.
fn overdue_ms(view: &View, first_dirty: Offset, oldest_ms: i64) -> Result<i64, LogError> {
    let mut overdue_ms = 0;
    for segment in completed_from(view, first_dirty) {
        let first = segment.first_batch()?.map(|batch| batch.header.max_timestamp_ms);
        if let Some(timestamp_ms) = first.filter(|timestamp_ms| *timestamp_ms > 0) {
            overdue_ms = overdue_ms.max(oldest_ms.saturating_sub(timestamp_ms));
        }
    }
    Ok(overdue_ms)
}
