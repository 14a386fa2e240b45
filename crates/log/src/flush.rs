//! Making the log durable, and stopping.

use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};

use types::Offset;

use crate::{Log, LogError};

/// A flush records the producers once so much was appended: with the recovery point it bounds what a restart replays.
const SNAPSHOT_BYTES: u64 = 16 << 20;
/// Snapshots within the last segment that are kept: the newest may be above the recovery point that was checkpointed.
const STRAYS_KEPT: usize = 2;

impl Log {
    /// Makes everything below the log's end durable: batches, indexes, producer snapshots, and the names of files.
    /// Appends go on meanwhile. The recovery point moves only once all of that is done.
    ///
    /// # Errors
    /// When the disk refuses: what it holds is then unknown, and the log takes no more (never try again: the second
    /// sync proves nothing).
    pub fn flush(&self) -> Result<(), LogError> {
        self.flush_up_to(self.log_end_offset())
    }

    /// Like [`Log::flush`], for everything below `offset`. Callers at one time share a sync: each waits for the one
    /// that is under way, and the next one covers all that was appended until then.
    ///
    /// # Errors
    /// As [`Log::flush`].
    pub fn flush_up_to(&self, offset: Offset) -> Result<(), LogError> {
        if offset.min(self.log_end_offset()) <= self.recovery_point() {
            return Ok(());
        }
        let _turn = self.flush_turn.lock().unwrap_or_else(PoisonError::into_inner);
        if offset.min(self.log_end_offset()) <= self.recovery_point() { Ok(()) } else { self.make_durable() }
    }

    fn make_durable(&self) -> Result<(), LogError> {
        let (view, covered_bytes, unsynced, completed) = {
            let mut state = self.lock();
            self.check_not_failed(&state)?;
            if state.bytes_since_snapshot >= SNAPSHOT_BYTES {
                state.take_snapshot()?;
            }
            // What is appended from here on waits for the next flush.
            state.unflushed_since_ms = None;
            let view = self.view.load_full();
            (view, self.unflushed_bytes(), state.snapshots.unsynced(), state.unsynced_indexes.clone())
        };
        let offset = view.end.offset;
        let segments = view.range(view.recovery_point, offset);
        let has_new_names =
            !unsynced.is_empty() || segments.iter().any(|segment| segment.base_offset >= view.recovery_point);
        let synced = segments
            .iter()
            .try_for_each(|segment| segment.sync())
            .and_then(|()| completed.iter().try_for_each(|segment| segment.sync_indexes()))
            .and_then(|()| self.sync_snapshots(&unsynced))
            .and_then(|()| if has_new_names { self.sync_directory() } else { Ok(()) });
        let mut state = self.lock();
        if let Err(error) = synced {
            state.has_failed = true;
            return Err(error);
        }
        state.unsynced_indexes.retain(|segment| !completed.iter().any(|synced| Arc::ptr_eq(synced, segment)));
        for (snapshot, _) in &unsynced {
            state.snapshots.mark_synced(*snapshot);
        }
        if !unsynced.is_empty() {
            let bases = view.segments.iter().map(|segment| segment.base_offset).collect();
            state.snapshots.remove_strays(&bases, STRAYS_KEPT)?;
        }
        self.unflushed_bytes.fetch_sub(covered_bytes.min(self.unflushed_bytes()), Ordering::Relaxed);
        self.publish(&state, |view| {
            // A truncation meanwhile has taken some of it back.
            view.recovery_point = view.recovery_point.max(offset.min(view.end.offset));
        });
        Ok(())
    }

    fn sync_snapshots(&self, snapshots: &[(Offset, std::path::PathBuf)]) -> Result<(), LogError> {
        for (_, path) in snapshots {
            match self.directory.disk.open(path, ::io::disk::OpenMode::ReadWrite).and_then(|file| file.sync())
            {
                // Retention may have removed it meanwhile.
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                    return Err(LogError::io(path)(error));
                }
                _ => {}
            }
        }
        Ok(())
    }

    pub(crate) fn sync_directory(&self) -> Result<(), LogError> {
        let path = self.path();
        self.directory.disk.sync_directory(&path).map_err(LogError::io(&path))
    }

    /// Completes the indexes and records the producers, then makes all of it durable, for a clean stop. What is
    /// appended afterwards counts as unclean.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn close(&self) -> Result<(), LogError> {
        let has_new_snapshot = {
            let mut state = self.lock();
            self.check_not_failed(&state)?;
            self.view().active().close()?;
            state.take_snapshot()?;
            !state.snapshots.unsynced().is_empty()
        };
        let log_end = self.log_end_offset();
        let _turn = self.flush_turn.lock().unwrap_or_else(PoisonError::into_inner);
        if has_new_snapshot || log_end > self.recovery_point() { self.make_durable() } else { Ok(()) }
    }

    /// Removes the log with its directory. Readers that hold a region can still send it.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn delete(&self) -> Result<(), LogError> {
        let mut state = self.lock();
        state.has_failed = true;
        state.deleted.clear();
        let path = self.path();
        self.directory.disk.remove_directory(&path).map_err(LogError::io(&path))
    }

    /// The directory was renamed; files made from now on go there. For deletion (`-delete`) and moves.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn rename_directory(&self, name: &str) -> Result<(), LogError> {
        let _state = self.lock();
        let from = self.path();
        let to = from.with_file_name(name);
        self.directory.disk.rename(&from, &to).map_err(LogError::io(&from))?;
        self.directory.moved_to(to);
        Ok(())
    }
}
