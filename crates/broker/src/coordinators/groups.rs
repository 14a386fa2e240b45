//! The coordinator of groups, and which of its shards a group belongs to.

use std::collections::BTreeMap;

use group_coordinator::{GroupRequest, GroupShard};
use metadata::MetadataImage;
use types::{PartitionIndex, TopicName, Uuid};

use super::{Called, Coordinator, Unavailable};
use crate::Broker;

/// The internal topic of groups and committed offsets.
pub const OFFSETS_TOPIC: &str = "__consumer_offsets";

/// The shards of `__consumer_offsets`.
pub type GroupCoordinator = Coordinator<GroupShard>;

/// How `__consumer_offsets` is made, when the first client looks for its coordinator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OffsetsTopicSettings {
    /// `offsets.topic.num.partitions`.
    pub partitions: i32,
    /// `offsets.topic.replication.factor`.
    pub replication_factor: i16,
    /// `offsets.topic.segment.bytes`.
    pub segment_bytes: i32,
}

impl Broker {
    /// The partition of `__consumer_offsets` that a group belongs to: Kafka's clients and brokers agree on it, and what
    /// either wrote has to be found by the other.
    pub fn group_partition(&self, image: &MetadataImage, group_id: &str) -> PartitionIndex {
        let made =
            image.topics.by_name(OFFSETS_TOPIC).and_then(|topic| i32::try_from(topic.partitions.len()).ok());
        let partitions = made.unwrap_or(self.settings().offsets_topic.partitions).max(1);
        PartitionIndex(java_hash(group_id).checked_abs().unwrap_or(0) % partitions)
    }

    /// Asks the shard that holds a group.
    pub fn ask_group(&self, group_id: &str, request: GroupRequest) -> Called<GroupShard> {
        let image = self.image();
        let partition = self.group_partition(&image, group_id);
        // Between the election of this broker and the opening of the log, there is no shard.
        if !self.groups().has_shard(partition) && self.is_about_to_lead(&image, partition) {
            return Called::Now(Err(Unavailable::Loading));
        }
        self.groups().call(partition, request)
    }

    /// Tells the shards that topics are gone.
    pub(crate) fn tell_groups_of_deleted(&self, topics: &BTreeMap<TopicName, Uuid>) {
        self.groups().tell_all(|| GroupRequest::TopicsDeleted { topics: topics.clone() });
    }

    fn is_about_to_lead(&self, image: &MetadataImage, index: PartitionIndex) -> bool {
        let partition = image.topics.by_name(OFFSETS_TOPIC).and_then(|topic| topic.partition(index));
        partition.is_some_and(|partition| partition.leader == Some(self.node_id()))
    }
}

/// Java's `String.hashCode`: over the units of UTF-16, wrapping.
fn java_hash(text: &str) -> i32 {
    text.encode_utf16().fold(0, |hash: i32, unit| hash.wrapping_mul(31).wrapping_add(i32::from(unit)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_are_javas() {
        // As Java 21 says them.
        for (text, expected) in [
            ("", 0),
            ("a", 97),
            ("console-consumer-12345", 158_455_506),
            ("grüße", 98_768_023),
            ("😀 group", -1_570_619_006),
            ("polygenelubricants", i32::MIN),
        ] {
            assert_eq!(java_hash(text), expected, "{text}");
        }
    }
}
