//! Restoring what is known of the producers: from the newest snapshot, and from the batches after it.

use std::collections::BTreeSet;
use std::sync::Arc;

use partition::ProducerState;
use partition::producer_state::{AppendOrigin, AppendRules};
use types::Offset;

use crate::append::producer_batch;
use crate::index::AbortedTransaction;
use crate::log::State;
use crate::segment::header::BatchHeader;
use crate::segment::scan::WALK_BYTES;
use crate::segment::{Segment, marker};
use crate::{LogError, Patience};
use partition::producer_state::EndTransactionMarker;

/// Takes a batch that is a fact into the producers' state. Returns the aborted transaction that it ends.
pub(super) fn replay(
    producers: &mut ProducerState,
    header: &BatchHeader,
    marker: Option<EndTransactionMarker>,
) -> Option<AbortedTransaction> {
    let mut aborted = None;
    if let Some(batch) = producer_batch(header, || marker) {
        let rules = AppendRules {
            origin: AppendOrigin::Replication,
            guard: None,
            requires_verification: false,
            transaction_version: 0,
        };
        if let Ok(prepared) = producers.prepare([&batch], rules) {
            producers.apply(&prepared);
            for completed in &prepared.completed {
                aborted = completed.is_aborted.then(|| AbortedTransaction {
                    producer_id: completed.producer_id,
                    first_offset: completed.first_offset,
                    last_offset: completed.last_offset,
                    last_stable_offset: producers.last_stable_offset_after(completed),
                });
                producers.complete_transaction(completed);
            }
        }
    }
    producers.set_end_offset(header.next_offset());
    aborted
}

/// Makes `state` reflect what is below `end`, and records it there and where the last two segments begin.
pub(crate) fn load_producers(
    state: &mut State,
    segments: &[Arc<Segment>],
    end: Offset,
    now_ms: i64,
    expiration_ms: i64,
) -> Result<(), LogError> {
    // A log that knew no producer before its end was cut knows none afterwards.
    let knew_none = state.producers.is_empty() && state.producers.end_offset() > end;
    load_snapshot(state, segments, end, now_ms, expiration_ms)?;
    if !knew_none {
        let snapshot_at: BTreeSet<Offset> =
            segments.iter().rev().take(2).map(|segment| segment.base_offset).chain([end]).collect();
        replay_segments(state, segments, end, |base_offset| snapshot_at.contains(&base_offset))?;
    }
    state.producers.set_end_offset(end);
    state.snapshots.take(&state.producers)
}

/// Starts `state` from the newest snapshot at or below `end`; removes those above, and those below the first segment.
///
/// Apache Kafka also removes what is at or below the log's start, and so forgets producers whose batches DeleteRecords
/// took: after a restart it would append their retries once more.
pub(super) fn load_snapshot(
    state: &mut State,
    segments: &[Arc<Segment>],
    end: Offset,
    now_ms: i64,
    expiration_ms: i64,
) -> Result<(), LogError> {
    let first = segments.first().map_or(end, |segment| segment.base_offset);
    state.snapshots.remove_where(|offset| offset > end || offset < first)?;
    match state.snapshots.load_latest()? {
        Some((offset, entries)) => {
            state.producers = ProducerState::from_snapshot(offset, entries, now_ms, expiration_ms);
            state.snapshots.set_last_offset(offset);
        }
        None => {
            state.producers = ProducerState::starting_at(first);
            state.snapshots.set_last_offset(first);
        }
    }
    Ok(())
}

/// Replays the headers from where `state` ends to `end`.
pub(super) fn replay_segments(
    state: &mut State,
    segments: &[Arc<Segment>],
    end: Offset,
    takes_snapshot_at: impl Fn(Offset) -> bool,
) -> Result<(), LogError> {
    for (index, segment) in segments.iter().enumerate() {
        let next_base = segments.get(index + 1).map(|next| next.base_offset);
        let from = state.producers.end_offset();
        if segment.base_offset >= end || next_base.is_some_and(|next| next <= from) {
            continue;
        }
        let from = from.max(segment.base_offset);
        state.producers.set_end_offset(from);
        if takes_snapshot_at(segment.base_offset) {
            state.snapshots.take(&state.producers)?;
        }
        match replay_segment(&mut state.producers, segment, from, end) {
            // What lies below the recovery point or the log's start is not checked; its damage ends no start.
            Err(LogError::Corrupt { path, position, reason }) => {
                tracing::warn!(path = %path.display(), position, reason, "producers are not known beyond damage");
            }
            other => other?,
        }
    }
    Ok(())
}

fn replay_segment(
    producers: &mut ProducerState,
    segment: &Segment,
    from: Offset,
    end: Offset,
) -> Result<(), LogError> {
    let Some(first) = segment.find(from, Patience::Waits)? else { return Ok(()) };
    let mut scan = segment.scan(first.position, WALK_BYTES);
    while let Some(located) = scan.next()? {
        if located.header.base_offset >= end {
            break;
        }
        let marker = marker(&mut scan, &located)?;
        replay(producers, &located.header, marker);
    }
    Ok(())
}

/// No snapshot after a clean stop: no producer has ever written, so nothing needs to be scanned, now or after a
/// truncation.
pub(super) fn assume_none(state: &mut State, segments: &[Arc<Segment>], end: Offset) -> Result<(), LogError> {
    let bases = segments[segments.len().saturating_sub(2)..].iter().map(|segment| segment.base_offset);
    for offset in bases.chain([end]) {
        state.producers.set_end_offset(offset);
        state.snapshots.take(&state.producers)?;
    }
    Ok(())
}

/// The state was brought to the log's end by recovery: records it there.
pub(super) fn finish_recovered(state: &mut State, end: Offset) -> Result<(), LogError> {
    state.snapshots.remove_where(|offset| offset > end)?;
    state.producers.set_end_offset(end);
    state.snapshots.take(&state.producers)
}
