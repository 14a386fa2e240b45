//! Cutting the log's end off, where its leader says that it has diverged.

use std::sync::PoisonError;

use types::Offset;

use crate::log::State;
use crate::open::load_producers;
use crate::segment::Segment;
use crate::view::View;
use crate::{Log, LogError};

impl Log {
    /// Forgets records at and above `offset`, in whole batches. Returns whether there were any. Epochs that began at
    /// or above the log's end are forgotten in any case.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn truncate_to(&self, offset: Offset, now_ms: i64) -> Result<bool, LogError> {
        // A flush under way would take what is appended next for what it has synced.
        let _turn = self.flush_turn.lock().unwrap_or_else(PoisonError::into_inner);
        let mut state = self.lock();
        self.check_not_failed(&state)?;
        let view = View::clone(&self.view());
        if offset >= view.end.offset {
            self.change_epochs(|epochs| epochs.truncate_from_end(view.end.offset))?;
            return Ok(false);
        }
        if offset < view.high_watermark {
            tracing::warn!(path = %self.path().display(), %offset, high_watermark = %view.high_watermark,
                "truncating below the high watermark");
        }
        if view.segments[0].base_offset > offset {
            self.start_over(&mut state, offset, offset, now_ms)?;
            return Ok(true);
        }
        let result = self.cut(&mut state, &view, offset, now_ms);
        state.has_failed |= result.is_err();
        result.map(|()| true)
    }

    fn cut(&self, state: &mut State, view: &View, offset: Offset, now_ms: i64) -> Result<(), LogError> {
        note_truncation(state, offset);
        let kept = view.segments.partition_point(|segment| segment.base_offset <= offset);
        let active = view.segments[kept - 1].clone();
        let removed = view.segments[kept..].to_vec();
        let mut next = View {
            segments: view.segments[..kept].into(),
            log_start: view.log_start.min(offset),
            ..view.clone()
        };
        next.end.offset = offset;
        next.high_watermark = next.high_watermark.min(offset);
        next.recovery_point = next.recovery_point.min(offset);
        // Readers stop going there before the bytes vanish.
        self.publish(state, |view| {
            *view = next.clone();
            view.end.base_offset = active.base_offset;
            view.end.position = view.end.position.min(active.size());
        });
        let delay_ms = self.config.load().file_delete_delay_ms;
        self.remove_segments(state, &removed, now_ms.saturating_add(delay_ms))?;
        active.truncate_to(offset, now_ms)?;
        // What was cut off may have been durable: a power cut must not bring it back under what is appended next.
        active.sync()?;
        self.sync_directory()?;
        self.change_epochs(|epochs| epochs.truncate_from_end(offset))?;
        load_producers(state, &next.segments, offset, now_ms, self.settings.producer_id_expiration.ms())?;
        self.publish(state, |view| view.end = Log::end_at(view, offset));
        Ok(())
    }

    /// Forgets everything; the next record gets `offset`. `log_start` (at most `offset`) is where reading may begin;
    /// the two differ only for tiered logs.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn truncate_fully_and_start_at(&self, offset: Offset, now_ms: i64) -> Result<(), LogError> {
        let _turn = self.flush_turn.lock().unwrap_or_else(PoisonError::into_inner);
        let mut state = self.lock();
        self.check_not_failed(&state)?;
        self.start_over(&mut state, offset, offset, now_ms)
    }

    fn start_over(
        &self,
        state: &mut State,
        offset: Offset,
        log_start: Offset,
        now_ms: i64,
    ) -> Result<(), LogError> {
        let result = self.replace_all(state, offset, log_start, now_ms);
        state.has_failed |= result.is_err();
        result
    }

    fn replace_all(
        &self,
        state: &mut State,
        offset: Offset,
        log_start: Offset,
        now_ms: i64,
    ) -> Result<(), LogError> {
        note_truncation(state, offset);
        let config = self.config.load();
        let removed = self.view().segments.to_vec();
        self.remove_segments(state, &removed, now_ms.saturating_add(config.file_delete_delay_ms))?;
        let segment = Segment::create(&self.directory, offset, now_ms, self.roll_jitter_ms(&config))?;
        self.change_epochs(|epochs| {
            epochs.clear();
            true
        })?;
        state.snapshots.remove_where(|_| true)?;
        state.snapshots.set_last_offset(Offset(0));
        state.producers = partition::ProducerState::starting_at(offset);
        state.snapshots.take(&state.producers)?;
        self.sync_directory()?;
        self.publish(state, |view| {
            view.segments = [std::sync::Arc::new(segment)].into();
            view.log_start = log_start;
            view.high_watermark = offset;
            view.recovery_point = view.recovery_point.min(offset);
            view.end = Log::end_at(view, offset);
        });
        Ok(())
    }
}

/// What is appended at `offset` and above was not cleaned.
fn note_truncation(state: &mut State, offset: Offset) {
    state.cuts += 1;
    state.first_dirty = state.first_dirty.map(|first_dirty| first_dirty.min(offset));
}
