//! DescribeTransactions (KIP-664).

use types::TopicPartition;

use crate::transactions::Progress;
use crate::{Producer, TransactionError, TransactionShard, TransactionState};

/// A transactional id, as it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TransactionDescription {
    /// What it is doing.
    pub state: TransactionState,
    /// Who goes by it.
    pub producer: Producer,
    /// How long a transaction may take; `i32::MAX` for ever.
    pub timeout_ms: i32,
    /// When the transaction began, that is open or was last; −1 where none did. Milliseconds since 1970.
    pub started_at_ms: i64,
    /// What is in the open transaction, or still waits for a marker of the decided one; sorted.
    pub partitions: Vec<TopicPartition>,
}

impl TransactionShard {
    pub(crate) fn describe(
        &self,
        transactional_id: &str,
    ) -> Result<TransactionDescription, TransactionError> {
        if transactional_id.is_empty() {
            return Err(TransactionError::EmptyTransactionalId);
        }
        let entry =
            self.transactions.get(transactional_id).ok_or(TransactionError::TransactionalIdNotFound)?;
        let transaction = &entry.transaction;
        let partitions = match &entry.progress {
            Progress::Decided { unwritten, .. } => unwritten,
            Progress::Idle | Progress::Open { .. } => &transaction.partitions,
        };
        Ok(TransactionDescription {
            state: transaction.state,
            producer: transaction.producer,
            timeout_ms: transaction.timeout_ms,
            started_at_ms: transaction.started_at_ms,
            partitions: partitions.iter().cloned().collect(),
        })
    }
}

#[cfg(test)]
#[path = "describe_test.rs"]
mod tests;
