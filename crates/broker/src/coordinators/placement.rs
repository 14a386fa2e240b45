//! Which shard holds what: Kafka's clients and brokers agree on it, and what either wrote has to be found by the other.

use metadata::MetadataImage;
use types::PartitionIndex;

use crate::Broker;

/// The partition of an internal topic that `key` belongs to. Where the topic is not made yet, it will have
/// `partitions`.
pub(super) fn shard_of(image: &MetadataImage, topic: &str, partitions: i32, key: &str) -> PartitionIndex {
    let made = image.topics.by_name(topic).and_then(|topic| i32::try_from(topic.partitions.len()).ok());
    let partitions = made.unwrap_or(partitions).max(1);
    PartitionIndex(java_hash(key).checked_abs().unwrap_or(0) % partitions)
}

impl Broker {
    /// Whether this broker is elected to lead a partition, whose log may not be open yet.
    pub(super) fn is_about_to_lead(&self, image: &MetadataImage, topic: &str, index: PartitionIndex) -> bool {
        let partition = image.topics.by_name(topic).and_then(|topic| topic.partition(index));
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
