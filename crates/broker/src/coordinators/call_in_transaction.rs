//! What transactions do to a shard: records that count when they are committed, and their markers.
//!
//! The log may refuse both for what it knows of the producer. It is asked first, under the shard's mutex: an append that
//! fails costs everybody of the shard a reload, and whoever sends an old epoch must not be able to cause one.

use std::sync::Arc;

use ::partition::producer_state::{BatchContent, EndTransactionMarker, ProducerBatch};
use coordinator::runtime::EndOfTransaction;
use coordinator::{Shard, Unavailable};
use types::{Offset, PartitionIndex, ProducerEpoch, ProducerId};

use super::{Called, Coordinator};
use crate::partition::{ProducerStateError, VerificationGuard};

impl<S> Coordinator<S>
where
    S: Shard + Send + 'static,
    S::Request: Send,
    S::Reply: Send,
{
    /// Asks the shard of a partition for something that it does in a transaction of `producer`, which shows `guard`.
    ///
    /// # Errors
    /// The partition's log does not take records of this transaction now. Nothing was asked.
    pub fn call_in_transaction(
        self: &Arc<Self>,
        partition: PartitionIndex,
        producer: (ProducerId, ProducerEpoch),
        guard: Option<VerificationGuard>,
        request: S::Request,
    ) -> Result<Called<S>, ProducerStateError> {
        let Some(slot) = self.slot(partition) else {
            return Ok(Called::Now(Err(Unavailable::NotCoordinator)));
        };
        let mut state = slot.lock();
        if state.runtime.shard().is_some() {
            let batch = batch_of(producer, BatchContent::Data);
            slot.partition.log().check_transactional(&batch, guard, 0)?;
        }
        let token = state.next_token();
        state.runtime.request(token, request, self.now());
        state.guard = guard;
        Ok(self.called(&slot, state, token))
    }

    /// Ends a transaction on a partition: the shard takes the decision over, the marker is appended, and `reply` given
    /// when it is committed.
    ///
    /// # Errors
    /// The partition's log does not take this marker. Nothing changed.
    pub fn end_transaction(
        self: &Arc<Self>,
        partition: PartitionIndex,
        end: EndOfTransaction,
        reply: S::Reply,
    ) -> Result<Called<S>, ProducerStateError> {
        let Some(slot) = self.slot(partition) else {
            return Ok(Called::Now(Err(Unavailable::NotCoordinator)));
        };
        let mut state = slot.lock();
        if state.runtime.shard().is_some() {
            let marker = EndTransactionMarker {
                is_commit: end.is_committed,
                coordinator_epoch: end.coordinator_epoch,
                timestamp_ms: self.now().clock_ms,
            };
            let batch = batch_of(end.producer, BatchContent::Marker(marker));
            slot.partition.log().check_transactional(&batch, None, end.transaction_version)?;
        }
        let token = state.next_token();
        state.runtime.end_transaction(token, end, reply);
        Ok(self.called(&slot, state, token))
    }
}

/// What the producer rules need to know of a batch that a coordinator is about to write.
fn batch_of(
    (producer_id, producer_epoch): (ProducerId, ProducerEpoch),
    content: BatchContent,
) -> ProducerBatch {
    ProducerBatch {
        producer_id,
        producer_epoch,
        base_sequence: -1,
        base_offset: Offset(0),
        last_offset: Offset(0),
        max_timestamp_ms: -1,
        is_transactional: true,
        content,
    }
}
