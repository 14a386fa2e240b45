//! What clients know of transactions: what each wrote, how it was to end, what became of it.
//!
//! The invariants: `aborted_records_are_not_seen`, `transactions_are_all_or_nothing`, `committed_transactions_stay`,
//! `offsets_go_with_their_transaction`, `last_stable_offsets_never_fall`, `last_stable_offsets_move_on`.

use std::collections::{BTreeMap, BTreeSet};

use crate::invariants::Violation;

/// The topics of one partition that transactional producers write to; nobody else does.
pub(crate) const TOPICS: [&str; 2] = ["transacted-0", "transacted-1"];

/// How a transaction was to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ending {
    /// It was never asked to be committed: it can only be aborted.
    NotCommitted,
    /// A commit was asked for, and not answered.
    CommitAsked,
    /// It was committed, acknowledged, or seen by a reader.
    Committed,
}

/// One transaction.
#[derive(Debug)]
struct Transaction {
    ending: Ending,
    /// What was acknowledged of it: topic and value.
    records: BTreeSet<(usize, String)>,
    /// The offset that it commits for the group of its producer's name, acknowledged.
    offset: Option<i64>,
}

/// All transactions of a run.
#[derive(Debug, Default)]
pub(crate) struct Transactions {
    /// By the name that its records begin with.
    all: BTreeMap<String, Transaction>,
    /// The last stable offset of each topic, as it was told last.
    last_stable: [i64; 2],
}

impl Transactions {
    /// A transaction begins; its records begin with `name` and a dash.
    pub(crate) fn begins(&mut self, name: &str) {
        let transaction =
            Transaction { ending: Ending::NotCommitted, records: BTreeSet::new(), offset: None };
        self.all.insert(name.to_owned(), transaction);
    }

    /// A record was acknowledged.
    pub(crate) fn wrote(&mut self, name: &str, topic: usize, value: &str) {
        if let Some(transaction) = self.all.get_mut(name) {
            transaction.records.insert((topic, value.to_owned()));
        }
    }

    /// An offset is in the transaction; those of a producer rise.
    pub(crate) fn wrote_offset(&mut self, name: &str, offset: i64) {
        if let Some(transaction) = self.all.get_mut(name) {
            transaction.offset = Some(offset);
        }
    }

    /// A commit is about to be asked for.
    pub(crate) fn asks_to_commit(&mut self, name: &str) {
        self.ends(name, Ending::CommitAsked);
    }

    /// The commit was acknowledged.
    pub(crate) fn committed(&mut self, name: &str) {
        self.ends(name, Ending::Committed);
    }

    fn ends(&mut self, name: &str, ending: Ending) {
        if let Some(transaction) = self.all.get_mut(name) {
            transaction.ending = ending;
        }
    }

    /// A last stable offset was told.
    pub(crate) fn is_stable_to(&mut self, topic: usize, offset: i64) -> Result<(), Violation> {
        let before = std::mem::replace(&mut self.last_stable[topic], offset);
        if offset < before {
            let detail = format!("{}: {offset} after {before}", TOPICS[topic]);
            return Err(Violation::new("last_stable_offsets_never_fall", detail));
        }
        Ok(())
    }

    /// Everything that readers of committed records see, when no transaction is open any more: by topic, the values in
    /// their order.
    pub(crate) fn seen(&mut self, seen: &[Vec<String>; 2]) -> Result<(), Violation> {
        let mut by_name: BTreeMap<&str, BTreeSet<(usize, String)>> = BTreeMap::new();
        for (topic, values) in seen.iter().enumerate() {
            for value in values {
                let name = value.rsplit_once('-').map_or("", |(name, _)| name);
                let is_new = by_name.entry(name).or_default().insert((topic, value.clone()));
                if !is_new {
                    let detail = format!("{value} is twice in {}", TOPICS[topic]);
                    return Err(Violation::new("transactions_are_all_or_nothing", detail));
                }
            }
        }
        if let Some(name) = by_name.keys().find(|name| !self.all.contains_key(**name)) {
            let detail = format!("nobody began {name}");
            return Err(Violation::new("transactions_are_all_or_nothing", detail));
        }
        for (name, transaction) in &mut self.all {
            let found = by_name.get(&**name);
            match (transaction.ending, found) {
                (Ending::NotCommitted, Some(found)) => {
                    let detail = format!("{name}: {found:?}");
                    return Err(Violation::new("aborted_records_are_not_seen", detail));
                }
                (Ending::Committed, None) if !transaction.records.is_empty() => {
                    let detail = format!("{name} is gone: {:?}", transaction.records);
                    return Err(Violation::new("committed_transactions_stay", detail));
                }
                (_, Some(found)) if *found != transaction.records => {
                    let detail = format!("{name} wrote {:?}, seen is {found:?}", transaction.records);
                    return Err(Violation::new("transactions_are_all_or_nothing", detail));
                }
                (Ending::CommitAsked, Some(_)) => transaction.ending = Ending::Committed,
                // What was not seen when all was decided never will be.
                (Ending::CommitAsked, None) => transaction.ending = Ending::NotCommitted,
                _ => {}
            }
        }
        Ok(())
    }
}

