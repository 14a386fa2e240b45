//! What consumers with the classic protocol write into their metadata, and are given as their assignment.

use std::collections::BTreeMap;

use bytes::Bytes;
use protocol::records::consumer_protocol_assignment::{self, ConsumerProtocolAssignment};
use protocol::records::consumer_protocol_subscription::{self, ConsumerProtocolSubscription};
use protocol::{Reader, Writer};
use types::{PartitionIndex, TopicName};

use crate::assignors::{Assignment, TopicAssignment};
use crate::cluster::ClusterView;

/// What consumers with the classic protocol call theirs.
pub(super) const CONSUMER: &str = "consumer";
/// The last version of either format.
const VERSION_MAX: i16 = 3;

/// A subscription, as far as it matters.
pub(super) struct ClassicSubscription {
    pub(super) topics: Vec<TopicName>,
    pub(super) rack_id: Option<String>,
    /// What the member says it has; of topics that exist.
    pub(super) owned: Assignment,
}

/// Reads a subscription; `None` where it is none.
pub(super) fn read_subscription(metadata: &Bytes, cluster: &ClusterView) -> Option<ClassicSubscription> {
    let (version, mut reader) = versioned(metadata)?;
    let read = ConsumerProtocolSubscription::decode(&mut reader, version).ok()?;
    let owned = read.owned_partitions.into_iter();
    let owned = owned
        .map(|consumer_protocol_subscription::TopicPartition { topic, partitions, .. }| (topic, partitions));
    Some(ClassicSubscription {
        topics: read.topics.into_iter().map(TopicName::from).collect(),
        rack_id: read.rack_id.filter(|rack| !rack.is_empty()),
        owned: by_id(owned, cluster),
    })
}

/// Reads an assignment; `None` where it is none, or has words of an assignor's own, which would be lost.
pub(super) fn read_assignment(assignment: &Bytes, cluster: &ClusterView) -> Option<Assignment> {
    if assignment.is_empty() {
        return Some(Assignment::default());
    }
    let (version, mut reader) = versioned(assignment)?;
    let read = ConsumerProtocolAssignment::decode(&mut reader, version).ok()?;
    if read.user_data.is_some_and(|data| !data.is_empty()) {
        return None;
    }
    let topics = read.assigned_partitions.into_iter();
    let topics = topics
        .map(|consumer_protocol_assignment::TopicPartition { topic, partitions, .. }| (topic, partitions));
    Some(by_id(topics, cluster))
}

/// An assignment for a member with this metadata, in a version that it understands; of topics that exist. `None` where
/// the metadata has no version.
pub(super) fn write_assignment(
    target: &Assignment,
    metadata: &Bytes,
    cluster: &ClusterView,
) -> Option<Bytes> {
    let (version, _) = versioned(metadata)?;
    let named = target.topics.iter().filter_map(|topic| {
        let name = cluster.topic_name(topic.topic_id)?;
        let mut partitions: Vec<i32> = topic.partitions.iter().map(|PartitionIndex(index)| *index).collect();
        partitions.sort_unstable();
        Some(consumer_protocol_assignment::TopicPartition { topic: name.to_string(), partitions })
    });
    let mut assigned_partitions: Vec<_> = named.collect();
    assigned_partitions.sort_by(|one, other| one.topic.cmp(&other.topic));
    let mut writer = Writer::new();
    writer.i16(version);
    let assignment = ConsumerProtocolAssignment { assigned_partitions, user_data: None };
    assignment.encode(&mut writer, version).ok()?;
    Some(writer.into_bytes())
}

/// The version that comes first, or the last that is known, and what follows.
fn versioned(bytes: &Bytes) -> Option<(i16, Reader)> {
    let mut reader = Reader::new(bytes.clone());
    let version = reader.i16().ok().filter(|version| *version >= 0)?;
    Some((version.min(VERSION_MAX), reader))
}

/// Topics that do not exist are left out; of those that come twice, the last counts.
fn by_id(topics: impl Iterator<Item = (String, Vec<i32>)>, cluster: &ClusterView) -> Assignment {
    let known = topics.filter_map(|(name, partitions)| Some((cluster.topic(&name)?.id, partitions)));
    let topics: BTreeMap<_, Vec<i32>> = known.collect();
    let topics = topics.into_iter().map(|(topic_id, mut partitions)| {
        partitions.sort_unstable();
        partitions.dedup();
        TopicAssignment { topic_id, partitions: partitions.into_iter().map(PartitionIndex).collect() }
    });
    Assignment { topics: topics.collect() }
}
