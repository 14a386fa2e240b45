//! Why a transaction waits, and since when.

use coordinator::Now;
use types::TopicPartition;
use types::waits::TransactionWait;

use crate::transactions::Progress;
use crate::{Decision, Producer, TransactionError, TransactionShard, TransactionState};

/// What a transactional id is doing, and what it waits for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TransactionWhy {
    /// What it is doing.
    pub state: TransactionState,
    /// Who goes by it.
    pub producer: Producer,
    /// How long a transaction may take; `None` where an outer coordinator decides (KIP-939).
    pub timeout_ms: Option<i64>,
    /// How long ago the last record of it was written, in milliseconds.
    pub updated_ago_ms: i64,
    /// Until the transactional id is forgotten, where it has no transaction; in milliseconds.
    pub expires_in_ms: Option<i64>,
    /// What is waited for; nothing where there is no transaction.
    pub waits: Vec<TransactionWait>,
}

impl TransactionShard {
    /// What a transactional id is doing and waits for, as it stands: also what the log has not committed yet.
    ///
    /// # Errors
    /// `TransactionalIdNotFound`.
    pub fn why(&self, transactional_id: &str, now: Now) -> Result<TransactionWhy, TransactionError> {
        let entry =
            self.transactions.get(transactional_id).ok_or(TransactionError::TransactionalIdNotFound)?;
        let transaction = &entry.transaction;
        let listed =
            |partitions: &std::collections::BTreeSet<TopicPartition>| partitions.iter().cloned().collect();
        let for_ms = |since_ms: i64| (now.uptime_ms - since_ms).max(0);
        let waits = match &entry.progress {
            Progress::Idle => Vec::new(),
            Progress::Open { since_ms, deadline_ms } => vec![TransactionWait::Open {
                producer: (transaction.producer.id, transaction.producer.epoch),
                open_for_ms: for_ms(*since_ms),
                partitions: listed(&transaction.partitions),
                left_ms: deadline_ms.map(|at_ms| (self.driver.check_at_ms(at_ms) - now.uptime_ms).max(0)),
            }],
            Progress::Decided { since_ms, handed_out, unwritten } => {
                vec![TransactionWait::MarkersNotWritten {
                    is_committed: transaction.decision() == Some(Decision::Commit),
                    decided_for_ms: for_ms(*since_ms),
                    is_being_written: handed_out.is_some(),
                    partitions: listed(unwritten),
                }]
            }
        };
        let unused_ms = now.clock_ms.saturating_sub(transaction.updated_at_ms).max(0);
        let left_ms = (self.settings.expiration_ms - unused_ms).max(0);
        Ok(TransactionWhy {
            state: transaction.state,
            producer: transaction.producer,
            timeout_ms: (!transaction.has_no_timeout()).then_some(i64::from(transaction.timeout_ms)),
            updated_ago_ms: unused_ms,
            expires_in_ms: transaction.state.is_idle().then_some(left_ms),
            waits,
        })
    }
}

#[cfg(test)]
#[path = "why_test.rs"]
mod tests;
