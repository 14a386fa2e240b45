//! Names and addresses of topics and partitions.

use std::fmt;
use std::sync::Arc;

use crate::{PartitionIndex, Uuid};

/// A topic's name; cheap to clone.
pub type TopicName = Arc<str>;

/// A partition by its topic's name.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TopicPartition {
    /// The topic's name.
    pub topic: TopicName,
    /// The partition within the topic.
    pub partition: PartitionIndex,
}

impl TopicPartition {
    /// The partition `partition` of the topic `topic`.
    pub fn new(topic: impl Into<TopicName>, partition: impl Into<PartitionIndex>) -> Self {
        Self { topic: topic.into(), partition: partition.into() }
    }
}

impl fmt::Display for TopicPartition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.topic, self.partition)
    }
}

/// A partition by its topic's id, which tells a deleted topic from a new one of the same name (KIP-516).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TopicIdPartition {
    /// The topic's id.
    pub topic_id: Uuid,
    /// The partition within the topic.
    pub partition: PartitionIndex,
}
