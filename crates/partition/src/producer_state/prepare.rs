//! Checks the batches of one append against what is known, and collects what they change.

use std::collections::BTreeMap;

use types::{Offset, ProducerEpoch, ProducerId};

use super::{
    AppendOrigin, BatchContent, BatchMetadata, CompletedTransaction, EndTransactionMarker, ProducerBatch,
    ProducerEntry, ProducerState, Transaction, VerificationGuard,
};

/// Why a batch must not be appended.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProducerStateError {
    /// The producer was fenced by a newer instance of itself.
    #[error("producer {producer_id} has epoch {epoch}, the last seen one is {current}")]
    #[allow(missing_docs)]
    InvalidProducerEpoch { producer_id: ProducerId, epoch: ProducerEpoch, current: ProducerEpoch },
    /// A batch is missing before this one, or it is an old one that is not remembered.
    #[error("producer {producer_id} sent sequence {sequence} after {last_sequence}")]
    #[allow(missing_docs)]
    OutOfOrderSequence { producer_id: ProducerId, sequence: i32, last_sequence: i32 },
    /// A transactional batch outside a transaction that the coordinator knows, or a plain one inside.
    #[error("producer {producer_id} is not in the transaction that its batch claims")]
    #[allow(missing_docs)]
    InvalidTransactionState { producer_id: ProducerId },
    /// A marker of a transaction coordinator that has been replaced.
    #[error("marker for producer {producer_id} by coordinator epoch {epoch}, the last seen one is {current}")]
    #[allow(missing_docs)]
    TransactionCoordinatorFenced { producer_id: ProducerId, epoch: i32, current: i32 },
}

/// The change that an append makes; nothing of it holds until [`ProducerState::apply`].
#[derive(Clone, Debug, Default)]
pub struct PreparedAppend {
    updates: BTreeMap<ProducerId, Update>,
    /// Transactions that markers in this append end, in order.
    pub completed: Vec<CompletedTransaction>,
    /// The append is a retry: its batch is in the log already, and nothing must be written.
    pub duplicate: Option<BatchMetadata>,
}

#[derive(Clone, Debug)]
struct Update {
    entry: ProducerEntry,
    started: Vec<Transaction>,
    clears_verification: bool,
}

/// How an append is to be checked.
#[derive(Clone, Copy, Debug)]
pub struct AppendRules {
    /// Who appends.
    pub origin: AppendOrigin,
    /// Shown with the first records of a transaction.
    pub guard: Option<VerificationGuard>,
    /// Whether records of a transaction that the coordinator did not confirm are refused
    /// (`transaction.partition.verification.enable`).
    pub requires_verification: bool,
    /// The `transaction.version` a marker was written under; 2 demands a bumped producer epoch (KIP-890).
    pub transaction_version: i16,
}

