//! What has to be true, whatever happens:
//!
//! - *decisions stand*: a decision that is committed is the one that markers and the end of the transaction carry, and no
//!   commit happens that its own producer did not ask for, in that very transaction;
//! - *acknowledged commits happened*;
//! - *no marker without a decision*: markers are written while the committed log says so, and not before or after;
//! - *all or nothing*: a transaction is complete when every partition in it has its marker;
//! - *epochs never regress*, and a producer id belongs to one transactional id;
//! - *no two live producers* are told the same producer id and epoch.

use std::collections::{BTreeMap, BTreeSet};

use transaction_coordinator::{Decision, DueMarkers, Producer, Transaction, TransactionState};
use types::{ProducerEpoch, ProducerId, TopicPartition, TransactionVersion};

/// A record as a reader of the committed log sees it.
struct Seen {
    transaction: Transaction,
    /// Where markers of the decision are.
    marked: BTreeSet<TopicPartition>,
}

#[derive(Default)]
pub struct Book {
    seen: BTreeMap<String, Seen>,
    owners: BTreeMap<ProducerId, String>,
    told: BTreeMap<Producer, (usize, u32)>,
    /// Transactions that a producer asked to commit, was told of as committed, and that were.
    asked: BTreeMap<Producer, u32>,
    acknowledged: BTreeMap<Producer, u32>,
    committed: BTreeMap<Producer, u32>,
    /// Transactions that were complete.
    pub complete: u32,
}

impl Book {
    pub fn commit_is_asked_for(&mut self, producer: Producer) {
        *self.asked.entry(producer).or_default() += 1;
    }

    pub fn commit_is_acknowledged(&mut self, producer: Producer) {
        let acknowledged = self.acknowledged.entry(producer).or_default();
        *acknowledged += 1;
        let committed = self.committed.get(&producer).copied().unwrap_or_default();
        assert!(committed >= *acknowledged, "acknowledged commits happened: {producer:?}");
    }

    /// A process was told that it goes by this producer.
    pub fn told(&mut self, incarnation: (usize, u32), id: &str, producer: Producer) {
        let owner = self.told.entry(producer).or_insert(incarnation);
        assert_eq!(*owner, incarnation, "no two live producers: {producer:?}");
        assert_eq!(self.owners.get(&producer.id).map(|owner| &**owner), Some(id), "an id of its own");
    }

    /// A marker is written.
    pub fn marker(&mut self, due: &DueMarkers, partition: &TopicPartition) {
        let seen = self.seen.get_mut(&due.transactional_id).expect("no marker without a decision");
        let expected = match due.decision {
            Decision::Commit => TransactionState::PrepareCommit,
            Decision::Abort => TransactionState::PrepareAbort,
        };
        let Transaction { state, producer, partitions, .. } = &seen.transaction;
        assert_eq!((*state, *producer), (expected, due.producer), "no marker without a decision");
        assert!(partitions.contains(partition));
        seen.marked.insert(partition.clone());
    }

    /// A record of the log is committed.
    pub fn record(&mut self, id: &str, next: Transaction) {
        use TransactionState::{CompleteAbort, CompleteCommit, Empty, Ongoing, PrepareAbort, PrepareCommit};
        // The id to go on with is told with the decision.
        for producer_id in [next.producer.id, next.next_producer_id] {
            let owner = self.owners.entry(producer_id).or_insert_with(|| id.to_owned());
            let is_none = producer_id == ProducerId::NONE;
            assert!(is_none || *owner == id, "a producer id belongs to one transactional id");
        }
        let marked = match self.seen.get(id) {
            None => BTreeSet::new(),
            Some(Seen { transaction: before, marked }) => {
                let is_allowed = match next.state {
                    Empty | Ongoing => {
                        before.state.is_idle() || before.state == Ongoing && next.state == Ongoing
                    }
                    PrepareCommit => before.state == Ongoing,
                    PrepareAbort => before.state.is_idle() || before.state == Ongoing,
                    CompleteCommit => before.state == PrepareCommit,
                    CompleteAbort => before.state == PrepareAbort,
                };
                assert!(is_allowed, "decisions stand: {:?} after {:?}", next.state, before.state);
                let has_same_id = before.producer.id == next.producer.id;
                assert!(!has_same_id || before.producer.epoch <= next.producer.epoch, "epochs never regress");
                assert!(has_same_id || next.producer.epoch == ProducerEpoch(0));
                if next.state.is_idle() && next.state != Empty {
                    assert_eq!(*marked, before.partitions, "all or nothing");
                    self.complete += 1;
                }
                marked.clone()
            }
        };
        if next.state == PrepareCommit {
            self.commit(&next);
        }
        let marked = if next.state.is_prepared() { BTreeSet::new() } else { marked };
        self.seen.insert(id.to_owned(), Seen { transaction: next, marked });
    }

    fn commit(&mut self, next: &Transaction) {
        let raised = i16::from(next.client_version == TransactionVersion::V2);
        let asking = Producer { epoch: ProducerEpoch(next.producer.epoch.0 - raised), ..next.producer };
        let committed = self.committed.entry(asking).or_default();
        *committed += 1;
        let asked = self.asked.get(&asking).copied().unwrap_or_default();
        assert!(*committed <= asked, "no commit that its producer did not ask for: {asking:?}");
    }

    /// Whether the committed log has no transaction.
    pub fn is_idle(&self) -> bool {
        self.seen.values().all(|seen| seen.transaction.state.is_idle())
    }
}
