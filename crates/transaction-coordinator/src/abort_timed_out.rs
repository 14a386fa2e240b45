//! A transaction took too long: it is aborted, and its producer fenced.

use coordinator::Now;
use types::{ProducerId, TransactionVersion};

use crate::shard::TransactionStep;
use crate::transactions::Progress;
use crate::{Producer, TransactionError, TransactionShard};

/// Ends a transaction that was handed out as [`crate::TimedOut`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AbortTimedOut {
    /// Whose transaction it is.
    pub transactional_id: String,
    /// Who had it open.
    pub producer: Producer,
    /// A producer id that nobody ever had, where one was asked for.
    pub fresh_producer_id: Option<ProducerId>,
    /// The cluster's `transaction.version`.
    pub server_version: TransactionVersion,
}

impl TransactionShard {
    /// Where the transaction ended meanwhile, there is nothing to do.
    pub(crate) fn abort_timed_out(
        &mut self,
        request: &AbortTimedOut,
        now: Now,
        step: &mut TransactionStep,
    ) -> Result<(), TransactionError> {
        let Some(entry) = self.transactions.get(&request.transactional_id) else { return Ok(()) };
        let is_overdue = matches!(entry.progress, Progress::Open { deadline_ms: Some(at_ms), .. } if at_ms < now.uptime_ms);
        if !is_overdue || entry.transaction.producer != request.producer {
            return Ok(());
        }
        let aborted = entry.transaction.fenced(request.fresh_producer_id, request.server_version, now)?;
        self.decide(&request.transactional_id, aborted, request.server_version, now, step)
    }
}

#[cfg(test)]
#[path = "abort_timed_out_test.rs"]
mod tests;
