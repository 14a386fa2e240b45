//! One partition's log: Kafka's UnifiedLog.
//!
//! *Locks:* `state`, the append mutex, orders all writers; `epochs` is taken after it, `flush_turn` before it. Readers take
//! neither: they load the [`View`] that the last writer published.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard};

use ::io::Entropy;
use arc_swap::{ArcSwap, Guard};
use config::TopicConfig;
use partition::{EpochEnd, LeaderEpochs, ProducerState};
use types::{LeaderEpoch, Offset};

use crate::LogError;
use crate::checkpoint::{EpochEntry, LeaderEpochCheckpoint};
use crate::cleaner::CleanerMarks;
use crate::expiration::Expiration;
use crate::files::LogDirectory;
use crate::producer_snapshot::ProducerSnapshots;
use crate::segment::Segment;
use crate::switch::Switch;
use crate::view::{LogEnd, View};

/// A partition's log. All methods take `&self`: one writer at a time, any number of readers beside it.
#[derive(Debug)]
pub struct Log {
    pub(crate) directory: LogDirectory,
    pub(crate) config: ArcSwap<TopicConfig>,
    pub(crate) settings: LogSettings,
    /// Where the roll of each new segment draws its jitter from.
    pub(crate) entropy: Entropy,
    pub(crate) view: ArcSwap<View>,
    pub(crate) epochs: RwLock<LeaderEpochs>,
    /// Bytes appended since the recovery point.
    pub(crate) unflushed_bytes: AtomicU64,
    /// Held by the one who syncs; taken before `state`, never after it.
    pub(crate) flush_turn: Mutex<()>,
    pub(crate) state: Mutex<State>,
    pub(crate) cleaner: CleanerMarks,
}

const _: () = {
    const fn is_shared_between_threads<T: Send + Sync>() {}
    is_shared_between_threads::<Log>();
};

/// Settings of the broker that logs need, equal for all topics.
#[derive(Clone, Debug)]
pub struct LogSettings {
    /// `producer.id.expiration.ms`.
    pub producer_id_expiration: Expiration,
    /// `transaction.partition.verification.enable`.
    pub transaction_verification: Switch,
}

impl Default for LogSettings {
    fn default() -> Self {
        Self {
            producer_id_expiration: Expiration::of_ms(86_400_000),
            transaction_verification: Switch::new(true),
        }
    }
}

/// What the append mutex guards.
#[derive(Debug)]
pub(crate) struct State {
    pub(crate) producers: ProducerState,
    pub(crate) snapshots: ProducerSnapshots,
    /// When the oldest record that is not flushed was appended or found.
    pub(crate) unflushed_since_ms: Option<i64>,
    /// Appended since the last producer snapshot: so many would be replayed after a crash.
    pub(crate) bytes_since_snapshot: u64,
    /// Segments that were completed since the last flush.
    pub(crate) unsynced_indexes: Vec<Arc<Segment>>,
    pub(crate) deleted: Vec<DeletedFile>,
    /// First offset that no cleaning has reached; `None` where there was none.
    pub(crate) first_dirty: Option<Offset>,
    /// How often segments were cut or removed: a cleaning that began before must not replace any.
    pub(crate) cuts: u64,
    /// A write left files in an unknown state, or the log was deleted: nothing more is written.
    pub(crate) has_failed: bool,
}

impl State {
    /// Records the producers at the log's end.
    pub(crate) fn take_snapshot(&mut self) -> Result<(), LogError> {
        self.bytes_since_snapshot = 0;
        self.snapshots.take(&self.producers)
    }
}

/// A file marked for removal, which slow readers may still hold.
#[derive(Clone, Debug)]
pub(crate) struct DeletedFile {
    pub(crate) path: PathBuf,
    pub(crate) remove_at_ms: i64,
}

/// The offsets that matter to others, at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LogOffsets {
    /// First offset that can be read.
    pub log_start: Offset,
    /// First offset of an open transaction below the high watermark, else the high watermark.
    pub last_stable: Offset,
    /// First offset not yet replicated to every in-sync replica.
    pub high_watermark: Offset,
    /// Offset of the next record.
    pub log_end: Offset,
}

