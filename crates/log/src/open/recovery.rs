//! Checking what was not durable at a stop that was not clean.

use std::sync::Arc;

use partition::LeaderEpochs;
use types::{LeaderEpoch, Offset};

use super::producers::{load_snapshot, replay, replay_segments};
use super::{OpenOptions, RecoveryProgress};
use crate::LogError;
use crate::log::{DeletedFile, State};
use crate::segment::Segment;

/// Progress is told at least so often.
const PROGRESS_BYTES: u64 = 16 << 20;

/// Checks every batch at or above the recovery point. The first that is not intact ends the log: the rest of its
/// segment is cut off, later segments are removed. Producers' state, epochs and indexes are brought up on the way.
/// Returns where the log ends; `None` where there is no segment.
pub(super) fn recover(
    segments: &mut Vec<Arc<Segment>>,
    state: &mut State,
    epochs: &mut LeaderEpochs,
    options: &OpenOptions,
    on_progress: &mut dyn FnMut(RecoveryProgress),
) -> Result<Option<Offset>, LogError> {
    let first =
        segments.partition_point(|segment| segment.base_offset <= options.recovery_point).saturating_sub(1);
    let Some(first_segment) = segments.get(first) else { return Ok(None) };
    bring_producers_to(state, segments, first_segment, options)?;
    let mut progress = RecoveryProgress { segments: segments.len() - first, ..RecoveryProgress::default() };
    let mut is_damaged = false;
    let mut kept = first;
    while kept < segments.len() && !is_damaged {
        let segment = segments[kept].clone();
        let is_whole = kept > first;
        is_damaged = recover_segment(&segment, is_whole, state, epochs, options, &mut |bytes| {
            progress.bytes_checked += bytes;
            on_progress(progress);
        })?;
        kept += 1;
        is_damaged |= ends_early(&segment, segments.get(kept), options)?;
        progress.segments_checked += 1;
        on_progress(progress);
    }
    if is_damaged {
        tracing::warn!(path = %segments[kept - 1].path().display(), "cut a torn end off the log");
        let removed = segments.split_off(kept);
        remove(&removed, state, options.now_ms.saturating_add(options.config.file_delete_delay_ms))?;
        segments[0].sync_directory()?;
    }
    segments.last().map(|segment| segment.read_next_offset()).transpose()
}

/// Whether batches are missing between a segment and the next one: a power cut may leave the later of two files and not
/// the earlier. Only compaction leaves such holes on purpose. Apache Kafka keeps them, and a replica with a hole then
/// passes for complete.
fn ends_early(
    segment: &Segment,
    next: Option<&Arc<Segment>>,
    options: &OpenOptions,
) -> Result<bool, LogError> {
    match next {
        Some(next) if !options.config.cleanup_policy.compact => {
            Ok(segment.read_next_offset()? < next.base_offset)
        }
        _ => Ok(false),
    }
}

/// Brings the producers' state to where checking begins, or past it where a snapshot is newer but durable.
fn bring_producers_to(
    state: &mut State,
    segments: &[Arc<Segment>],
    first: &Segment,
    options: &OpenOptions,
) -> Result<(), LogError> {
    let check_start = first.check_start(options.recovery_point)?;
    let snapshots_until = if check_start.is_some() { options.recovery_point } else { first.base_offset };
    let expiration_ms = options.settings.producer_id_expiration.ms();
    load_snapshot(state, segments, snapshots_until, options.now_ms, expiration_ms)?;
    replay_segments(state, segments, first.base_offset, |_| false)?;
    if state.producers.end_offset() <= first.base_offset {
        // Recorded here, the producers of earlier segments outlive these.
        state.producers.set_end_offset(first.base_offset);
        state.snapshots.take(&state.producers)?;
    }
    replay_segments(state, segments, check_start.unwrap_or(first.base_offset), |_| false)
}

/// Returns whether bytes had to be cut off.
fn recover_segment(
    segment: &Segment,
    is_whole: bool,
    state: &mut State,
    epochs: &mut LeaderEpochs,
    options: &OpenOptions,
    on_checked: &mut dyn FnMut(u64),
) -> Result<bool, LogError> {
    if is_whole {
        state.producers.set_end_offset(segment.base_offset);
        state.snapshots.take(&state.producers)?;
    }
    let recovery_point = if is_whole { Offset(0) } else { options.recovery_point };
    let interval = u64::from(options.config.index_interval_bytes.unsigned_abs());
    let producers = &mut state.producers;
    let known_until = producers.end_offset();
    let mut checked_bytes = 0;
    let truncated_bytes = segment.recover(recovery_point, known_until, interval, &mut |header, marker| {
        checked_bytes += header.size;
        if checked_bytes >= PROGRESS_BYTES {
            on_checked(std::mem::take(&mut checked_bytes));
        }
        let epoch = LeaderEpoch(header.leader_epoch);
        if epoch.0 >= 0 && epochs.latest().is_none_or(|latest| epoch > latest) {
            epochs.assign(epoch, header.base_offset);
        }
        let is_known = header.last_offset < known_until;
        if is_known { None } else { replay(producers, header, marker) }
    })?;
    on_checked(checked_bytes);
    Ok(truncated_bytes > 0)
}

/// Removes all segments and forgets the producers.
pub(super) fn remove_all(
    segments: &mut Vec<Arc<Segment>>,
    state: &mut State,
    now_ms: i64,
) -> Result<(), LogError> {
    let removed = std::mem::take(segments);
    remove(&removed, state, now_ms)?;
    state.snapshots.remove_where(|_| true)?;
    state.snapshots.set_last_offset(Offset(0));
    state.producers = partition::ProducerState::default();
    Ok(())
}

fn remove(segments: &[Arc<Segment>], state: &mut State, remove_at_ms: i64) -> Result<(), LogError> {
    for segment in segments {
        let mut paths = segment.mark_deleted()?;
        paths.extend(state.snapshots.mark_deleted(segment.base_offset)?);
        state.deleted.extend(paths.into_iter().map(|path| DeletedFile { path, remove_at_ms }));
    }
    Ok(())
}
