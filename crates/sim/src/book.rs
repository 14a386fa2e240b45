//! The clients' book: what they asked for, what they were promised, what they saw.

use std::collections::{BTreeMap, BTreeSet};

use types::Uuid;

use crate::groups::Groups;
use crate::invariants::{self, Reading, Seen, Violation};
use crate::keyed::{Keyed, keyed};
use crate::transactions::Transactions;

/// What all clients of a run know together.
#[derive(Debug, Default)]
pub(crate) struct Book {
    /// Topics by id, those that were deleted among them.
    pub(crate) topics: BTreeMap<Uuid, Topic>,
    /// Names whose creation was asked for and not answered, with their number of partitions.
    pub(crate) uncertain_names: BTreeMap<String, (TopicKind, usize)>,
    /// Records that were sent, by the topic's name (it may be made anew meanwhile) and the partition: values and
    /// timestamps.
    pub(crate) sent: BTreeMap<(String, i32), BTreeMap<String, i64>>,
    /// Producer ids that were given.
    pub(crate) producer_ids: BTreeSet<i64>,
    pub(crate) groups: Groups,
    pub(crate) transactions: Transactions,
}

/// A topic's settings, as far as promises depend on them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TopicKind {
    /// `flush.messages=1`: what is acknowledged survives a power cut.
    pub(crate) is_flushed: bool,
    /// Old segments are deleted.
    pub(crate) has_retention: bool,
    /// Of each key the last record stays.
    pub(crate) compaction: Option<Compaction>,
}

/// How a topic is compacted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Compaction {
    /// Tombstones stay for longer than a run.
    TombstonesStay,
    /// They may go, and with them the last sign of their keys.
    TombstonesGo,
}

/// A topic that a client was told of.
#[derive(Debug)]
pub(crate) struct Topic {
    pub(crate) name: String,
    pub(crate) kind: TopicKind,
    pub(crate) fate: Fate,
    pub(crate) partitions: Vec<Partition>,
    /// The highest number of partitions that was ever asked for.
    pub(crate) partitions_asked: usize,
}

/// Whether a topic is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    /// Created, and not asked to be deleted.
    Present,
    /// Asked to be deleted, not answered.
    Uncertain,
    /// Deleted, acknowledged.
    Deleted,
}

/// What stands behind an audit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DiskState {
    Works,
    /// What could not be flushed is not shown, and is there all the same.
    Fails,
}

/// What is known of a partition.
#[derive(Debug, Default)]
pub(crate) struct Partition {
    /// Records that were acknowledged or read, by offset: their values.
    pub(crate) known: BTreeMap<i64, String>,
    /// Every record below survives the death of the process.
    pub(crate) promised_end: i64,
    /// Every record below survives a power cut.
    pub(crate) durable_end: i64,
    /// The highest offset below which records were asked to be deleted.
    pub(crate) start_asked: i64,
    pub(crate) leader_epoch: i32,
    /// How often what was not synced may have been lost.
    pub(crate) losses: u64,
}

impl Book {
    /// Promises that did not reach the disk are void.
    pub(crate) fn power_was_cut(&mut self) {
        for partition in self.topics.values_mut().flat_map(|topic| &mut topic.partitions) {
            partition.promised_end = partition.durable_end;
            partition.losses += 1;
        }
    }

    /// Topics that clients may use.
    pub(crate) fn present(&self) -> Vec<(Uuid, String, usize)> {
        let present = self.topics.iter().filter(|(_, topic)| topic.fate == Fate::Present);
        present.map(|(id, topic)| (*id, topic.name.clone(), topic.partitions.len())).collect()
    }

    /// A topic was created with this id.
    pub(crate) fn created(&mut self, id: Uuid, name: &str, kind: TopicKind, partitions: usize) {
        self.uncertain_names.remove(name);
        let topic = self.topics.entry(id).or_insert_with(|| Topic {
            name: name.to_owned(),
            kind,
            fate: Fate::Present,
            partitions: Vec::new(),
            partitions_asked: partitions,
        });
        topic.grow(partitions);
    }

    pub(crate) fn is_present(&self, id: Uuid) -> bool {
        self.topics.get(&id).is_some_and(|topic| topic.fate == Fate::Present)
    }

    pub(crate) fn is_compacted(&self, id: Uuid) -> bool {
        self.topics.get(&id).is_some_and(|topic| topic.kind.compaction.is_some())
    }

    pub(crate) fn is_deleted(&self, id: Uuid) -> bool {
        self.topics.get(&id).is_some_and(|topic| topic.fate == Fate::Deleted)
    }

    pub(crate) fn set_fate(&mut self, id: Uuid, fate: Fate) {
        if let Some(topic) = self.topics.get_mut(&id) {
            topic.fate = fate;
        }
    }

    /// Names of topics that were deleted, free to be given again.
    pub(crate) fn freed_names(&self) -> Vec<String> {
        let taken: BTreeSet<&String> = (self.topics.values())
            .filter(|topic| topic.fate != Fate::Deleted)
            .map(|topic| &topic.name)
            .chain(self.uncertain_names.keys())
            .collect();
        let deleted: BTreeSet<&String> = self.topics.values().map(|topic| &topic.name).collect();
        deleted.difference(&taken).map(|name| (*name).clone()).collect()
    }

