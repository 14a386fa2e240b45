//! Which transactions have records left: the markers of others may go, and aborted records go at once.

use std::collections::{BTreeMap, BTreeSet};

use record::{ControlRecordType, RecordBatch, control_batch};
use types::{Offset, ProducerId};

use crate::index::AbortedTransaction;

/// What the batches read so far say about transactions, told in the order of the log.
#[derive(Debug, Default)]
pub(super) struct CleanedTransactions {
    /// Aborted transactions that begin further on.
    ahead: BTreeMap<Offset, Vec<AbortedTransaction>>,
    /// Producers whose open transaction will be aborted.
    aborted: BTreeMap<ProducerId, OpenAborted>,
    /// Producers with records of a transaction that will be committed.
    committed: BTreeSet<ProducerId>,
}

#[derive(Debug)]
struct OpenAborted {
    transaction: AbortedTransaction,
    has_batches: bool,
}

/// What becomes of a marker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum MarkerFate {
    /// Its transaction has records: it stays, and an aborted one stays in the index.
    Stays(Option<AbortedTransaction>),
    /// Nothing is left of its transaction: it may go once its delete horizon has passed.
    MayGo,
}

impl CleanedTransactions {
    /// Tells of aborted transactions; a transaction may be told of twice while it is open.
    pub(super) fn expect(&mut self, aborted: impl IntoIterator<Item = AbortedTransaction>) {
        for transaction in aborted {
            self.ahead.entry(transaction.first_offset).or_default().push(transaction);
        }
    }

    /// A batch of records. Returns whether it is aborted.
    pub(super) fn on_data(&mut self, batch: &RecordBatch) -> bool {
        let header = batch.header();
        self.open_up_to(header.last_offset());
        if !header.attributes.is_transactional() {
            return false;
        }
        if let Some(open) = self.aborted.get_mut(&header.producer_id) {
            open.has_batches = true;
            return true;
        }
        self.committed.insert(header.producer_id);
        false
    }

    /// A control batch, with its first record's key; `None` where it was emptied before.
    pub(super) fn on_control(&mut self, batch: &RecordBatch, key: Option<&[u8]>) -> MarkerFate {
        let header = batch.header();
        self.open_up_to(header.last_offset());
        let Some(key) = key else { return MarkerFate::MayGo };
        match control_batch::parse_key(key).and_then(ControlRecordType::from_id) {
            Some(ControlRecordType::Abort) => match self.aborted.remove(&header.producer_id) {
                Some(open) if open.has_batches => MarkerFate::Stays(Some(open.transaction)),
                _ => MarkerFate::MayGo,
            },
            Some(ControlRecordType::Commit) if self.committed.remove(&header.producer_id) => {
                MarkerFate::Stays(None)
            }
            Some(ControlRecordType::Commit) => MarkerFate::MayGo,
            _ => MarkerFate::Stays(None),
        }
    }

    fn open_up_to(&mut self, offset: Offset) {
        while let Some(first) = self.ahead.first_entry().filter(|first| *first.key() <= offset) {
            for transaction in first.remove() {
                let open = OpenAborted { transaction, has_batches: false };
                self.aborted.entry(transaction.producer_id).or_insert(open);
            }
        }
    }
}
