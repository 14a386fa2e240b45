//! The transactional ids of one shard, and by what they are found: deadlines, decisions that wait for markers.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use coordinator::{Now, Token};
use types::TopicPartition;

use crate::{Transaction, TransactionState};

/// A transactional id; cheap to clone.
pub(crate) type TransactionalId = Arc<str>;

/// The transactional ids of one shard.
#[derive(Debug, Default)]
pub(crate) struct Transactions {
    by_id: BTreeMap<TransactionalId, Entry>,
    /// Open transactions that time ends, by when it does; in `uptime_ms`.
    deadlines: BTreeSet<(i64, TransactionalId)>,
    /// Decided transactions that the driver does not have.
    to_hand_out: BTreeSet<TransactionalId>,
}

/// A transactional id.
#[derive(Debug)]
pub(crate) struct Entry {
    /// As the log has it.
    pub(crate) transaction: Transaction,
    /// What the log does not have.
    pub(crate) progress: Progress,
}

/// How far a transaction is on its way, since this shard knows it.
#[derive(Debug)]
pub(crate) enum Progress {
    /// There is none.
    Idle,
    /// It is open.
    Open {
        /// Since when, as far as is known; in `uptime_ms`.
        since_ms: i64,
        /// When it has taken too long, if ever; in `uptime_ms`.
        deadline_ms: Option<i64>,
    },
    /// It is decided.
    Decided {
        /// Since when, or since the shard was loaded; in `uptime_ms`.
        since_ms: i64,
        /// Under which token the driver has its markers.
        handed_out: Option<Token>,
        /// Where markers are missing.
        unwritten: BTreeSet<TopicPartition>,
    },
}

impl Transactions {
    /// The transactional id, if it is known.
    pub(crate) fn get(&self, id: &str) -> Option<&Entry> {
        self.by_id.get(id)
    }

    /// How far the transaction is on its way.
    pub(crate) fn progress_mut(&mut self, id: &str) -> Option<&mut Progress> {
        self.by_id.get_mut(id).map(|entry| &mut entry.progress)
    }

    /// All of them, in order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&TransactionalId, &Entry)> {
        self.by_id.iter()
    }

    /// Takes over what a record says, while the log is read.
    pub(crate) fn replay(&mut self, id: String, transaction: Transaction) {
        let entry = Entry { transaction, progress: Progress::Idle };
        self.by_id.insert(id.into(), entry);
    }

    /// The log is read: what is open goes on, as long as its timeout still leaves it; what is decided comes due.
    pub(crate) fn loaded(&mut self, now: Now) {
        for (id, entry) in &mut self.by_id {
            entry.progress = Progress::of(&entry.transaction, now);
            match &entry.progress {
                Progress::Open { deadline_ms: Some(at_ms), .. } => {
                    _ = self.deadlines.insert((*at_ms, id.clone()))
                }
                Progress::Decided { .. } => _ = self.to_hand_out.insert(id.clone()),
                _ => {}
            }
        }
    }

    /// The transactional id stands so from here on.
    pub(crate) fn put(&mut self, id: &str, transaction: Transaction, now: Now) {
        let (id, before) = match self.by_id.remove_entry(id) {
            Some((id, entry)) => (id, entry.progress),
            None => (id.into(), Progress::Idle),
        };
        let is_still_open =
            transaction.state == TransactionState::Ongoing && matches!(before, Progress::Open { .. });
        let progress = if is_still_open { before } else { self.begin(&id, before, &transaction, now) };
        self.by_id.insert(id, Entry { transaction, progress });
    }

    fn begin(
        &mut self,
        id: &TransactionalId,
        before: Progress,
        transaction: &Transaction,
        now: Now,
    ) -> Progress {
        self.leave(id, &before);
        let progress = Progress::of(transaction, now);
        match &progress {
            Progress::Open { deadline_ms: Some(at_ms), .. } => {
                _ = self.deadlines.insert((*at_ms, id.clone()))
            }
            Progress::Decided { .. } => _ = self.to_hand_out.insert(id.clone()),
            _ => {}
        }
        progress
    }

    fn leave(&mut self, id: &TransactionalId, progress: &Progress) {
        match progress {
            Progress::Open { deadline_ms: Some(at_ms), .. } => {
                _ = self.deadlines.remove(&(*at_ms, id.clone()))
            }
            Progress::Decided { handed_out: None, .. } => _ = self.to_hand_out.remove(id),
            _ => {}
        }
    }

    /// The transactional id is gone.
    pub(crate) fn remove(&mut self, id: &str) {
        if let Some((id, entry)) = self.by_id.remove_entry(id) {
            self.leave(&id, &entry.progress);
        }
    }

    /// When the first open transaction has taken too long; in `uptime_ms`.
    pub(crate) fn first_deadline_ms(&self) -> Option<i64> {
        self.deadlines.first().map(|(at_ms, _)| *at_ms)
    }

    /// Open transactions that took too long, the longest first.
    pub(crate) fn overdue(&self, now: Now) -> impl Iterator<Item = (&TransactionalId, &Transaction)> {
        let overdue = self.deadlines.iter().take_while(move |(at_ms, _)| *at_ms < now.uptime_ms);
        overdue.filter_map(|(_, id)| Some((id, &self.by_id.get(id)?.transaction)))
    }

    /// Whether there are decided transactions that the driver does not have.
    pub(crate) fn has_any_to_hand_out(&self) -> bool {
        !self.to_hand_out.is_empty()
    }

    /// Hands everything that the driver does not have out, under `token`.
    pub(crate) fn hand_out(&mut self, token: Token) -> Vec<(TransactionalId, &Transaction)> {
        let ids = std::mem::take(&mut self.to_hand_out);
        for id in &ids {
            if let Some(Progress::Decided { handed_out, .. }) = self.progress_mut(id) {
                *handed_out = Some(token);
            }
        }
        let by_id = &self.by_id;
        ids.into_iter().filter_map(|id| Some((id.clone(), &by_id.get(&id)?.transaction))).collect()
    }

    /// What was handed out is the driver's no longer.
    pub(crate) fn take_back(&mut self) {
        for (id, entry) in &mut self.by_id {
            if let Progress::Decided { handed_out, .. } = &mut entry.progress {
                *handed_out = None;
                self.to_hand_out.insert(id.clone());
            }
        }
    }
}

impl Progress {
    /// Of a transaction that nothing more is known of than the log says.
    fn of(transaction: &Transaction, now: Now) -> Self {
        match transaction.state {
            TransactionState::Ongoing => {
                // A clock that was set meanwhile makes a transaction neither older than its timeout nor younger than now.
                let timeout_ms = i64::from(transaction.timeout_ms.max(0));
                let open_for_ms = now.clock_ms.saturating_sub(transaction.started_at_ms).clamp(0, timeout_ms);
                let since_ms = now.uptime_ms - open_for_ms;
                let deadline_ms = (!transaction.has_no_timeout()).then_some(since_ms + timeout_ms);
                Self::Open { since_ms, deadline_ms }
            }
            TransactionState::PrepareCommit | TransactionState::PrepareAbort => Self::Decided {
                since_ms: now.uptime_ms,
                handed_out: None,
                unwritten: transaction.partitions.clone(),
            },
            _ => Self::Idle,
        }
    }
}
