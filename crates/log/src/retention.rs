//! Forgetting the log's beginning: by age, by size, by request. Never past the high watermark.
//!
//! Removal has two steps: files are marked `.deleted` at once and removed after `file.delete.delay.ms` by
//! [`Log::remove_expired_files`], so that readers which found a segment can still send it.

use std::sync::Arc;

use types::Offset;

use crate::log::{DeletedFile, State};
use crate::read::ReadError;
use crate::segment::Segment;
use crate::{Log, LogError};

impl Log {
    /// Moves the log's start up to `offset`, as DeleteRecords and leaders tell. Returns whether it moved. Segments
    /// that end below go with the next [`Log::delete_old_segments`].
    ///
    /// # Errors
    /// [`ReadError::OffsetOutOfRange`] above the high watermark.
    pub fn maybe_increment_log_start(&self, offset: Offset) -> Result<bool, ReadError> {
        let mut state = self.lock();
        let view = self.view();
        if offset > view.high_watermark {
            let (log_start, log_end) = (view.log_start, view.high_watermark);
            return Err(ReadError::OffsetOutOfRange { requested: offset, log_start, log_end });
        }
        if offset <= view.log_start {
            return Ok(false);
        }
        self.check_not_failed(&state)?;
        self.change_epochs(|epochs| epochs.truncate_from_start(offset))?;
        state.producers.on_log_start_incremented(offset);
        let latest = state.snapshots.latest().unwrap_or(Offset(0));
        state.snapshots.set_last_offset(latest);
        // The recovery point stays: a power cut may bring back what is below, and it is not known to be durable.
        self.publish(&state, |view| view.log_start = offset);
        Ok(true)
    }

    /// Forgets segments that end below the log's start, that exceed `retention.bytes`, or whose largest timestamp is
    /// older than `retention.ms`; the latter two only where `cleanup.policy` contains `delete`. Where all segments
    /// are to go, a new one is begun first. Returns how many went.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn delete_old_segments(&self, now_ms: i64) -> Result<usize, LogError> {
        let mut state = self.lock();
        self.check_not_failed(&state)?;
        let config = self.config.load_full();
        let log_start = self.log_start_offset();
        let mut deleted = self.delete_while(&mut state, now_ms, |_, next| {
            Ok(next.is_some_and(|next| next.base_offset <= log_start))
        })?;
        if !config.cleanup_policy.delete {
            return Ok(deleted);
        }
        if let Ok(retention_bytes) = u64::try_from(config.retention_bytes)
            && let Some(surplus) = self.size().checked_sub(retention_bytes)
        {
            let mut surplus = surplus;
            deleted += self.delete_while(&mut state, now_ms, |segment, _| {
                let left = surplus.checked_sub(segment.size());
                surplus = left.unwrap_or(surplus);
                Ok(left.is_some())
            })?;
        }
        if config.retention_ms >= 0 {
            deleted += self.delete_while(&mut state, now_ms, |segment, _| {
                let age_ms = now_ms.saturating_sub(segment.largest_timestamp_ms()?);
                Ok(age_ms > config.retention_ms)
            })?;
        }
        Ok(deleted)
    }

    /// Removes leading segments while `is_old` holds and they end at or below the high watermark.
    fn delete_while(
        &self,
        state: &mut State,
        now_ms: i64,
        mut is_old: impl FnMut(&Segment, Option<&Segment>) -> Result<bool, LogError>,
    ) -> Result<usize, LogError> {
        let view = self.view();
        let mut count = 0;
        for (index, segment) in view.segments.iter().enumerate() {
            let next = view.segments.get(index + 1);
            let is_empty_active = next.is_none() && segment.size() == 0;
            if view.high_watermark < view.end_of_segment(index)
                || !is_old(segment, next.map(Arc::as_ref))?
                || is_empty_active
            {
                break;
            }
            count += 1;
        }
        if count == 0 {
            return Ok(0);
        }
        let config = self.config.load();
        if count == view.segments.len() {
            self.begin_segment(state, &config, Offset(0), now_ms)?;
        }
        let view = self.view();
        state.cuts += 1;
        let removed = view.segments[..count].to_vec();
        let kept: Arc<[Arc<Segment>]> = view.segments[count..].into();
        let start = kept[0].base_offset;
        if start > view.log_start {
            self.change_epochs(|epochs| epochs.truncate_from_start(start))?;
            state.producers.on_log_start_incremented(start);
        }
        self.publish(state, |view| {
            view.segments = kept;
            view.log_start = view.log_start.max(start);
        });
        self.remove_segments(state, &removed, now_ms.saturating_add(config.file_delete_delay_ms))?;
        let latest = state.snapshots.latest().unwrap_or(Offset(0));
        state.snapshots.set_last_offset(latest);
        Ok(count)
    }

    /// Marks the files of segments that readers no longer find, with the producer snapshots that stand at their
    /// beginnings.
    pub(crate) fn remove_segments(
        &self,
        state: &mut State,
        segments: &[Arc<Segment>],
        remove_at_ms: i64,
    ) -> Result<(), LogError> {
        for segment in segments {
            let mut paths = segment.mark_deleted()?;
            paths.extend(state.snapshots.mark_deleted(segment.base_offset)?);
            state.deleted.extend(paths.into_iter().map(|path| DeletedFile { path, remove_at_ms }));
        }
        Ok(())
    }

    /// Removes files that were marked `file.delete.delay.ms` ago. Returns how many.
    ///
    /// # Errors
    /// When the disk refuses; the file is tried again the next time.
    pub fn remove_expired_files(&self, now_ms: i64) -> Result<usize, LogError> {
        let expired: Vec<DeletedFile> = {
            let mut state = self.lock();
            let deleted = std::mem::take(&mut state.deleted);
            let (expired, waiting) = deleted.into_iter().partition(|file| file.remove_at_ms <= now_ms);
            state.deleted = waiting;
            expired
        };
        for (index, file) in expired.iter().enumerate() {
            // The directory may have been renamed since.
            let path = file.path.file_name().map_or_else(|| file.path.clone(), |name| self.path().join(name));
            match self.directory.disk.remove_file(&path) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                    self.lock().deleted.extend_from_slice(&expired[index..]);
                    return Err(LogError::io(&path)(error));
                }
                _ => {}
            }
        }
        Ok(expired.len())
    }

    /// When the next marked file may be removed, in milliseconds.
    pub fn next_file_removal_ms(&self) -> Option<i64> {
        self.lock().deleted.iter().map(|file| file.remove_at_ms).min()
    }
}
