//! ListTransactions, for one shard (KIP-664, KIP-994). By a pattern of ids (KIP-1152, [`crate::IdPattern`]) whoever asks
//! chooses among what is listed: that may take time, and nobody else is to wait for it.

use std::collections::BTreeSet;

use coordinator::Now;
use types::ProducerId;

use crate::{Transaction, TransactionShard, TransactionState};

/// States that Kafka has names for, and that no transactional id is ever seen in.
const NEVER_LISTED: [&str; 2] = ["Dead", "PrepareEpochFence"];

/// Which transactional ids to list. A filter that is empty lets all pass.
#[derive(Clone, Debug, Default)]
pub struct ListTransactions {
    /// In one of the states.
    pub states: StateFilter,
    /// Of one of the producers.
    pub producer_ids: BTreeSet<ProducerId>,
    /// Whose transaction began more than so many milliseconds ago; negative lets all pass. As with Kafka, those that
    /// never began one pass as well.
    pub longer_than_ms: i64,
}

/// States by the names that a client wrote.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StateFilter {
    /// `None` where no name was written at all.
    wanted: Option<BTreeSet<TransactionState>>,
    /// Names that no state has.
    unknown: BTreeSet<String>,
}

impl StateFilter {
    /// Those of these names. One that nobody knows is in no state, so that nothing passes where there is no other.
    pub fn of(names: impl IntoIterator<Item = String>) -> Self {
        let mut filter = Self::default();
        for name in names {
            let wanted = filter.wanted.get_or_insert_default();
            match TransactionState::from_name(&name) {
                Some(state) => _ = wanted.insert(state),
                None if NEVER_LISTED.contains(&&*name) => {}
                None => _ = filter.unknown.insert(name),
            }
        }
        filter
    }

    /// Names that no state has.
    pub fn into_unknown(self) -> BTreeSet<String> {
        self.unknown
    }

    fn passes(&self, state: TransactionState) -> bool {
        self.wanted.as_ref().is_none_or(|wanted| wanted.contains(&state))
    }
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
    /// By transactional id.
    pub(crate) fn list(&self, request: &ListTransactions, now: Now) -> Vec<ListedTransaction> {
        let is_wanted = |(_, transaction): &(&str, &Transaction)| {
            let open_for_ms = now.clock_ms.saturating_sub(transaction.started_at_ms);
            (request.producer_ids.is_empty() || request.producer_ids.contains(&transaction.producer.id))
                && request.states.passes(transaction.state)
                && (request.longer_than_ms < 0 || open_for_ms > request.longer_than_ms)
        };
        let listed = |(id, transaction): (&str, &Transaction)| ListedTransaction {
            transactional_id: id.to_owned(),
            producer_id: transaction.producer.id,
            state: transaction.state,
        };
        self.transactions().filter(is_wanted).map(listed).collect()
    }
}

#[cfg(test)]
#[path = "list_test.rs"]
mod tests;