impl Log {
    pub(crate) fn view(&self) -> Guard<Arc<View>> {
        self.view.load()
    }

    /// Takes the append mutex. A panic under it left the picture as it was, so it is not carried on.
    pub(crate) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn epochs(&self) -> RwLockReadGuard<'_, LeaderEpochs> {
        self.epochs.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Publishes a changed picture; the append mutex must be held.
    pub(crate) fn publish(&self, state: &State, change: impl FnOnce(&mut View)) {
        let mut view = View::clone(&self.view.load());
        change(&mut view);
        let unstable = state.producers.first_unstable_offset();
        view.first_unstable = unstable.map(|offset| offset.max(view.log_start));
        self.view.store(Arc::new(view));
    }

    pub(crate) fn check_not_failed(&self, state: &State) -> Result<(), LogError> {
        if state.has_failed { Err(LogError::Failed { path: self.path() }) } else { Ok(()) }
    }

    /// The log's directory.
    pub fn path(&self) -> PathBuf {
        self.directory.path().as_ref().clone()
    }

    /// Whether a write left files in an unknown state, so that nothing more is written; the next start recovers the log.
    pub fn has_failed(&self) -> bool {
        self.lock().has_failed
    }

    /// The topic's settings as last given.
    pub fn config(&self) -> Arc<TopicConfig> {
        self.config.load_full()
    }

    /// Takes new settings into use.
    pub fn update_config(&self, config: Arc<TopicConfig>) {
        self.config.store(config);
    }

    /// The offsets that matter to others, at one moment.
    pub fn offsets(&self) -> LogOffsets {
        let view = self.view();
        LogOffsets {
            log_start: view.log_start,
            last_stable: view.last_stable(),
            high_watermark: view.high_watermark,
            log_end: view.end.offset,
        }
    }

    /// First offset that can be read.
    pub fn log_start_offset(&self) -> Offset {
        self.view().log_start
    }

    /// Base offset of the first segment; the log's start may lie further on.
    pub fn first_segment_offset(&self) -> Offset {
        self.view().segments[0].base_offset
    }

    /// Offset of the next record.
    pub fn log_end_offset(&self) -> Offset {
        self.view().end.offset
    }

    /// First offset not yet replicated to every in-sync replica.
    pub fn high_watermark(&self) -> Offset {
        self.view().high_watermark
    }

    /// First offset that a read_committed reader must not pass.
    pub fn last_stable_offset(&self) -> Offset {
        self.view().last_stable()
    }

    /// First offset of a transaction that is open, or whose end is not below the high watermark.
    pub fn first_unstable_offset(&self) -> Option<Offset> {
        self.view().first_unstable
    }

    /// Everything below is durable.
    pub fn recovery_point(&self) -> Offset {
        self.view().recovery_point
    }

    /// Bytes of batches in all segments.
    pub fn size(&self) -> u64 {
        self.view().size()
    }

    /// Bytes above the recovery point: what a restart after a crash has to check.
    pub fn unflushed_bytes(&self) -> u64 {
        self.unflushed_bytes.load(Ordering::Relaxed)
    }

    /// Offsets above the recovery point, which `flush.messages` bounds.
    pub fn unflushed_messages(&self) -> i64 {
        let view = self.view();
        view.end.offset.0 - view.recovery_point.0
    }

    /// How long the oldest record that is not flushed has waited for it, which `flush.ms` bounds; `None` where all are.
    pub fn unflushed_ms(&self, now_ms: i64) -> Option<i64> {
        // Most logs have nothing to flush: they are not asked under their mutex.
        if self.unflushed_messages() == 0 {
            return None;
        }
        self.lock().unflushed_since_ms.map(|since_ms| now_ms.saturating_sub(since_ms))
    }

    /// Number of segments; at least one.
    pub fn segment_count(&self) -> usize {
        self.view().segments.len()
    }

    /// Whether no record can be read.
    pub fn is_empty(&self) -> bool {
        let view = self.view();
        view.log_start == view.end.offset
    }

