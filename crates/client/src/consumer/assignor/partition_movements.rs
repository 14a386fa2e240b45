//! Which partitions moved from whom to whom within one computation, so that two partitions of a topic are not swapped
//! where moving neither would do.

use std::collections::{BTreeMap, BTreeSet};

use types::{TopicName, TopicPartition};

/// From, to.
type Pair = (String, String);

#[derive(Default)]
pub(super) struct PartitionMovements {
    by_partition: BTreeMap<TopicPartition, Pair>,
    by_topic: BTreeMap<TopicName, BTreeMap<Pair, BTreeSet<TopicPartition>>>,
}

impl PartitionMovements {
    /// Notes that a partition goes from one member to another.
    pub(super) fn moved(&mut self, partition: &TopicPartition, from: &str, to: &str) {
        let origin = match self.forget(partition) {
            None => from.to_owned(),
            Some((origin, _)) if origin == to => return,
            Some((origin, _)) => origin,
        };
        let pair = (origin, to.to_owned());
        let pairs = self.by_topic.entry(partition.topic.clone()).or_default();
        pairs.entry(pair.clone()).or_default().insert(partition.clone());
        self.by_partition.insert(partition.clone(), pair);
    }

    /// The partition to move so that `from` has one less and `to` one more: one that went the other way before, if any.
    pub(super) fn best(&self, partition: &TopicPartition, from: &str, to: &str) -> TopicPartition {
        let Some(pairs) = self.by_topic.get(&partition.topic) else { return partition.clone() };
        let from = self.by_partition.get(partition).map_or(from, |(origin, _)| origin.as_str());
        let reverse = (to.to_owned(), from.to_owned());
        pairs.get(&reverse).and_then(BTreeSet::first).unwrap_or(partition).clone()
    }

    fn forget(&mut self, partition: &TopicPartition) -> Option<Pair> {
        let pair = self.by_partition.remove(partition)?;
        if let Some(pairs) = self.by_topic.get_mut(&partition.topic) {
            if let Some(moved) = pairs.get_mut(&pair) {
                moved.remove(partition);
                if moved.is_empty() {
                    pairs.remove(&pair);
                }
            }
            if pairs.is_empty() {
                self.by_topic.remove(&partition.topic);
            }
        }
        Some(pair)
    }
}
