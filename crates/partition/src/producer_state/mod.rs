//! What the partition knows of its idempotent and transactional producers (KIP-98, KIP-360, KIP-890): the last five
//! batches of each, open transactions, and what bounds the last stable offset.
//!
//! Prepare, write, apply: [`ProducerState::prepare`] checks batches against the state without changing it; once the
//! log holds them, [`ProducerState::apply`] takes the change over.

mod entry;
mod prepare;
#[cfg(test)]
mod producer_state_test;
mod transactions;
mod verification;

use std::collections::BTreeMap;

use types::{Offset, ProducerEpoch, ProducerId};

pub use entry::{BatchMetadata, ProducerEntry};
pub use prepare::{AppendRules, PreparedAppend, ProducerStateError};
pub use transactions::{CompletedTransaction, Transaction};
pub use verification::VerificationGuard;

use verification::Verification;

/// Who appends; decides which checks a batch has to pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AppendOrigin {
    /// Replicated from the leader or read back from the log: facts, no checks.
    Replication,
    /// The group or transaction coordinator: epochs are checked, sequences are not.
    Coordinator,
    /// A producer: everything is checked.
    Client,
    /// The leader of the metadata quorum, which assigned offsets and epochs itself.
    RaftLeader,
}

/// The decision that a control batch carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EndTransactionMarker {
    /// Committed, or aborted.
    pub is_commit: bool,
    /// Epoch of the transaction coordinator that wrote it.
    pub coordinator_epoch: i32,
    /// The marker record's timestamp in milliseconds.
    pub timestamp_ms: i64,
}

/// What the rules need to know of a batch that carries a producer id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the fields of the batch header")]
pub struct ProducerBatch {
    pub producer_id: ProducerId,
    pub producer_epoch: ProducerEpoch,
    /// −1 on control batches and on a coordinator's.
    pub base_sequence: i32,
    pub base_offset: Offset,
    pub last_offset: Offset,
    pub max_timestamp_ms: i64,
    pub is_transactional: bool,
    pub content: BatchContent,
}

/// Data or a decision.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BatchContent {
    /// Records of a producer.
    Data,
    /// The end of a transaction.
    Marker(EndTransactionMarker),
    /// A control batch whose marker was compacted away, or of a kind that ends nothing.
    EmptyControl,
}

impl ProducerBatch {
    /// Records spanned, less one.
    pub fn offset_delta(&self) -> i32 {
        i32::try_from(self.last_offset.0 - self.base_offset.0).unwrap_or(i32::MAX)
    }

    /// Sequence of the last record; −1 where the batch has none.
    pub fn last_sequence(&self) -> i32 {
        if self.base_sequence < 0 {
            return -1;
        }
        types::Sequence(self.base_sequence).plus(self.offset_delta()).0
    }
}

/// The producers of one partition.
#[derive(Clone, Debug, Default)]
pub struct ProducerState {
    producers: BTreeMap<ProducerId, ProducerEntry>,
    verifications: BTreeMap<ProducerId, Verification>,
    next_guard: u64,
    /// Open transactions by their first offset.
    ongoing: BTreeMap<Offset, Transaction>,
    /// Ended transactions whose marker is not below the high watermark yet, by their first offset.
    unreplicated: BTreeMap<Offset, Transaction>,
    /// First offset that is not reflected in this state.
    end_offset: Offset,
}

impl ProducerState {
    /// No producers; what was appended before `end_offset` is not reflected.
    pub fn starting_at(end_offset: Offset) -> Self {
        Self { end_offset, ..Self::default() }
    }

    /// The state as a snapshot at `end_offset` recorded it, without the producers that have expired since.
    pub fn from_snapshot(
        end_offset: Offset,
        entries: impl IntoIterator<Item = ProducerEntry>,
        now_ms: i64,
        expiration_ms: i64,
    ) -> Self {
        let mut state = Self::starting_at(end_offset);
        for entry in entries {
            if entry.is_expired(now_ms, expiration_ms) {
                continue;
            }
            if let Some(first_offset) = entry.current_transaction_first_offset {
                state.ongoing.insert(first_offset, Transaction::new(entry.producer_id, first_offset));
            }
            state.producers.insert(entry.producer_id, entry);
        }
        state
    }

    /// First offset that is not reflected in this state.
    pub fn end_offset(&self) -> Offset {
        self.end_offset
    }

    /// Declares everything below `end_offset` reflected.
    pub fn set_end_offset(&mut self, end_offset: Offset) {
        self.end_offset = end_offset;
    }

    /// Whether there is neither a producer nor a transaction awaiting replication.
    pub fn is_empty(&self) -> bool {
        self.producers.is_empty() && self.unreplicated.is_empty()
    }

    /// The producers by id.
    pub fn producers(&self) -> impl ExactSizeIterator<Item = &ProducerEntry> {
        self.producers.values()
    }

    /// What is known of one producer.
    pub fn producer(&self, producer_id: ProducerId) -> Option<&ProducerEntry> {
        self.producers.get(&producer_id)
    }

    /// Forgets producers without open transaction that wrote nothing for `expiration_ms`. Returns how many.
    pub fn remove_expired(&mut self, now_ms: i64, expiration_ms: i64) -> usize {
        let before = self.producers.len();
        self.producers.retain(|_, entry| !entry.is_expired(now_ms, expiration_ms));
        self.verifications.retain(|_, entry| now_ms.saturating_sub(entry.created_ms) < expiration_ms);
        before - self.producers.len()
    }
}
