//! Hashes of the topics that a group reads (KIP-1101): a group whose hash changes is worked out anew. They are written into
//! its record, so that they have to be Kafka's: XXH3, over what is laid out here.

use std::collections::BTreeMap;

use twox_hash::XxHash3_64;
use types::{PartitionIndex, TopicName};

use crate::cluster::ClusterView;

/// Of the way in which a topic is laid out.
const TOPIC_HASH_VERSION: u8 = 0;

/// The hash of one topic: of its id, its name, how many partitions it has and where their replicas are. 0 where there is no
/// such topic.
pub fn topic_hash(cluster: &ClusterView, name: &str) -> i64 {
    let Some(topic) = cluster.topic(name) else { return 0 };
    let (most, least) = topic.id.as_bytes().split_at(8);
    let mut bytes = vec![TOPIC_HASH_VERSION];
    bytes.extend(most.iter().rev());
    bytes.extend(least.iter().rev());
    put_text(&mut bytes, &topic.name);
    put_number(&mut bytes, topic.partitions);
    for index in 0..topic.partitions {
        put_number(&mut bytes, index);
        let mut racks = cluster.racks(topic.id, PartitionIndex(index));
        racks.sort_by(|one, other| one.encode_utf16().cmp(other.encode_utf16()));
        for rack in racks {
            // The length goes before and, as with every text, behind.
            put_number(&mut bytes, length(&rack));
            put_text(&mut bytes, &rack);
        }
    }
    XxHash3_64::oneshot(&bytes).cast_signed()
}

/// The hash of a group: of the hashes of its topics, in the order of their names. 0 for none.
pub fn group_hash(topics: &BTreeMap<TopicName, i64>) -> i64 {
    if topics.is_empty() {
        return 0;
    }
    let bytes: Vec<u8> = topics.values().flat_map(|hash| hash.to_le_bytes()).collect();
    XxHash3_64::oneshot(&bytes).cast_signed()
}

fn put_number(bytes: &mut Vec<u8>, number: i32) {
    bytes.extend(number.to_le_bytes());
}

/// Units of UTF-16, and how many there were.
fn put_text(bytes: &mut Vec<u8>, text: &str) {
    bytes.extend(text.encode_utf16().flat_map(u16::to_le_bytes));
    put_number(bytes, length(text));
}

fn length(text: &str) -> i32 {
    i32::try_from(text.encode_utf16().count()).unwrap_or(i32::MAX)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use types::Uuid;

    use super::*;
    use crate::cluster::{Cluster, Topic};
    use crate::consumer::ConsumerGroupSettings;

    /// What `conformance/golden-groups/GroupHashes.java` printed: a topic's hash, its name, its id, and the racks of each
    /// partition; or the hash of a group, and names of the topics above.
    const HASHES: &str = include_str!("../testdata/group-hashes-4.3.1.tsv");

    #[derive(Debug)]
    struct OneTopic {
        topic: Topic,
        racks: Vec<Vec<String>>,
    }

    impl Cluster for OneTopic {
        fn version(&self) -> i64 {
            0
        }

        fn topic(&self, name: &str) -> Option<Topic> {
            (*self.topic.name == *name).then(|| self.topic.clone())
        }

        fn topic_name(&self, _: Uuid) -> Option<TopicName> {
            None
        }

        fn topic_names(&self) -> Box<dyn Iterator<Item = TopicName> + '_> {
            Box::new(std::iter::once(self.topic.name.clone()))
        }

        fn racks(&self, _: Uuid, partition: PartitionIndex) -> Vec<String> {
            usize::try_from(partition.0)
                .ok()
                .and_then(|index| self.racks.get(index))
                .cloned()
                .unwrap_or_default()
        }

        fn consumer_group_settings(&self, _: &str) -> ConsumerGroupSettings {
            ConsumerGroupSettings::DEFAULT
        }
    }

    #[test]
    fn hashes_are_kafkas() {
        let mut hashes: BTreeMap<TopicName, i64> = BTreeMap::new();
        let mut groups = 0;
        for line in HASHES.lines() {
            let columns: Vec<&str> = line.split('\t').collect();
            let expected: i64 = columns[1].parse().expect("a hash");
            let name = TopicName::from(columns[2]);
            if columns[0] == "group" {
                let of: BTreeMap<TopicName, i64> = columns[2]
                    .split(',')
                    .filter_map(|name| hashes.get_key_value(name))
                    .map(|(name, hash)| (name.clone(), *hash))
                    .collect();
                assert_eq!(group_hash(&of), expected, "{line}");
                groups += 1;
                continue;
            }
            let racks: Vec<Vec<String>> = columns[4]
                .split(' ')
                .map(|racks| racks.split(',').filter(|rack| *rack != "-").map(str::to_owned).collect())
                .collect();
            let partitions = i32::try_from(racks.len()).expect("few");
            let topic = Topic { id: columns[3].parse().expect("an id"), name: name.clone(), partitions };
            let view = ClusterView::new(Arc::new(OneTopic { topic, racks }));
            assert_eq!(topic_hash(&view, &name), expected, "{line}");
            assert_eq!(topic_hash(&view, "another"), 0);
            hashes.insert(name, expected);
        }
        assert!(hashes.len() > 5 && groups > 3);
    }
}
