//! InitProducerId: who goes by a transactional id from here on (KIP-98, KIP-360, KIP-890, KIP-939).

use coordinator::Now;
use types::{ProducerId, TransactionVersion};

use crate::shard::TransactionStep;
use crate::{Producer, Transaction, TransactionError, TransactionShard, TransactionState};

/// Asks for a producer id and an epoch that fence all producers before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InitProducerId {
    /// The transactional id. A producer without one does not come here.
    pub transactional_id: String,
    /// How long a transaction may take; not looked at with `is_two_phase_commit`.
    pub timeout_ms: i32,
    /// An outer coordinator decides its transactions, which never time out (`Enable2Pc`).
    pub is_two_phase_commit: bool,
    /// A prepared transaction is to stay as it is (`KeepPreparedTxn`); Kafka 4.3 refuses it.
    pub keeps_prepared: bool,
    /// Who the client was, where it goes on after an error and fences only others (KIP-360).
    pub expected: Option<Producer>,
    /// A producer id that nobody ever had, where one was asked for.
    pub fresh_producer_id: Option<ProducerId>,
    /// The cluster's `transaction.version`.
    pub server_version: TransactionVersion,
}

impl TransactionShard {
    pub(crate) fn init_producer_id(
        &mut self,
        request: &InitProducerId,
        now: Now,
        step: &mut TransactionStep,
    ) -> Result<Producer, TransactionError> {
        let timeout_ms = self.timeout_ms(request)?;
        let transaction = match self.transactions.get(&request.transactional_id) {
            None => {
                let fresh = request.fresh_producer_id.ok_or(TransactionError::NeedsProducerId)?;
                Transaction::first(fresh, timeout_ms, now)
            }
            Some(known) => {
                let known = &known.transaction;
                validate(known, request.expected)?;
                if known.state == TransactionState::Ongoing {
                    // Aborted first; the client asks again meanwhile.
                    let aborted = known.fenced(request.fresh_producer_id, request.server_version, now)?;
                    self.decide(&request.transactional_id, aborted, request.server_version, now, step)?;
                    return Err(TransactionError::ConcurrentTransactions);
                }
                let is_current =
                    request.expected.is_none_or(|producer| producer.epoch == known.producer.epoch);
                if known.producer.is_exhausted() && is_current {
                    let fresh = request.fresh_producer_id.ok_or(TransactionError::NeedsProducerId)?;
                    known.with_fresh_id(fresh, request.expected.is_some(), timeout_ms, now)
                } else {
                    known.with_next_epoch(request.expected, timeout_ms, now)?
                }
            }
        };
        let producer = transaction.producer;
        self.write(&request.transactional_id, vec![transaction], request.server_version, now, step)?;
        Ok(producer)
    }

    /// How long a transaction may take, where the request may be granted at all.
    fn timeout_ms(&self, request: &InitProducerId) -> Result<i32, TransactionError> {
        if request.transactional_id.is_empty() {
            Err(TransactionError::EmptyTransactionalId)
        } else if request.is_two_phase_commit && !self.settings.has_two_phase_commit {
            Err(TransactionError::TwoPhaseCommitDisabled)
        } else if request.keeps_prepared {
            Err(TransactionError::UnsupportedVersion)
        } else if request.is_two_phase_commit {
            Ok(i32::MAX)
        } else if (1..=self.settings.timeout_ms_max).contains(&request.timeout_ms) {
            Ok(request.timeout_ms)
        } else {
            Err(TransactionError::InvalidTransactionTimeout)
        }
    }
}

/// A client that says who it was has to be the current one; or the one before, whose epochs were exhausted and who did not
/// hear that it got another id.
fn validate(known: &Transaction, expected: Option<Producer>) -> Result<(), TransactionError> {
    if known.state.is_prepared() {
        return Err(TransactionError::ConcurrentTransactions);
    }
    let is_valid = |expected: Producer| {
        expected.id == known.producer.id
            || expected.id == known.previous_producer_id && expected.is_exhausted()
    };
    if expected.is_none_or(is_valid) { Ok(()) } else { Err(TransactionError::ProducerFenced) }
}

#[cfg(test)]
#[path = "init_producer_id_test.rs"]
mod tests;
