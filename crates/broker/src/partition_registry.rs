//! The partitions that this broker hosts, by topic id. Lookup only.

use std::sync::{Arc, PoisonError, RwLock};

use hashbrown::HashMap;
use types::TopicIdPartition;

use crate::partition::Partition;

/// The hosted partitions whose logs are open.
#[derive(Debug, Default)]
pub struct PartitionRegistry {
    partitions: RwLock<HashMap<TopicIdPartition, Arc<Partition>, foldhash::fast::FixedState>>,
}

impl PartitionRegistry {
    /// The partition, if it is hosted here and its log is open.
    pub fn get(&self, id: &TopicIdPartition) -> Option<Arc<Partition>> {
        self.partitions.read().unwrap_or_else(PoisonError::into_inner).get(id).cloned()
    }

    /// Adds a partition whose log has been opened.
    pub fn insert(&self, partition: Arc<Partition>) {
        self.partitions.write().unwrap_or_else(PoisonError::into_inner).insert(partition.id(), partition);
    }

    /// Takes a partition out; requests that hold it finish with it.
    pub fn remove(&self, id: &TopicIdPartition) -> Option<Arc<Partition>> {
        self.partitions.write().unwrap_or_else(PoisonError::into_inner).remove(id)
    }

    /// All partitions, ordered by id.
    pub fn all(&self) -> Vec<Arc<Partition>> {
        let partitions = self.partitions.read().unwrap_or_else(PoisonError::into_inner);
        let mut all: Vec<_> = partitions.values().cloned().collect();
        all.sort_unstable_by_key(|partition| partition.id());
        all
    }

    /// How many partitions are hosted.
    pub fn len(&self) -> usize {
        self.partitions.read().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// Whether none is hosted.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}
