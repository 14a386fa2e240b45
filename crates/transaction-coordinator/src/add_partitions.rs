//! AddPartitionsToTxn: partitions join a transaction, and the first ones begin it.

use std::collections::BTreeSet;

use coordinator::Now;
use types::{TopicPartition, TransactionVersion};

use crate::shard::{DECISION_BYTES, TransactionStep, validate_version};
use crate::{Producer, TransactionError, TransactionShard, TransactionState};

/// Adds partitions to the transaction of a producer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AddPartitions {
    /// The transactional id.
    pub transactional_id: String,
    /// Who says so.
    pub producer: Producer,
    /// What joins. That the partitions exist, the caller has made sure.
    pub partitions: BTreeSet<TopicPartition>,
    /// V2 where the request's version says that the client knows it (AddPartitionsToTxn 4 and above), else V0.
    pub client_version: TransactionVersion,
    /// The cluster's `transaction.version`.
    pub server_version: TransactionVersion,
}

impl TransactionShard {
    pub(crate) fn add_partitions(
        &mut self,
        request: AddPartitions,
        now: Now,
        step: &mut TransactionStep,
    ) -> Result<(), TransactionError> {
        let known = self.known(&request.transactional_id)?;
        if known.state.is_prepared() {
            return Err(TransactionError::ConcurrentTransactions);
        }
        known.validate_producer(request.producer)?;
        if known.state == TransactionState::Ongoing && request.partitions.is_subset(&known.partitions) {
            return Ok(());
        }
        validate_version(request.client_version, request.server_version)?;
        let next = known.with_partitions(&request.partitions, request.client_version, now);
        // What is open can be decided: that record has to fit as well.
        self.write_leaving(
            DECISION_BYTES,
            &request.transactional_id,
            vec![next],
            request.server_version,
            now,
            step,
        )
    }
}

#[cfg(test)]
#[path = "add_partitions_test.rs"]
mod tests;
