//! The partitions of one member.

use types::{PartitionIndex, Uuid};

/// Partitions of one topic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TopicAssignment {
    /// The topic.
    pub topic_id: Uuid,
    /// Its partitions that are meant, each once.
    pub partitions: Vec<PartitionIndex>,
}

/// The partitions that one member has or is to have, by topic, each topic once.
///
/// The order of topics and partitions is that of the record in the log. It means nothing by itself, but assignors go
/// through it in an order that comes of it: keep it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Assignment {
    /// Topics of which the member has partitions.
    pub topics: Vec<TopicAssignment>,
}

impl Assignment {
    /// How many partitions these are.
    pub fn len(&self) -> usize {
        self.topics.iter().map(|topic| topic.partitions.len()).sum()
    }

    /// Whether these are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Every partition, by topic.
    pub fn iter(&self) -> impl Iterator<Item = (Uuid, PartitionIndex)> + '_ {
        self.topics
            .iter()
            .flat_map(|topic| topic.partitions.iter().map(|partition| (topic.topic_id, *partition)))
    }

    /// Whether these are the same partitions, in whatever order.
    pub fn is_same_as(&self, other: &Self) -> bool {
        let sorted = |assignment: &Self| {
            let mut partitions: Vec<_> = assignment.iter().collect();
            partitions.sort_unstable();
            partitions
        };
        self == other || (self.len() == other.len() && sorted(self) == sorted(other))
    }
}