impl Transactions {
    /// The stable offset of a producer's group, when no transaction is open any more and [`Transactions::seen`] has told
    /// which were committed; −1 for none.
    pub(crate) fn offset_is(&self, producer: &str, offset: i64) -> Result<(), Violation> {
        let of_producer = self.all.iter().filter(|(name, it)| {
            it.ending == Ending::Committed && name.rsplit_once('-').is_some_and(|(who, _)| who == producer)
        });
        let expected = of_producer.filter_map(|(_, transaction)| transaction.offset).max().unwrap_or(-1);
        if offset != expected {
            let detail = format!("{producer}: {offset}, committed is {expected}");
            return Err(Violation::new("offsets_go_with_their_transaction", detail));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(ends: impl Fn(&mut Transactions), seen: [&[&str]; 2]) -> Option<&'static str> {
        let mut book = Transactions::default();
        book.begins("x0-1");
        book.wrote("x0-1", 0, "x0-1-0");
        book.wrote("x0-1", 1, "x0-1-1");
        ends(&mut book);
        let seen = seen.map(|values| values.iter().map(|value| (*value).to_owned()).collect());
        book.seen(&seen).err().map(|violation| violation.invariant)
    }

    #[test]
    fn a_torn_a_lost_and_an_aborted_transaction_are_seen() {
        let (open, asked) =
            (|_: &mut Transactions| {}, |book: &mut Transactions| book.asks_to_commit("x0-1"));
        let committed = |book: &mut Transactions| book.committed("x0-1");
        let whole: [&[&str]; 2] = [&["x0-1-0"], &["x0-1-1"]];
        assert_eq!(judged(open, [&[], &[]]), None);
        assert_eq!(judged(open, whole), Some("aborted_records_are_not_seen"));
        assert_eq!(judged(asked, [&[], &[]]), None);
        assert_eq!(judged(asked, whole), None);
        assert_eq!(judged(asked, [&["x0-1-0"], &[]]), Some("transactions_are_all_or_nothing"));
        assert_eq!(judged(committed, [&[], &[]]), Some("committed_transactions_stay"));
        assert_eq!(judged(committed, whole), None);
        assert_eq!(
            judged(committed, [&["x0-1-0", "x0-1-0"], &["x0-1-1"]]),
            Some("transactions_are_all_or_nothing")
        );
    }

    #[test]
    fn an_offset_of_a_transaction_that_was_not_committed_is_seen() {
        let mut book = Transactions::default();
        for (name, offset) in [("x0-1", 1), ("x0-2", 2), ("x00-1", 7)] {
            book.begins(name);
            book.wrote_offset(name, offset);
        }
        assert!(book.offset_is("x0", -1).is_ok() && book.offset_is("x0", 1).is_err());
        book.committed("x0-1");
        assert!(book.offset_is("x0", 1).is_ok());
        assert!(book.offset_is("x0", 2).is_err() && book.offset_is("x0", -1).is_err());
    }

    #[test]
    fn a_last_stable_offset_that_falls_is_seen() {
        let mut book = Transactions::default();
        assert_eq!(book.is_stable_to(1, 5), Ok(()));
        assert!(book.is_stable_to(1, 4).is_err());
    }
}
