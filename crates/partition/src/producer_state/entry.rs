//! One producer's recent past.

use std::collections::VecDeque;

use types::{Offset, ProducerEpoch, ProducerId};

use super::ProducerBatch;

/// Batches remembered of each producer: as many as a client may have in flight with idempotence.
const BATCHES_RETAINED: usize = 5;

/// One batch, as remembered for telling a retry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BatchMetadata {
    /// Sequence of its last record.
    pub last_sequence: i32,
    /// Offset of its last record.
    pub last_offset: Offset,
    /// Last offset less first offset.
    pub offset_delta: i32,
    /// Its largest timestamp in milliseconds.
    pub timestamp_ms: i64,
}

impl BatchMetadata {
    /// Offset of its first record.
    pub fn first_offset(&self) -> Offset {
        Offset(self.last_offset.0 - i64::from(self.offset_delta))
    }

    /// Sequence of its first record; sequences wrap from `i32::MAX` to 0.
    pub fn first_sequence(&self) -> i32 {
        let first = i64::from(self.last_sequence) - i64::from(self.offset_delta);
        let wrapped = if first < 0 { first + i64::from(i32::MAX) + 1 } else { first };
        i32::try_from(wrapped).unwrap_or(-1)
    }
}

/// What the partition knows of one producer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProducerEntry {
    /// The producer.
    pub producer_id: ProducerId,
    /// Its epoch; −1 where only the id is known.
    pub producer_epoch: ProducerEpoch,
    /// Largest epoch of a transaction coordinator that wrote a marker; −1 for none.
    pub coordinator_epoch: i32,
    /// When it last wrote, in milliseconds by its batches; −1 for never.
    pub last_timestamp_ms: i64,
    /// First offset of its open transaction.
    pub current_transaction_first_offset: Option<Offset>,
    /// Its last batches of the current epoch, oldest first; at most five.
    batches: VecDeque<BatchMetadata>,
}

impl ProducerEntry {
    /// A producer that is not known.
    pub fn empty(producer_id: ProducerId) -> Self {
        Self {
            producer_id,
            producer_epoch: ProducerEpoch::NONE,
            coordinator_epoch: -1,
            last_timestamp_ms: -1,
            current_transaction_first_offset: None,
            batches: VecDeque::new(),
        }
    }

    /// The remembered batches, oldest first.
    pub fn batches(&self) -> impl DoubleEndedIterator<Item = &BatchMetadata> + ExactSizeIterator {
        self.batches.iter()
    }

    /// The newest batch.
    pub fn last_batch(&self) -> Option<&BatchMetadata> {
        self.batches.back()
    }

    /// Sequence of the last record; −1 for none.
    pub fn last_sequence(&self) -> i32 {
        self.last_batch().map_or(-1, |batch| batch.last_sequence)
    }

    /// The remembered batch of which `batch` is a retry: same epoch, first and last sequence.
    pub fn duplicate_of(&self, batch: &ProducerBatch) -> Option<BatchMetadata> {
        if batch.producer_epoch != self.producer_epoch {
            return None;
        }
        let is_same = |known: &&BatchMetadata| {
            known.first_sequence() == batch.base_sequence && known.last_sequence == batch.last_sequence()
        };
        self.batches.iter().find(is_same).copied()
    }

    /// Remembers a batch; a new epoch forgets those of the old one.
    pub fn add_batch(&mut self, epoch: ProducerEpoch, batch: BatchMetadata) {
        self.set_epoch(epoch);
        if self.batches.len() == BATCHES_RETAINED {
            self.batches.pop_front();
        }
        self.batches.push_back(batch);
        self.last_timestamp_ms = batch.timestamp_ms;
    }

    /// Notes the end of a transaction.
    pub(super) fn end_transaction(
        &mut self,
        epoch: ProducerEpoch,
        coordinator_epoch: i32,
        timestamp_ms: i64,
    ) {
        self.set_epoch(epoch);
        self.coordinator_epoch = coordinator_epoch;
        self.current_transaction_first_offset = None;
        self.last_timestamp_ms = timestamp_ms;
    }

    /// This producer without its batches: what an append starts from.
    pub(super) fn without_batches(&self) -> Self {
        Self { batches: VecDeque::new(), ..self.clone() }
    }

    /// Takes over what an append that started from [`Self::without_batches`] added.
    pub(super) fn merge(&mut self, next: Self) {
        self.set_epoch(next.producer_epoch);
        for batch in next.batches {
            self.add_batch(next.producer_epoch, batch);
        }
        self.coordinator_epoch = next.coordinator_epoch;
        self.current_transaction_first_offset = next.current_transaction_first_offset;
        self.last_timestamp_ms = next.last_timestamp_ms;
    }

    pub(super) fn is_expired(&self, now_ms: i64, expiration_ms: i64) -> bool {
        self.current_transaction_first_offset.is_none()
            && now_ms.saturating_sub(self.last_timestamp_ms) >= expiration_ms
    }

    fn set_epoch(&mut self, epoch: ProducerEpoch) {
        if self.producer_epoch != epoch {
            self.batches.clear();
            self.producer_epoch = epoch;
        }
    }
}
