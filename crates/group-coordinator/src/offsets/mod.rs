//! Committed offsets: of groups, and of clients that only keep their offsets here.
//!
//! One file for each verb. Every change is a record, and is applied as the replay of that record would be: the offsets
//! of a shard are what its log says.
//!
//! Offsets that a transaction commits are pending until its marker (KIP-98).

mod commit;
mod commit_in_transaction;
mod delete;
mod expire;
mod fetch;
#[cfg(test)]
mod offsets_test;
mod pending;
#[cfg(test)]
mod random_test;
mod replay;
mod request;
mod room;
#[cfg(test)]
mod transactions_test;

pub(crate) use expire::Expired;
pub(crate) use room::Room;

pub use request::{
    CommitOffset, CommitOffsets, CommitOffsetsInTransaction, CommittedOffset, CommittedPartition,
    DeleteOffsets, DeletedPartition, FetchOffsets, FetchedOffset, FetchedOffsets,
};

use std::collections::BTreeMap;

use foldhash::fast::FixedState;
use hashbrown::{HashMap, HashSet};
use types::{LeaderEpoch, Offset, TopicName, TopicPartition, Uuid};

use crate::timers::GroupId;
use pending::Pending;

/// The committed offsets of one shard.
#[derive(Debug, Default)]
pub struct Offsets {
    by_group: HashMap<GroupId, Partitions, FixedState>,
    /// Of transactions that are not decided.
    pending: Pending,
    /// Every topic's name once, shared by the offsets of all groups.
    names: HashSet<TopicName, FixedState>,
    /// Deleted topics whose offsets may not all be gone yet.
    deleted_topics: BTreeMap<TopicName, Uuid>,
    /// Of the next record: tells which of two commits came later.
    next_order: i64,
}

type Partitions = HashMap<TopicPartition, Kept, FixedState>;

/// A committed offset, in little memory: a shard can hold millions.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Kept {
    offset: Offset,
    /// −1 where unknown.
    leader_epoch: LeaderEpoch,
    metadata: Box<str>,
    committed_at_ms: i64,
    /// −1: none of its own.
    expires_at_ms: i64,
    /// Zero where unknown.
    topic_id: Uuid,
    /// Offsets of one partition that were committed later have a higher one.
    order: i64,
}

const _: () =
    assert!(size_of::<(TopicPartition, Kept)>() <= 104, "a hundred thousand offsets cost ten megabytes");

impl Kept {
    fn new(committed: CommittedOffset, order: i64) -> Self {
        Self {
            offset: committed.offset,
            leader_epoch: committed.leader_epoch.unwrap_or(LeaderEpoch(-1)),
            metadata: committed.metadata.into_boxed_str(),
            committed_at_ms: committed.committed_at_ms,
            expires_at_ms: committed.expires_at_ms.unwrap_or(-1),
            topic_id: committed.topic_id.unwrap_or(Uuid::ZERO),
            order,
        }
    }

    fn committed(&self) -> CommittedOffset {
        CommittedOffset {
            offset: self.offset,
            leader_epoch: (self.leader_epoch != LeaderEpoch(-1)).then_some(self.leader_epoch),
            metadata: self.metadata.to_string(),
            committed_at_ms: self.committed_at_ms,
            expires_at_ms: (self.expires_at_ms != -1).then_some(self.expires_at_ms),
            topic_id: (self.topic_id != Uuid::ZERO).then_some(self.topic_id),
        }
    }
}

impl Offsets {
    /// What the group has committed of a partition.
    pub fn get(&self, group_id: &str, partition: &TopicPartition) -> Option<CommittedOffset> {
        self.by_group.get(group_id)?.get(partition).map(Kept::committed)
    }

    /// How many offsets are committed.
    pub fn len(&self) -> usize {
        self.by_group.values().map(HashMap::len).sum()
    }

    /// Whether none is committed.
    pub fn is_empty(&self) -> bool {
        self.by_group.is_empty()
    }

    /// The partitions of a group that have a committed offset, or one that a transaction may commit; in order.
    fn partitions(&self, group_id: &str) -> Vec<TopicPartition> {
        let committed = self.by_group.get(group_id).into_iter().flat_map(HashMap::keys);
        let mut partitions: Vec<_> = committed.chain(self.pending.partitions(group_id)).cloned().collect();
        partitions.sort_unstable();
        partitions.dedup();
        partitions
    }

    /// The partition with the one copy of its topic's name.
    fn shared(&mut self, partition: &TopicPartition) -> TopicPartition {
        let topic = self.names.get_or_insert_with(&partition.topic, TopicName::clone).clone();
        TopicPartition { topic, partition: partition.partition }
    }

    /// Names that no offset has any more go.
    fn forget_names(&mut self) {
        self.names.retain(|name| TopicName::strong_count(name) > 1);
    }

    #[cfg(test)]
    fn names(&self) -> usize {
        self.names.len()
    }

    fn put(&mut self, group_id: &str, partition: &TopicPartition, kept: Kept) {
        let partition = self.shared(partition);
        if let Some(partitions) = self.by_group.get_mut(group_id) {
            partitions.insert(partition, kept);
        } else {
            self.by_group.entry(group_id.into()).or_default().insert(partition, kept);
        }
    }

    /// Removes an offset, and what transactions hold of it.
    fn remove(&mut self, group_id: &str, partition: &TopicPartition) {
        if let Some(partitions) = self.by_group.get_mut(group_id) {
            partitions.remove(partition);
            if partitions.is_empty() {
                self.by_group.remove(group_id);
            }
        }
        self.pending.remove(group_id, partition);
    }

    fn take_order(&mut self) -> i64 {
        let order = self.next_order;
        self.next_order += 1;
        order
    }
}