    /// Raises the high watermark to `offset`, at most to the log's end. Returns the old one where it moved.
    pub fn maybe_increment_high_watermark(&self, offset: Offset) -> Option<Offset> {
        // The common case of a repeated value costs no lock.
        if self.view().high_watermark >= offset {
            return None;
        }
        let mut state = self.lock();
        let old = self.view().high_watermark;
        let new = offset.min(self.view().end.offset);
        if new <= old {
            return None;
        }
        self.set_high_watermark(&mut state, new);
        Some(old)
    }

    /// Sets the high watermark to `offset`, moved into the log's range: what a follower hears from its leader, or a
    /// checkpoint says. Returns what it is now.
    pub fn update_high_watermark(&self, offset: Offset) -> Offset {
        let mut state = self.lock();
        let view = self.view();
        let new = offset.max(view.log_start).min(view.end.offset);
        if new != view.high_watermark {
            self.set_high_watermark(&mut state, new);
        }
        new
    }

    pub(crate) fn set_high_watermark(&self, state: &mut State, high_watermark: Offset) {
        state.producers.on_high_watermark_updated(high_watermark);
        self.publish(state, |view| view.high_watermark = high_watermark);
    }

    /// The largest leader epoch of which the log has seen anything.
    pub fn latest_epoch(&self) -> Option<LeaderEpoch> {
        self.epochs().latest()
    }

    /// Where `epoch` ends, as OffsetForLeaderEpoch answers; `None`: unknown (KIP-101, KIP-279).
    pub fn end_offset_for_epoch(&self, epoch: LeaderEpoch) -> Option<EpochEnd> {
        self.epochs().end_of(epoch, self.log_end_offset())
    }

    /// The leader epochs and where each began, in order.
    pub fn epoch_entries(&self) -> Vec<EpochEntry> {
        self.epochs().entries().map(|(epoch, start_offset)| EpochEntry { epoch, start_offset }).collect()
    }

    /// The epoch that the record at `offset` was or would be written in.
    pub fn epoch_at(&self, offset: Offset) -> Option<LeaderEpoch> {
        self.epochs().epoch_at(offset)
    }

    /// Notes that `epoch` begins at the log's end, as a new leader does before its first append (KIP-101).
    ///
    /// # Errors
    /// When the checkpoint cannot be written.
    pub fn assign_epoch_start(&self, epoch: LeaderEpoch, start: Offset) -> Result<(), LogError> {
        let state = self.lock();
        self.check_not_failed(&state)?;
        self.assign_epoch(epoch, start)
    }

    /// Notes an epoch and writes the checkpoint before any record of that epoch; the append mutex must be held.
    pub(crate) fn assign_epoch(&self, epoch: LeaderEpoch, start: Offset) -> Result<(), LogError> {
        if epoch.0 < 0
            || self.epochs().latest_entry().is_some_and(|(latest, at)| latest == epoch && start >= at)
        {
            return Ok(());
        }
        let mut changed = self.epochs().clone();
        changed.assign(epoch, start);
        self.replace_epochs(changed)
    }

    /// Writes the checkpoint, then takes the epochs into use.
    pub(crate) fn replace_epochs(&self, epochs: LeaderEpochs) -> Result<(), LogError> {
        write_epochs(&self.directory, &epochs)?;
        *self.epochs.write().unwrap_or_else(PoisonError::into_inner) = epochs;
        Ok(())
    }

    pub(crate) fn change_epochs(
        &self,
        change: impl FnOnce(&mut LeaderEpochs) -> bool,
    ) -> Result<(), LogError> {
        let mut changed = self.epochs().clone();
        if change(&mut changed) { self.replace_epochs(changed) } else { Ok(()) }
    }

    /// Where the next batch goes in the segment written to now.
    pub(crate) fn end_at(view: &View, offset: Offset) -> LogEnd {
        let active = view.active();
        LogEnd { offset, base_offset: active.base_offset, position: active.size() }
    }
}

pub(crate) fn write_epochs(directory: &LogDirectory, epochs: &LeaderEpochs) -> Result<(), LogError> {
    let entries: Vec<EpochEntry> =
        epochs.entries().map(|(epoch, start_offset)| EpochEntry { epoch, start_offset }).collect();
    Ok(LeaderEpochCheckpoint::new(directory.disk.clone(), &directory.path()).write(&entries)?)
}
