//! ListTransactions, for one shard (KIP-664, KIP-994, KIP-1152).

use std::collections::BTreeSet;

use coordinator::Now;
use types::ProducerId;

use crate::{IdPattern, Transaction, TransactionShard, TransactionState};

/// States that Kafka has names for, and that no transactional id is ever seen in.
const NEVER_LISTED: [&str; 2] = ["Dead", "PrepareEpochFence"];

/// Which transactional ids to list. A filter that is empty lets all pass.
#[derive(Clone, Debug, Default)]
pub struct ListTransactions {
    /// In one of the states; names as the client wrote them.
    pub states: BTreeSet<String>,
    /// Of one of the producers.
    pub producer_ids: BTreeSet<ProducerId>,
    /// Whose transaction began more than so many milliseconds ago; negative lets all pass. As with Kafka, those that
    /// never began one pass as well.
    pub longer_than_ms: i64,
    /// Whose id matches as a whole.
    pub id_pattern: Option<IdPattern>,
}

/// What was found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ListedTransactions {
    /// By transactional id.
    pub transactions: Vec<ListedTransaction>,
    /// Names among the filters that no state has.
    pub unknown_states: BTreeSet<String>,
}

/// A transactional id as ListTransactions tells it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedTransaction {
    /// The id.
    pub transactional_id: String,
    /// The producer that goes by it.
    pub producer_id: ProducerId,
    /// What it is doing.
    pub state: TransactionState,
}

impl TransactionShard {
    pub(crate) fn list(&self, request: ListTransactions, now: Now) -> ListedTransactions {
        let has_state_filter = !request.states.is_empty();
        let mut states = BTreeSet::new();
        let mut unknown_states = BTreeSet::new();
        for name in request.states {
            match TransactionState::from_name(&name) {
                Some(state) => _ = states.insert(state),
                None if NEVER_LISTED.contains(&&*name) => {}
                None => _ = unknown_states.insert(name),
            }
        }
        let is_wanted = |(id, transaction): &(&str, &Transaction)| {
            let open_for_ms = now.clock_ms.saturating_sub(transaction.started_at_ms);
            (request.producer_ids.is_empty() || request.producer_ids.contains(&transaction.producer.id))
                && (!has_state_filter || states.contains(&transaction.state))
                && (request.longer_than_ms < 0 || open_for_ms > request.longer_than_ms)
                && request.id_pattern.as_ref().is_none_or(|pattern| pattern.matches(id))
        };
        let listed = |(id, transaction): (&str, &Transaction)| ListedTransaction {
            transactional_id: id.to_owned(),
            producer_id: transaction.producer.id,
            state: transaction.state,
        };
        let transactions = self.transactions().filter(is_wanted).map(listed).collect();
        ListedTransactions { transactions, unknown_states }
    }
}

#[cfg(test)]
#[path = "list_test.rs"]
mod tests;
