//! Who is near which partition (KIP-881): a member whose `client.rack` is the rack of a broker with a replica.

use std::collections::{BTreeMap, BTreeSet};

use types::{TopicName, TopicPartition};

use super::{Members, Offered};

/// Racks of members and of the partitions' replicas, where looking at them makes a difference.
pub(super) struct Racks<'a> {
    members: BTreeMap<&'a str, &'a str>,
    offered: &'a Offered,
}

/// The racks of those of these members that have one.
pub(super) fn of_members<'a>(
    ids: impl Iterator<Item = &'a str>,
    members: &'a Members,
) -> BTreeMap<&'a str, &'a str> {
    let rack = |id: &'a str| {
        let rack = members.get(id)?.rack.as_deref().filter(|rack| !rack.is_empty())?;
        Some((id, rack))
    };
    ids.filter_map(rack).collect()
}

/// Whether racks are to be looked at: some member has one where replicas are, and not every partition has replicas in all
/// racks that there are.
pub(super) fn matter<'a>(
    members: &BTreeMap<&str, &str>,
    topics: impl Iterator<Item = &'a TopicName> + Clone,
    offered: &Offered,
) -> bool {
    let partitions = topics.filter_map(|topic| offered.get(topic)).flat_map(|topic| {
        (0..topic.count).map(|index| topic.racks.get(index).into_iter().flatten().collect::<BTreeSet<_>>())
    });
    let partitions: Vec<BTreeSet<&String>> = partitions.collect();
    let all: BTreeSet<&str> = partitions.iter().flatten().map(|rack| rack.as_str()).collect();
    members.values().any(|rack| all.contains(rack)) && partitions.iter().any(|racks| racks.len() < all.len())
}

impl<'a> Racks<'a> {
    /// `None` where they make no difference.
    pub(super) fn of(members: &'a Members, offered: &'a Offered) -> Option<Self> {
        let racks = of_members(members.keys().map(String::as_str), members);
        matter(&racks, offered.keys(), offered).then_some(Self { members: racks, offered })
    }

    fn has_replica(&self, rack: &str, partition: &TopicPartition) -> bool {
        let index = usize::try_from(partition.partition.0).unwrap_or(usize::MAX);
        let racks = self.offered.get(&partition.topic).and_then(|topic| topic.racks.get(index));
        racks.is_some_and(|racks| racks.contains(rack))
    }

    /// Whether the member has a rack, and a replica is in it.
    pub(super) fn is_near(&self, member: &str, partition: &TopicPartition) -> bool {
        self.members.get(member).is_some_and(|rack| self.has_replica(rack, partition))
    }

    /// Whether the member has a rack, and no replica is in it.
    pub(super) fn is_far(&self, member: &str, partition: &TopicPartition) -> bool {
        self.members.get(member).is_some_and(|rack| !self.has_replica(rack, partition))
    }

    /// How many members are near.
    pub(super) fn near(&self, partition: &TopicPartition) -> usize {
        self.members.values().filter(|rack| self.has_replica(rack, partition)).count()
    }
}
