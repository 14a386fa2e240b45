//! What must hold, each under its name. They compare what a client was told with the book, and change neither.
//!
//! Named elsewhere, where they are seen: `nothing_panics`, `node_comes_up_again`, `node_stays_up`, `node_stops`,
//! `every_log_opens_again`, `answers_come`, `answers_come_in_order`, `answers_can_be_read`,
//! `connections_end_for_a_reason`; and those of groups, in `groups` and where members see them:
//! `acknowledged_commits_stay`, `commits_are_read_as_written`, `refused_commits_are_not_seen`, `every_commit_is_answered`,
//! `partitions_have_one_owner`, `members_get_what_the_leader_assigned`, `generations_never_fall`,
//! `member_epochs_never_fall`, `epochs_are_fenced_for_a_reason`,
//! `members_stay_for_their_session`, `coordinators_load`, `groups_become_stable`; and those of transactions, in
//! `transactions`.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use crate::book::{Compaction, Partition, TopicKind};
use crate::keyed::keyed;

/// A promise that was broken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// The invariant's name.
    pub invariant: &'static str,
    /// What was seen.
    pub detail: String,
}

impl Violation {
    pub(crate) fn new(invariant: &'static str, detail: String) -> Self {
        Self { invariant, detail }
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.invariant, self.detail)
    }
}

/// A record as a client read it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Seen {
    pub(crate) offset: i64,
    pub(crate) timestamp: i64,
    pub(crate) value: String,
}

/// A whole partition as a client read it.
#[derive(Debug)]
pub(crate) struct Reading {
    pub(crate) log_start: i64,
    pub(crate) high_watermark: i64,
    pub(crate) records: Vec<Seen>,
}

type Checked = Result<(), Violation>;

fn broken(invariant: &'static str, detail: String) -> Checked {
    Err(Violation::new(invariant, detail))
}

/// Between the log's start and the high watermark every offset has its record, in order: no gap, nothing twice.
pub(crate) fn offsets_are_dense(place: &str, reading: &Reading) -> Checked {
    let expected = reading.log_start..reading.high_watermark;
    let found: Vec<i64> = reading.records.iter().map(|record| record.offset).collect();
    if expected.clone().ne(found.iter().copied()) {
        return broken("offsets_are_dense", format!("{place}: {expected:?} is {found:?}"));
    }
    Ok(())
}

/// In a compacted log, offsets may be missing, and stay in order.
pub(crate) fn offsets_ascend(place: &str, reading: &Reading) -> Checked {
    let within = reading.log_start..reading.high_watermark;
    let offsets: Vec<i64> = reading.records.iter().map(|record| record.offset).collect();
    if !offsets.is_sorted_by(|one, next| one < next) || !offsets.iter().all(|it| within.contains(it)) {
        return broken("offsets_ascend", format!("{place}: {within:?} is {offsets:?}"));
    }
    Ok(())
}

/// Compaction takes only what a later record of the same key supersedes; at last a tombstone, where those go. What
/// supersedes a record may be behind the end that is shown, and for the keys `unseen` a record that nobody has seen.
pub(crate) fn last_record_of_each_key_stays(
    place: &str,
    compaction: Compaction,
    known: &BTreeMap<i64, String>,
    unseen: &BTreeSet<String>,
    reading: &Reading,
) -> Checked {
    let read: BTreeMap<i64, &String> = reading.records.iter().map(|it| (it.offset, &it.value)).collect();
    let mut last: BTreeMap<&str, (i64, &String)> = BTreeMap::new();
    for (offset, text) in known.iter().map(|(offset, text)| (*offset, text)).chain(read.clone()) {
        let Some(keyed) = keyed(text) else { continue };
        let newest = last.entry(keyed.key).or_insert((offset, text));
        if newest.0 < offset {
            *newest = (offset, text);
        }
    }
    for (key, (offset, text)) in last {
        let is_shown = (reading.log_start..reading.high_watermark).contains(&offset);
        let is_tombstone = keyed(text).is_some_and(|it| it.is_tombstone);
        let may_go = unseen.contains(key) || compaction == Compaction::TombstonesGo && is_tombstone;
        if is_shown && !may_go && !read.contains_key(&offset) {
            let detail = format!("{place}: {text} at {offset} is the last of {key}, and gone");
            return broken("last_record_of_each_key_stays", detail);
        }
    }
    Ok(())
}

/// Every record is one that was sent to this partition, byte for byte, with its timestamp.
pub(crate) fn record_was_sent(place: &str, sent: Option<&BTreeMap<String, i64>>, record: &Seen) -> Checked {
    let Seen { offset, timestamp, value } = record;
    match sent.and_then(|sent| sent.get(value)) {
        Some(sent) if sent == timestamp => Ok(()),
        Some(sent) => {
            let detail = format!("{place} at {offset}: sent with time {sent}, has {timestamp}");
            broken("record_was_sent", detail)
        }
        None => broken("record_was_sent", format!("{place} at {offset}: never sent: {value}")),
    }
}

/// An offset that was acknowledged or read once keeps its record, as long as that exists.
pub(crate) fn offset_keeps_its_record(place: &str, known: &BTreeMap<i64, String>, record: &Seen) -> Checked {
    let Seen { offset, value, .. } = record;
    match known.get(offset) {
        Some(known) if known != value => {
            broken("offset_keeps_its_record", format!("{place} at {offset}: {value}, was {known}"))
        }
        _ => Ok(()),
    }
}

