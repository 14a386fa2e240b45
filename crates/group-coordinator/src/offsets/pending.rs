//! Offsets of transactions that are not decided.

use std::collections::{BTreeMap, BTreeSet};

use foldhash::fast::FixedState;
use hashbrown::HashMap;
use types::{ProducerId, TopicPartition};

use super::{Kept, Partitions};
use crate::timers::GroupId;

/// What producers have committed in transactions that have no marker yet.
///
/// *Invariant:* a producer holds an offset of a partition exactly where it is among the partition's holders.
#[derive(Debug, Default)]
pub(super) struct Pending {
    by_producer: BTreeMap<ProducerId, BTreeMap<GroupId, Partitions>>,
    /// Who holds an offset, so that whether anybody does is not asked of every producer.
    holders: HashMap<GroupId, HashMap<TopicPartition, BTreeSet<ProducerId>, FixedState>, FixedState>,
}

impl Pending {
    pub(super) fn put(
        &mut self,
        producer: ProducerId,
        group_id: &str,
        partition: TopicPartition,
        kept: Kept,
    ) {
        let holders = self.holders.entry(group_id.into()).or_default();
        holders.entry(partition.clone()).or_default().insert(producer);
        let groups = self.by_producer.entry(producer).or_default();
        groups.entry(group_id.into()).or_default().insert(partition, kept);
    }

    /// Ends what is pending of a producer, and returns it.
    pub(super) fn take(&mut self, producer: ProducerId) -> BTreeMap<GroupId, Partitions> {
        let taken = self.by_producer.remove(&producer).unwrap_or_default();
        for (group_id, partitions) in &taken {
            for partition in partitions.keys() {
                self.release(group_id, partition, producer);
            }
        }
        taken
    }

    /// Ends what is pending of a partition, whoever holds it.
    pub(super) fn remove(&mut self, group_id: &str, partition: &TopicPartition) {
        let held = self.holders.get(group_id).and_then(|partitions| partitions.get(partition));
        for producer in held.cloned().unwrap_or_default() {
            self.release(group_id, partition, producer);
            let Some(groups) = self.by_producer.get_mut(&producer) else { continue };
            if let Some(partitions) = groups.get_mut(group_id) {
                partitions.remove(partition);
                if partitions.is_empty() {
                    groups.remove(group_id);
                }
            }
            if groups.is_empty() {
                self.by_producer.remove(&producer);
            }
        }
    }

    /// Whether a transaction that is not decided holds an offset of the partition.
    pub(super) fn holds(&self, group_id: &str, partition: &TopicPartition) -> bool {
        self.holders.get(group_id).is_some_and(|partitions| partitions.contains_key(partition))
    }

    /// Whether a transaction that is not decided holds any offset of the group.
    pub(super) fn holds_any(&self, group_id: &str) -> bool {
        self.holders.contains_key(group_id)
    }

    /// The partitions of a group whose offsets are held, each once.
    pub(super) fn partitions(&self, group_id: &str) -> impl Iterator<Item = &TopicPartition> {
        self.holders.get(group_id).into_iter().flat_map(HashMap::keys)
    }

    /// All that is held, by producer and group.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&GroupId, &Partitions)> {
        self.by_producer.values().flatten()
    }

    fn release(&mut self, group_id: &str, partition: &TopicPartition, producer: ProducerId) {
        let Some(partitions) = self.holders.get_mut(group_id) else { return };
        if let Some(producers) = partitions.get_mut(partition) {
            producers.remove(&producer);
            if producers.is_empty() {
                partitions.remove(partition);
            }
        }
        if partitions.is_empty() {
            self.holders.remove(group_id);
        }
    }

    #[cfg(test)]
    pub(super) fn is_empty(&self) -> bool {
        self.by_producer.is_empty() && self.holders.is_empty()
    }
}
