//! Open and ended transactions, and the first offset a read_committed reader must not pass.

use types::{Offset, ProducerId};

use super::{ProducerState, VerificationGuard};

/// A transaction of which this partition holds records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Transaction {
    /// Its producer.
    pub producer_id: ProducerId,
    /// Its first offset in this partition.
    pub first_offset: Offset,
    /// Offset of its marker, once it has ended.
    pub last_offset: Option<Offset>,
}

impl Transaction {
    pub(super) fn new(producer_id: ProducerId, first_offset: Offset) -> Self {
        Self { producer_id, first_offset, last_offset: None }
    }
}

/// A transaction that a marker has just ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CompletedTransaction {
    /// Its producer.
    pub producer_id: ProducerId,
    /// Its first offset in this partition.
    pub first_offset: Offset,
    /// Offset of its marker.
    pub last_offset: Offset,
    /// Aborted ones go into the transaction index.
    pub is_aborted: bool,
}

impl ProducerState {
    /// First offset of a transaction that is open, or whose end is not replicated yet.
    pub fn first_unstable_offset(&self) -> Option<Offset> {
        let first = |transactions: &std::collections::BTreeMap<Offset, Transaction>| {
            transactions.first_key_value().map(|(offset, _)| *offset)
        };
        match (first(&self.ongoing), first(&self.unreplicated)) {
            (Some(ongoing), Some(unreplicated)) => Some(ongoing.min(unreplicated)),
            (ongoing, unreplicated) => ongoing.or(unreplicated),
        }
    }

    /// First offset of an open transaction.
    pub fn first_undecided_offset(&self) -> Option<Offset> {
        self.ongoing.first_key_value().map(|(offset, _)| *offset)
    }

    /// Transactions whose marker is below `high_watermark` hold the last stable offset back no longer.
    pub fn on_high_watermark_updated(&mut self, high_watermark: Offset) {
        self.unreplicated
            .retain(|_, transaction| transaction.last_offset.is_none_or(|last| last >= high_watermark));
    }

    /// The log now starts at `log_start`.
    pub fn on_log_start_incremented(&mut self, log_start: Offset) {
        self.on_high_watermark_updated(log_start);
        self.end_offset = self.end_offset.max(log_start);
    }

    /// Last stable offset right after `completed`, before it is applied: the first offset of the oldest transaction
    /// of another producer that is open, else the offset after the marker.
    pub fn last_stable_offset_after(&self, completed: &CompletedTransaction) -> Offset {
        let other = self.ongoing.values().find(|open| open.producer_id != completed.producer_id);
        other.map_or(completed.last_offset.plus(1), |open| open.first_offset)
    }

    /// Moves a transaction from the open ones to those awaiting replication. One that is not known as open is left
    /// alone: its beginning was cut off with the log's start.
    pub fn complete_transaction(&mut self, completed: &CompletedTransaction) {
        if let Some(mut transaction) = self.ongoing.remove(&completed.first_offset) {
            transaction.last_offset = Some(completed.last_offset);
            self.unreplicated.insert(completed.first_offset, transaction);
        }
    }

    /// When the producer of the oldest open transaction last wrote, in milliseconds: tells a hanging transaction.
    pub fn oldest_transaction_last_timestamp_ms(&self) -> Option<i64> {
        let (_, oldest) = self.ongoing.first_key_value()?;
        self.producers.get(&oldest.producer_id).map(|entry| entry.last_timestamp_ms)
    }

    /// Whether this producer, at exactly this epoch, has an open transaction here.
    pub fn has_ongoing_transaction(&self, producer_id: ProducerId, epoch: types::ProducerEpoch) -> bool {
        self.producers.get(&producer_id).is_some_and(|entry| {
            entry.current_transaction_first_offset.is_some() && entry.producer_epoch == epoch
        })
    }

    /// The guard that the first records of a new transaction must show; `None` where the transaction is open already
    /// and needs none (KIP-890).
    pub fn start_verification(
        &mut self,
        producer_id: ProducerId,
        epoch: types::ProducerEpoch,
        sequence: i32,
        supports_epoch_bump: bool,
        now_ms: i64,
    ) -> Option<VerificationGuard> {
        if self.has_ongoing_transaction(producer_id, epoch) {
            return None;
        }
        let next = self.next_guard + 1;
        let entry = self.verifications.entry(producer_id).or_insert_with(|| {
            self.next_guard = next;
            super::Verification::new(VerificationGuard(next), epoch, sequence, supports_epoch_bump, now_ms)
        });
        entry.saw(epoch, sequence);
        Some(entry.guard)
    }
}
