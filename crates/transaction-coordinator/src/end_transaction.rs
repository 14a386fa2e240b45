//! EndTxn: a transaction is committed or aborted.

use coordinator::Now;
use types::{ProducerEpoch, ProducerId, TransactionVersion};

use crate::shard::{TransactionStep, validate_version};
use crate::{Producer, Transaction, TransactionError, TransactionShard, TransactionState};

/// How a transaction ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Decision {
    /// What it wrote counts.
    Commit,
    /// What it wrote never was.
    Abort,
}

/// Ends the transaction of a producer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EndTransaction {
    /// The transactional id.
    pub transactional_id: String,
    /// Who says so.
    pub producer: Producer,
    /// How.
    pub decision: Decision,
    /// V2 where the request's version says that the client knows it (EndTxn 5 and above), else V0.
    pub client_version: TransactionVersion,
    /// A producer id that nobody ever had, where one was asked for.
    pub fresh_producer_id: Option<ProducerId>,
    /// The cluster's `transaction.version`.
    pub server_version: TransactionVersion,
}

impl TransactionShard {
    pub(crate) fn end_transaction(
        &mut self,
        request: &EndTransaction,
        now: Now,
        step: &mut TransactionStep,
    ) -> Result<Producer, TransactionError> {
        let known = self.known(&request.transactional_id)?;
        let is_at_v2 = request.client_version.bumps_epochs();
        let ending = if is_at_v2 { at_v2(known, request)? } else { at_v0(known, request)? };
        if ending == Ending::IsThere {
            return Ok(if is_at_v2 { known.producer } else { Producer::NONE });
        }
        validate_version(request.client_version, request.server_version)?;
        let next = if is_at_v2 { known.next_producer(request.fresh_producer_id)? } else { None };
        let decided = known.decided(request.decision, request.client_version, next, now);
        let producer = if is_at_v2 { decided.producer_when_complete() } else { Producer::NONE };
        self.decide(&request.transactional_id, decided, request.server_version, now, step)?;
        Ok(producer)
    }

    /// Writes a decision; where there is nothing to put a marker to, that the transaction is complete as well.
    pub(crate) fn decide(
        &mut self,
        transactional_id: &str,
        decided: Transaction,
        server_version: TransactionVersion,
        now: Now,
        step: &mut TransactionStep,
    ) -> Result<(), TransactionError> {
        let complete = decided.partitions.is_empty().then(|| decided.completed(now));
        let states = std::iter::once(decided).chain(complete).collect();
        self.write(transactional_id, states, server_version, now, step)
    }
}

/// What there is to do for an EndTxn that is not refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ending {
    /// To write the decision.
    IsDue,
    /// Nothing: the request is a retry, its answer was lost.
    IsThere,
}

/// A client that keeps its epoch: what is complete may be ended so again, for its answer may have been lost.
fn at_v0(known: &Transaction, request: &EndTransaction) -> Result<Ending, TransactionError> {
    known.validate_producer(request.producer)?;
    if known.state.is_prepared() {
        return Err(TransactionError::ConcurrentTransactions);
    }
    match known.state {
        TransactionState::Ongoing => Ok(Ending::IsDue),
        _ if known.decision() == Some(request.decision) => Ok(Ending::IsThere),
        _ => Err(TransactionError::InvalidTransactionState),
    }
}

/// A client whose epoch rises with every end: the epoch tells a retry from the end of the next transaction. What is not
/// begun can be aborted, for the client may not know whether it is.
fn at_v2(known: &Transaction, request: &EndTransaction) -> Result<Ending, TransactionError> {
    if known.state.is_prepared() {
        return Err(TransactionError::ConcurrentTransactions);
    }
    let Producer { id, epoch } = request.producer;
    // The answer to the request before was lost, and with it the next epoch ...
    let is_of_last_epoch = i32::from(known.producer.epoch.0) == i32::from(epoch.0) + 1;
    // ... or the next producer id, for the epochs were exhausted.
    let is_of_last_id = known.previous_producer_id == id
        && epoch == ProducerEpoch(i16::MAX - 1)
        && known.producer.epoch == ProducerEpoch(0);
    if known.producer.id != id && !is_of_last_id {
        return Err(TransactionError::InvalidProducerIdMapping);
    }
    let is_complete = known.decision().is_some();
    let is_retry = is_complete && (is_of_last_epoch || is_of_last_id);
    if known.producer.epoch != epoch && !is_retry {
        return Err(TransactionError::ProducerFenced);
    }
    if known.state == TransactionState::Ongoing {
        Ok(Ending::IsDue)
    } else if is_retry && known.decision() == Some(request.decision) {
        Ok(Ending::IsThere)
    } else if !is_retry && request.decision == Decision::Abort {
        Ok(Ending::IsDue)
    } else {
        Err(TransactionError::InvalidTransactionState)
    }
}

#[cfg(test)]
#[path = "end_transaction_test.rs"]
mod tests;