impl ProducerState {
    /// Checks `batches`, all those of one append that carry a producer id, in order.
    ///
    /// # Errors
    /// The first rule that a batch breaks. The state is untouched.
    pub fn prepare<'a>(
        &self,
        batches: impl IntoIterator<Item = &'a ProducerBatch>,
        rules: AppendRules,
    ) -> Result<PreparedAppend, ProducerStateError> {
        let mut prepared = PreparedAppend::default();
        for batch in batches {
            if rules.origin == AppendOrigin::Client
                && let Some(duplicate) =
                    self.producer(batch.producer_id).and_then(|entry| entry.duplicate_of(batch))
            {
                return Ok(PreparedAppend { duplicate: Some(duplicate), ..PreparedAppend::default() });
            }
            self.check_verification(batch, rules)?;
            let update = prepared.updates.entry(batch.producer_id).or_insert_with(|| Update {
                entry: self
                    .producer(batch.producer_id)
                    .map_or_else(|| ProducerEntry::empty(batch.producer_id), ProducerEntry::without_batches),
                started: Vec::new(),
                clears_verification: false,
            });
            match batch.content {
                BatchContent::Data => self.add_data(update, batch, rules)?,
                BatchContent::Marker(marker) => {
                    prepared.completed.extend(end_transaction(update, batch, marker, rules)?);
                }
                BatchContent::EmptyControl => {}
            }
            if batch.is_transactional && !self.next_transaction_awaits_verification(batch) {
                update.clears_verification = true;
            }
        }
        Ok(prepared)
    }

    /// Takes over what an append has changed. Call it once the log holds the batches; transactions that it ended are
    /// then completed one by one with [`ProducerState::complete_transaction`].
    pub fn apply(&mut self, prepared: &PreparedAppend) {
        for (producer_id, update) in &prepared.updates {
            match self.producers.get_mut(producer_id) {
                Some(entry) => entry.merge(update.entry.clone()),
                None => drop(self.producers.insert(*producer_id, update.entry.clone())),
            }
            for transaction in &update.started {
                self.ongoing.insert(transaction.first_offset, *transaction);
            }
            if update.clears_verification {
                self.verifications.remove(producer_id);
            }
        }
    }

    fn check_verification(
        &self,
        batch: &ProducerBatch,
        rules: AppendRules,
    ) -> Result<(), ProducerStateError> {
        let is_checked = matches!(rules.origin, AppendOrigin::Client | AppendOrigin::Coordinator);
        if !is_checked
            || !batch.is_transactional
            || self.has_ongoing_transaction(batch.producer_id, batch.producer_epoch)
        {
            return Ok(());
        }
        if let Some(entry) = self.producer(batch.producer_id)
            && batch.producer_epoch < entry.producer_epoch
        {
            return Err(invalid_epoch(batch, entry.producer_epoch));
        }
        let expected = self.verifications.get(&batch.producer_id).map(|entry| entry.guard);
        let is_missing = rules.guard.is_none() || expected != rules.guard;
        if rules.requires_verification && batch.content == BatchContent::Data && is_missing {
            return Err(ProducerStateError::InvalidTransactionState { producer_id: batch.producer_id });
        }
        Ok(())
    }

    /// Under transaction version 2 a marker with the epoch that already asked for the next transaction leaves that
    /// question standing.
    fn next_transaction_awaits_verification(&self, batch: &ProducerBatch) -> bool {
        batch.content != BatchContent::Data
            && self
                .verifications
                .get(&batch.producer_id)
                .is_some_and(|entry| entry.supports_epoch_bump && entry.epoch == batch.producer_epoch)
    }

    fn add_data(
        &self,
        update: &mut Update,
        batch: &ProducerBatch,
        rules: AppendRules,
    ) -> Result<(), ProducerStateError> {
        if batch.producer_epoch < update.entry.producer_epoch && rules.origin != AppendOrigin::Replication {
            return Err(invalid_epoch(batch, update.entry.producer_epoch));
        }
        if rules.origin == AppendOrigin::Client {
            self.check_sequence(&update.entry, batch)?;
        }
        let metadata = BatchMetadata {
            last_sequence: batch.last_sequence(),
            last_offset: batch.last_offset,
            offset_delta: batch.offset_delta(),
            timestamp_ms: batch.max_timestamp_ms,
        };
        update.entry.add_batch(batch.producer_epoch, metadata);
        match (update.entry.current_transaction_first_offset, batch.is_transactional) {
            (Some(_), false) if rules.origin != AppendOrigin::Replication => {
                Err(ProducerStateError::InvalidTransactionState { producer_id: batch.producer_id })
            }
            (None, true) => {
                update.entry.current_transaction_first_offset = Some(batch.base_offset);
                update.started.push(Transaction::new(batch.producer_id, batch.base_offset));
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn check_sequence(
        &self,
        updated: &ProducerEntry,
        batch: &ProducerBatch,
    ) -> Result<(), ProducerStateError> {
        let sequence = batch.base_sequence;
        let out_of_order = |last_sequence: i32| {
            Err(ProducerStateError::OutOfOrderSequence {
                producer_id: batch.producer_id,
                sequence,
                last_sequence,
            })
        };
        let current = self.producer(batch.producer_id);
        if let Some(verification) = self.verifications.get(&batch.producer_id) {
            let knows_batches = current.is_some_and(|entry| entry.last_batch().is_some());
            if verification.supports_epoch_bump && sequence != 0 && !knows_batches {
                return out_of_order(-1);
            }
            if sequence > verification.lowest_sequence {
                return out_of_order(verification.lowest_sequence);
            }
        }
        if batch.producer_epoch != updated.producer_epoch {
            // A new epoch starts at 0; a producer of which nothing is known may start anywhere.
            if sequence != 0 && updated.producer_epoch != ProducerEpoch::NONE {
                return out_of_order(updated.last_sequence());
            }
            return Ok(());
        }
        let last_sequence = match (updated.last_batch(), current) {
            (Some(batch), _) => batch.last_sequence,
            (None, Some(entry)) if entry.producer_epoch == batch.producer_epoch => entry.last_sequence(),
            _ => -1,
        };
        let is_known = current.is_some_and(|entry| entry.producer_epoch != ProducerEpoch::NONE);
        let follows = i64::from(sequence) == i64::from(last_sequence) + 1
            || (sequence == 0 && last_sequence == i32::MAX);
        if is_known && !follows { out_of_order(last_sequence) } else { Ok(()) }
    }
}

fn end_transaction(
    update: &mut Update,
    batch: &ProducerBatch,
    marker: EndTransactionMarker,
    rules: AppendRules,
) -> Result<Option<CompletedTransaction>, ProducerStateError> {
    let entry = &mut update.entry;
    let is_checked = rules.origin != AppendOrigin::Replication;
    if is_checked && is_stale_marker(entry, batch.producer_epoch, rules.transaction_version) {
        return Err(invalid_epoch(batch, entry.producer_epoch));
    }
    if is_checked && entry.coordinator_epoch > marker.coordinator_epoch {
        return Err(ProducerStateError::TransactionCoordinatorFenced {
            producer_id: batch.producer_id,
            epoch: marker.coordinator_epoch,
            current: entry.coordinator_epoch,
        });
    }
    // A marker without data before it changes nothing for readers, so it completes nothing.
    let completed = entry.current_transaction_first_offset.map(|first_offset: Offset| CompletedTransaction {
        producer_id: batch.producer_id,
        first_offset,
        last_offset: batch.base_offset,
        is_aborted: !marker.is_commit,
    });
    entry.end_transaction(batch.producer_epoch, marker.coordinator_epoch, marker.timestamp_ms);
    Ok(completed)
}

/// Version 2 demands a bumped epoch, but lets a retry of a marker pass whose transaction has ended (KAFKA-19999).
fn is_stale_marker(entry: &ProducerEntry, epoch: ProducerEpoch, transaction_version: i16) -> bool {
    if transaction_version < 2 {
        return epoch < entry.producer_epoch;
    }
    let is_retry = epoch == entry.producer_epoch
        && (entry.current_transaction_first_offset.is_none() || epoch.0 == i16::MAX);
    epoch <= entry.producer_epoch && !is_retry
}

fn invalid_epoch(batch: &ProducerBatch, current: ProducerEpoch) -> ProducerStateError {
    ProducerStateError::InvalidProducerEpoch {
        producer_id: batch.producer_id,
        epoch: batch.producer_epoch,
        current,
    }
}