/// What was acknowledged or read is there: after the death of a process all of it, after a power cut what was
/// acknowledged in a topic that flushes each message. (After a power cut without, what is there is a prefix: the other
/// invariants say so.)
pub(crate) fn nothing_promised_is_lost(place: &str, partition: &Partition, high_watermark: i64) -> Checked {
    if high_watermark < partition.promised_end {
        let detail = format!("{place}: promised to {}, ends at {high_watermark}", partition.promised_end);
        return broken("nothing_promised_is_lost", detail);
    }
    Ok(())
}

/// The log's start moves on request alone, where retention deletes nothing.
pub(crate) fn log_start_moves_on_request(
    place: &str,
    kind: TopicKind,
    partition: &Partition,
    log_start: i64,
) -> Checked {
    if !kind.has_retention && log_start > partition.start_asked {
        let detail = format!("{place}: {log_start}, asked for {}", partition.start_asked);
        return broken("log_start_moves_on_request", detail);
    }
    Ok(())
}

/// No record is there twice, and the records of one idempotent producer are in the order in which it sent them.
pub(crate) fn producers_are_idempotent(place: &str, records: &[Seen]) -> Checked {
    let mut last: BTreeMap<&str, (u64, i64)> = BTreeMap::new();
    let mut offsets: BTreeMap<&str, i64> = BTreeMap::new();
    for record in records {
        if let Some(before) = offsets.insert(&record.value, record.offset) {
            let detail = format!("{place}: {} at {before} and {}", record.value, record.offset);
            return broken("producers_are_idempotent", detail);
        }
        let Some((producer, number)) = sender(&record.value).filter(|(name, _)| name.starts_with('i')) else {
            continue;
        };
        if let Some((before, at)) = last.insert(producer, (number, record.offset))
            && before >= number
        {
            let detail =
                format!("{place}: {producer} sent {before} at {at}, then {number} at {}", record.offset);
            return broken("producers_are_idempotent", detail);
        }
    }
    Ok(())
}

/// Within a connection what is told of a partition never goes back.
pub(crate) fn never_falls(invariant: &'static str, place: &str, before: i64, now: i64) -> Checked {
    if now < before {
        return broken(invariant, format!("{place}: {now} after {before}"));
    }
    Ok(())
}

/// Who sent a value, and its number there: values look like `i0.1000-17-xxxx`.
fn sender(value: &str) -> Option<(&str, u64)> {
    let mut parts = value.split('-');
    Some((parts.next()?, parts.next()?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(offset: i64, value: &str) -> Seen {
        Seen { offset, timestamp: 5, value: value.to_owned() }
    }

    fn check(result: Checked, expected: Option<&str>) {
        assert_eq!(result.err().map(|it| it.invariant), expected);
    }

    #[test]
    fn a_gap_a_double_and_a_swap_are_seen() {
        let reading = |records: Vec<Seen>| Reading { log_start: 1, high_watermark: 3, records };
        check(offsets_are_dense("p", &reading(vec![seen(1, "a"), seen(2, "b")])), None);
        check(offsets_are_dense("p", &reading(vec![seen(2, "b")])), Some("offsets_are_dense"));
        check(producers_are_idempotent("p", &[seen(1, "i0.7-1-"), seen(2, "i0.7-2-")]), None);
        let name = Some("producers_are_idempotent");
        check(producers_are_idempotent("p", &[seen(1, "i0.7-2-"), seen(2, "i0.7-1-")]), name);
        check(producers_are_idempotent("p", &[seen(1, "p0-2-"), seen(2, "p0-2-")]), name);
    }

    #[test]
    fn in_a_compacted_log_only_what_is_superseded_may_be_missing() {
        let known = [(1, "p0-1-k1-"), (2, "p0-2-k2-"), (3, "p0-3-k1-"), (4, "p0-4-k3!-")];
        let known = known.map(|(offset, text)| (offset, text.to_owned())).into();
        let reading = |offsets: &[i64]| {
            let texts: &BTreeMap<i64, String> = &known;
            let records = offsets.iter().map(|offset| seen(*offset, &texts[offset])).collect();
            Reading { log_start: 1, high_watermark: 5, records }
        };
        let (none, name) = (BTreeSet::new(), Some("last_record_of_each_key_stays"));
        let check_last = |compaction, offsets: &[i64], expected| {
            let result = last_record_of_each_key_stays("p", compaction, &known, &none, &reading(offsets));
            check(result, expected);
        };
        check_last(Compaction::TombstonesStay, &[2, 3, 4], None);
        check_last(Compaction::TombstonesStay, &[1, 2, 4], name);
        check_last(Compaction::TombstonesStay, &[2, 3], name);
        check_last(Compaction::TombstonesGo, &[2, 3], None);
        check_last(Compaction::TombstonesGo, &[3], name);
        check(offsets_ascend("p", &reading(&[1, 4])), None);
        check(offsets_ascend("p", &reading(&[4, 1])), Some("offsets_ascend"));
    }

    #[test]
    fn a_lost_and_a_foreign_record_are_seen() {
        let partition = Partition { promised_end: 4, ..Partition::default() };
        check(nothing_promised_is_lost("p", &partition, 3), Some("nothing_promised_is_lost"));
        check(nothing_promised_is_lost("p", &partition, 4), None);
        let sent = BTreeMap::from([("a".to_owned(), 5)]);
        check(record_was_sent("p", None, &seen(0, "a")), Some("record_was_sent"));
        check(record_was_sent("p", Some(&sent), &seen(0, "a")), None);
        let known = BTreeMap::from([(0, "b".to_owned())]);
        check(offset_keeps_its_record("p", &known, &seen(0, "a")), Some("offset_keeps_its_record"));
    }
}
