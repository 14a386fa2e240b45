//! Transactional ids that nobody uses any more go (`transactional.id.expiration.ms`).

use std::sync::Arc;

use coordinator::Now;

use crate::record::tombstone;
use crate::shard::TransactionStep;
use crate::{Transaction, TransactionShard};

/// Transactional ids that one step removes at most; the next follows at once.
const EXPIRED_MAX: usize = 1_000;

impl TransactionShard {
    /// Looks for transactional ids past their time, where it is time to, and removes some of those that were found.
    pub(crate) fn expire(&mut self, now: Now, step: &mut TransactionStep) {
        if self.expire_at_ms.is_none_or(|at_ms| at_ms > now.uptime_ms) {
            return;
        }
        if self.expiring.is_empty() {
            let past = self.transactions.iter().filter(|(_, entry)| self.is_past(&entry.transaction, now));
            self.expiring = past.map(|(id, _)| Arc::clone(id)).collect();
        }
        for _ in 0..EXPIRED_MAX {
            let Some(id) = self.expiring.pop_front() else { break };
            // It may have been used since it was found.
            if self.transactions.get(&id).is_some_and(|entry| self.is_past(&entry.transaction, now)) {
                step.records.push(tombstone(&id));
                self.transactions.remove(&id);
            }
        }
        let in_ms = if self.expiring.is_empty() { self.settings.remove_expired_interval_ms } else { 0 };
        self.expire_at_ms = Some(now.uptime_ms.saturating_add(in_ms));
    }

    fn is_past(&self, transaction: &Transaction, now: Now) -> bool {
        let until_ms = transaction.updated_at_ms.saturating_add(self.settings.expiration_ms);
        transaction.state.is_idle() && until_ms <= now.clock_ms
    }
}

#[cfg(test)]
#[path = "expire_test.rs"]
mod tests;