    /// A topic may have so many partitions from here on.
    pub(crate) fn asks_for_partitions(&mut self, id: Uuid, count: usize) {
        if let Some(topic) = self.topics.get_mut(&id) {
            topic.partitions_asked = topic.partitions_asked.max(count);
        }
    }

    /// A topic was given so many partitions.
    pub(crate) fn has_partitions(&mut self, id: Uuid, count: usize) {
        if let Some(topic) = self.topics.get_mut(&id) {
            topic.grow(count);
        }
    }

    pub(crate) fn partition(&mut self, id: Uuid, index: i32) -> Option<(TopicKind, &mut Partition)> {
        let topic = self.topics.get_mut(&id)?;
        Some((topic.kind, topic.partitions.get_mut(usize::try_from(index).ok()?)?))
    }

    /// A record is about to be sent.
    pub(crate) fn sends(&mut self, name: &str, index: i32, value: &str, timestamp: i64) {
        self.sent.entry((name.to_owned(), index)).or_default().insert(value.to_owned(), timestamp);
    }

    /// A record was acknowledged or read; checks that it may be where it is, and remembers it.
    pub(crate) fn sees(&mut self, id: Uuid, index: i32, record: &Seen) -> Result<(), Violation> {
        let Some(topic) = self.topics.get_mut(&id) else { return Ok(()) };
        let place = format!("{}-{index}", topic.name);
        let Some(partition) = topic.partitions.get_mut(index as usize) else { return Ok(()) };
        let sent = self.sent.get(&(topic.name.clone(), index));
        invariants::record_was_sent(&place, sent, record)?;
        invariants::offset_keeps_its_record(&place, &partition.known, record)?;
        partition.known.insert(record.offset, record.value.clone());
        partition.promised_end = partition.promised_end.max(record.offset + 1);
        Ok(())
    }

    /// A record was acknowledged.
    pub(crate) fn acknowledged(&mut self, id: Uuid, index: i32, record: &Seen) -> Result<(), Violation> {
        self.sees(id, index, record)?;
        if let Some((kind, partition)) = self.partition(id, index)
            && kind.is_flushed
        {
            partition.durable_end = partition.durable_end.max(record.offset + 1);
        }
        Ok(())
    }

    /// Keys whose last record may be one that nobody has seen, and that cannot be seen now: a tombstone that is gone again,
    /// or on a disk that fails whatever could not be flushed.
    fn unseen_keys(
        &self,
        name: &str,
        index: i32,
        (compaction, disk): (Compaction, DiskState),
        known: &BTreeMap<i64, String>,
        records: &[Seen],
    ) -> BTreeSet<String> {
        let seen: BTreeSet<&String> = known.values().chain(records.iter().map(|it| &it.value)).collect();
        let sent = self.sent.get(&(name.to_owned(), index)).into_iter().flat_map(BTreeMap::keys);
        let unseen = sent.filter(|text| !seen.contains(text)).filter_map(|text| keyed(text));
        let may_be_gone = |it: &Keyed<'_>| match disk {
            DiskState::Works => compaction == Compaction::TombstonesGo && it.is_tombstone,
            DiskState::Fails => true,
        };
        unseen.filter(may_be_gone).map(|it| it.key.to_owned()).collect()
    }

    /// A whole partition was read just after a start.
    pub(crate) fn audited(
        &mut self,
        id: Uuid,
        index: i32,
        reading: &Reading,
        disk: DiskState,
    ) -> Result<(), Violation> {
        let Some(name) = self.topics.get(&id).map(|topic| topic.name.clone()) else { return Ok(()) };
        let Some((kind, partition)) = self.partition(id, index) else { return Ok(()) };
        let place = format!("{name}-{index}");
        if disk == DiskState::Works {
            invariants::nothing_promised_is_lost(&place, partition, reading.high_watermark)?;
        }
        invariants::log_start_moves_on_request(&place, kind, partition, reading.log_start)?;
        if kind.compaction.is_none() {
            invariants::offsets_are_dense(&place, reading)?;
        }
        invariants::producers_are_idempotent(&place, &reading.records)?;
        // Only what a power cut voided is behind the end.
        partition.promised_end = partition.promised_end.max(reading.high_watermark);
        drop(partition.known.split_off(&partition.promised_end));
        if let Some(compaction) = kind.compaction {
            let known = partition.known.clone();
            let unseen = self.unseen_keys(&name, index, (compaction, disk), &known, &reading.records);
            invariants::offsets_ascend(&place, reading)?;
            invariants::last_record_of_each_key_stays(&place, compaction, &known, &unseen, reading)?;
        }
        reading.records.iter().try_for_each(|record| self.sees(id, index, record))
    }
}

impl Topic {
    /// There are at least so many partitions.
    pub(crate) fn grow(&mut self, partitions: usize) {
        self.partitions_asked = self.partitions_asked.max(partitions);
        while self.partitions.len() < partitions {
            self.partitions.push(Partition::default());
        }
    }
}
