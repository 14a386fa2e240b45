//! Beginning a new segment.

use std::sync::Arc;

use config::TopicConfig;
use types::Offset;

use crate::log::State;
use crate::segment::{Incoming, RollRules, Segment};
use crate::{Log, LogError};

impl Log {
    /// Begins a new segment, as retention and tests want it whatever the rules say. Returns its base offset.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn roll(&self, now_ms: i64) -> Result<Offset, LogError> {
        let mut state = self.lock();
        self.check_not_failed(&state)?;
        let config = self.config.load();
        self.begin_segment(&mut state, &config, Offset(0), now_ms)?;
        Ok(self.view().active().base_offset)
    }

    /// Begins a new segment where `incoming` does not belong into the one written to. Returns whether it did.
    pub(crate) fn roll_for(
        &self,
        state: &mut State,
        config: &TopicConfig,
        incoming: Incoming,
        first_offset: Offset,
        now_ms: i64,
    ) -> Result<bool, LogError> {
        let rules = RollRules {
            segment_bytes: u64::from(config.segment_bytes.unsigned_abs()),
            segment_ms: segment_ms(config),
            index_bytes: config.segment_index_bytes.unsigned_abs() as usize,
            now_ms,
        };
        let should_roll = self.view().active().should_roll(rules, incoming)?;
        if should_roll {
            self.begin_segment(state, config, first_offset, now_ms)?;
        }
        Ok(should_roll)
    }

    /// Completes the segment written to, begins one at `expected` or the log's end, whichever is larger, and records
    /// the producers there, so that recovery can begin with it. An empty segment that stands there already stays.
    pub(crate) fn begin_segment(
        &self,
        state: &mut State,
        config: &TopicConfig,
        expected: Offset,
        now_ms: i64,
    ) -> Result<(), LogError> {
        let view = self.view();
        let base_offset = expected.max(view.end.offset);
        let active = view.active();
        if active.size() == 0 && active.base_offset >= base_offset {
            return Ok(());
        }
        if let Err(error) = active.become_inactive() {
            state.has_failed = true;
            return Err(error);
        }
        let segment = Segment::create(&self.directory, base_offset, now_ms, self.roll_jitter_ms(config))?;
        state.producers.set_end_offset(base_offset);
        state.take_snapshot()?;
        state.unsynced_indexes.push(active.clone());
        let segments = view.segments.iter().cloned().chain([Arc::new(segment)]).collect();
        self.publish(state, |view| {
            view.segments = segments;
            view.end = Log::end_at(view, view.end.offset);
        });
        Ok(())
    }

    pub(crate) fn roll_jitter_ms(&self, config: &TopicConfig) -> i64 {
        roll_jitter_ms(config, &self.entropy)
    }
}

pub(crate) fn roll_jitter_ms(config: &TopicConfig, entropy: &::io::Entropy) -> i64 {
    let bound = config.segment_jitter_ms.min(config.segment_ms);
    u64::try_from(bound).map_or(0, |bound| entropy.below(bound)).cast_signed()
}

/// Compaction must see segments in time.
fn segment_ms(config: &TopicConfig) -> i64 {
    if config.cleanup_policy.compact && config.max_compaction_lag_ms > 0 {
        config.segment_ms.min(config.max_compaction_lag_ms)
    } else {
        config.segment_ms
    }
}
