//! Transactions as the log sees them: ends are indexed, aborted ranges are told to read_committed readers.

use partition::producer_state::{
    AppendOrigin, AppendRules, CompletedTransaction, ProducerBatch, ProducerEntry, ProducerStateError,
    VerificationGuard,
};
use types::{Offset, ProducerEpoch, ProducerId};

use crate::index::AbortedTransaction;
use crate::log::State;
use crate::segment::Segment;
use crate::view::View;
use crate::{Log, LogError, Patience};

impl Log {
    /// The producers that this log remembers, by id.
    pub fn producers(&self) -> Vec<ProducerEntry> {
        self.lock().producers.producers().cloned().collect()
    }

    /// Forgets producers that have been silent for `producer.id.expiration.ms`. Returns how many.
    pub fn remove_expired_producers(&self, now_ms: i64) -> usize {
        self.lock().producers.remove_expired(now_ms, self.settings.producer_id_expiration.ms())
    }

    /// When the producer of the oldest open transaction last wrote, in milliseconds; tells a hanging transaction.
    pub fn oldest_transaction_last_timestamp_ms(&self) -> Option<i64> {
        self.lock().producers.oldest_transaction_last_timestamp_ms()
    }

    /// Whether this producer has an open transaction here.
    pub fn has_ongoing_transaction(&self, producer_id: ProducerId, epoch: ProducerEpoch) -> bool {
        self.lock().producers.has_ongoing_transaction(producer_id, epoch)
    }

    /// The guard that the first records of a new transaction must show, once the coordinator has confirmed it;
    /// `None` where the transaction is open here already (KIP-890).
    pub fn start_transaction_verification(
        &self,
        producer_id: ProducerId,
        epoch: ProducerEpoch,
        sequence: i32,
        supports_epoch_bump: bool,
        now_ms: i64,
    ) -> Option<VerificationGuard> {
        let mut state = self.lock();
        state.producers.start_verification(producer_id, epoch, sequence, supports_epoch_bump, now_ms)
    }

    /// Whether the log would take a transactional batch of a coordinator now: records, or a marker. Its offsets may be
    /// anything.
    ///
    /// # Errors
    /// Why the producer's past forbids it.
    pub fn check_transactional(
        &self,
        batch: &ProducerBatch,
        guard: Option<VerificationGuard>,
        transaction_version: i16,
    ) -> Result<(), ProducerStateError> {
        let rules = AppendRules {
            origin: AppendOrigin::Coordinator,
            guard,
            requires_verification: self.settings.transaction_verification.is_on(),
            transaction_version,
        };
        self.lock().producers.prepare([batch], rules).map(drop)
    }

    /// The aborted transactions with records in `from..upper_bound`.
    ///
    /// # Errors
    /// When an index cannot be read.
    pub fn aborted_transactions(
        &self,
        from: Offset,
        upper_bound: Offset,
    ) -> Result<Vec<AbortedTransaction>, LogError> {
        let view = self.view();
        collect_aborted(&view, view.floor(from).unwrap_or(0), from, upper_bound, Patience::Waits)
    }

    /// Enters ended transactions into the index of `segment`, which holds their markers.
    pub(crate) fn complete_transactions(
        &self,
        state: &mut State,
        segment: &Segment,
        completed: &[CompletedTransaction],
    ) -> Result<(), LogError> {
        for transaction in completed {
            if transaction.is_aborted {
                segment.transaction_index.append(aborted(state, transaction))?;
            }
            state.producers.complete_transaction(transaction);
        }
        Ok(())
    }
}

/// The index entry of an aborted transaction, before it is taken out of the open ones.
fn aborted(state: &State, transaction: &CompletedTransaction) -> AbortedTransaction {
    AbortedTransaction {
        producer_id: transaction.producer_id,
        first_offset: transaction.first_offset,
        last_offset: transaction.last_offset,
        last_stable_offset: state.producers.last_stable_offset_after(transaction),
    }
}

/// Searches the indexes from the segment number `first` on until they can hold no more.
pub(crate) fn collect_aborted(
    view: &View,
    first: usize,
    from: Offset,
    upper_bound: Offset,
    patience: Patience,
) -> Result<Vec<AbortedTransaction>, LogError> {
    let mut all = Vec::new();
    for segment in &view.segments[first..] {
        let aborted = segment.transaction_index.collect(from, upper_bound, patience)?;
        all.extend(aborted.found);
        if aborted.is_complete {
            break;
        }
    }
    Ok(all)
}
