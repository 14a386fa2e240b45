//! Carrying out what a shard's runtime asks for.

use std::sync::Arc;

use ::log::AppendError;
use coordinator::runtime::{Append, AppendFailure, Effect};
use coordinator::{Shard, Token};
use record::validate::ValidateError;
use types::Offset;

use super::{Coordinator, ShardReply, Slot, SlotState, batch_bytes_max, batches};
use crate::partition::{Partition, PartitionAppendError, TransactionTerms, VerificationGuard};

impl<S> Coordinator<S>
where
    S: Shard + Send + 'static,
    S::Request: Send,
    S::Reply: Send,
{
    /// Carries out all effects. The reply to `asked` is returned, if it is there already; others are given to whoever
    /// waits for them.
    pub(super) fn perform(
        self: &Arc<Self>,
        slot: &Arc<Slot<S>>,
        state: &mut SlotState<S>,
        asked: Option<Token>,
    ) -> Option<ShardReply<S>> {
        let mut found = None;
        while let Some(effect) = state.runtime.poll_effect() {
            match effect {
                Effect::Reply(token, reply) if Some(token) == asked => found = Some(reply),
                Effect::Reply(token, reply) => {
                    if let Some(waiting) = state.waiting.remove(&token) {
                        // Whoever has gone away meanwhile needs no reply.
                        let _ = waiting.send(reply);
                    }
                }
                Effect::Append(append) => self.append(slot, state, &append),
                Effect::Load(number) => self.begin_load(slot, number),
            }
        }
        self.arm(slot, state);
        found
    }

    fn append(self: &Arc<Self>, slot: &Arc<Slot<S>>, state: &mut SlotState<S>, append: &Append) {
        let now = self.now();
        let partition = &slot.partition;
        match self.append_batches(partition, append, state.guard, now.clock_ms) {
            Ok(end) => {
                // First how far the high watermark is: where that is the end, replies need not be kept.
                state.runtime.committed(partition.log().high_watermark());
                state.runtime.appended(end, now);
                if partition.is_flush_due(end) {
                    self.begin_flush(slot, state);
                }
            }
            Err(failure) => state.runtime.append_failed(failure),
        }
    }

    /// Appends records or a marker, and returns the end of the log behind them.
    fn append_batches(
        &self,
        partition: &Partition,
        append: &Append,
        guard: Option<VerificationGuard>,
        now_ms: i64,
    ) -> Result<Offset, AppendFailure> {
        let bytes_max = batch_bytes_max(partition);
        let mut terms = TransactionTerms { guard, ..TransactionTerms::default() };
        let batches = match append {
            Append::Records { records, transaction } => {
                batches::encode(records, *transaction, self.settings.compression, now_ms, bytes_max)
            }
            Append::Marker(end) => {
                terms.transaction_version = end.transaction_version;
                batches::encode_marker(end, now_ms).map(|batch| vec![batch])
            }
        };
        let batches = batches.map_err(|error| {
            tracing::error!(partition = %partition.name(), %error, "records of a coordinator not encoded");
            AppendFailure::TooLarge
        })?;
        let mut end = partition.log().log_end_offset();
        for batch in batches {
            let appended = partition.append_as_coordinator(batch, terms, now_ms).map_err(|error| {
                tracing::warn!(partition = %partition.name(), %error, "records of a coordinator not appended");
                failure(&error)
            })?;
            end = appended.info.last_offset.plus(1);
            if appended.moved_high_watermark {
                self.wake(partition);
            }
        }
        Ok(end)
    }

    /// Flushes the log on the pool for blocking work until all that was appended is durable. One such flush at a time:
    /// appends that come meanwhile share the next.
    fn begin_flush(self: &Arc<Self>, slot: &Arc<Slot<S>>, state: &mut SlotState<S>) {
        if std::mem::replace(&mut state.is_flushing, true) {
            return;
        }
        let (coordinator, slot) = (self.clone(), slot.clone());
        self.blocking.spawn(move || {
            let partition = slot.partition.clone();
            loop {
                let end = partition.log().log_end_offset();
                let flushed = partition.flush_for_acknowledgement(end);
                if matches!(flushed, Ok(true)) {
                    coordinator.wake(&partition);
                }
                let mut state = slot.lock();
                match flushed {
                    Ok(_) => state.runtime.committed(partition.log().high_watermark()),
                    Err(error) => {
                        tracing::error!(partition = %partition.name(), %error, "records of a coordinator not flushed");
                        state.runtime.append_failed(AppendFailure::NotLeader);
                    }
                }
                let is_done = state.runtime.shard().is_none() || !partition.is_flush_due(partition.log().log_end_offset());
                state.is_flushing = !is_done;
                coordinator.perform(&slot, &mut state, None);
                if is_done {
                    return;
                }
            }
        });
    }

    /// The high watermark of a partition moved without an append of its shard: others wrote, or followers fetched.
    pub(crate) fn high_watermark_moved(self: &Arc<Self>, partition: &Partition) {
        if *partition.name().topic != *self.topic {
            return;
        }
        let Some(slot) = self.slot(partition.id().partition) else { return };
        let mut state = slot.lock();
        state.runtime.committed(slot.partition.log().high_watermark());
        self.perform(&slot, &mut state, None);
    }

    /// Wakes clients that read the internal topic, or wait for writes of their own to it.
    fn wake(&self, partition: &Partition) {
        self.delayed_produces.touch(&partition.id());
        self.delayed_fetches.touch(&partition.id());
    }
}

fn failure(error: &PartitionAppendError) -> AppendFailure {
    match error {
        PartitionAppendError::NotEnoughReplicas { .. }
        | PartitionAppendError::Append(AppendError::Producer(_)) => AppendFailure::NotNow,
        PartitionAppendError::Append(
            AppendError::Invalid(ValidateError::TooLarge { .. }) | AppendError::SegmentTooSmall { .. },
        ) => AppendFailure::TooLarge,
        PartitionAppendError::Leadership(_)
        | PartitionAppendError::Append(_)
        | PartitionAppendError::Flush(_) => AppendFailure::NotLeader,
    }
}
