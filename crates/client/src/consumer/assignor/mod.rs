//! Which member of a group reads which partition: Kafka's four assignors, as functions of what the members said.
//!
//! The leader of a classic group computes the assignment of all members; so the same members must come to the same
//! result whichever client leads.

mod general;
mod partition_movements;
mod quota;
mod racks;
mod range;
mod round_robin;
mod sticky;
mod user_data;

use std::collections::{BTreeMap, BTreeSet};

use types::{TopicName, TopicPartition};

use crate::metadata::TopicMetadata;
use racks::Racks;

pub(crate) use user_data::StickyMemory;

/// A way to share partitions out (`partition.assignment.strategy`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Assignor {
    /// Per topic, neighbouring partitions to each member (Kafka's RangeAssignor).
    Range,
    /// All partitions in turn (RoundRobinAssignor).
    RoundRobin,
    /// Even, and as close to the last assignment as that allows (StickyAssignor, KIP-54).
    Sticky,
    /// As sticky; members keep reading what they keep while the group rebalances (KIP-429).
    CooperativeSticky,
}

/// What one member said when it joined.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct MemberSubscription {
    pub(crate) instance_id: Option<String>,
    pub(crate) topics: BTreeSet<TopicName>,
    /// What it owns now.
    pub(crate) owned: Vec<TopicPartition>,
    /// In which generation it got that; `None` where its protocol version cannot tell.
    pub(crate) generation: Option<i32>,
    /// An assignor's own.
    pub(crate) user_data: Option<Vec<u8>>,
    /// Where it is (KIP-881).
    pub(crate) rack: Option<String>,
}

/// Members by id.
pub(crate) type Members = BTreeMap<String, MemberSubscription>;

/// What there is to share out; topics that do not exist are missing.
pub(crate) type Offered = BTreeMap<TopicName, OfferedTopic>;

/// The partitions of a topic.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct OfferedTopic {
    /// How many there are.
    pub(crate) count: usize,
    /// The racks in which each has replicas; those behind the last entry have none.
    pub(crate) racks: Vec<BTreeSet<String>>,
}

impl From<&TopicMetadata> for OfferedTopic {
    fn from(topic: &TopicMetadata) -> Self {
        Self { count: topic.partitions.len(), racks: topic.racks.clone() }
    }
}

/// How many partitions each topic has.
type PartitionCounts = BTreeMap<TopicName, usize>;

/// The partitions of every member.
pub(crate) type Assignment = BTreeMap<String, Vec<TopicPartition>>;

impl Assignor {
    /// Its name in the protocol.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Range => "range",
            Self::RoundRobin => "roundrobin",
            Self::Sticky => "sticky",
            Self::CooperativeSticky => "cooperative-sticky",
        }
    }

    /// The assignor of that name in the protocol.
    pub fn by_name(name: &str) -> Option<Self> {
        [Self::Range, Self::RoundRobin, Self::Sticky, Self::CooperativeSticky]
            .into_iter()
            .find(|assignor| assignor.name() == name)
    }

    /// Whether members may keep partitions through a rebalance (KIP-429).
    pub const fn is_cooperative(self) -> bool {
        matches!(self, Self::CooperativeSticky)
    }

    /// Shares the partitions out. Every member has an entry.
    pub(crate) fn assign(self, members: &Members, offered: &Offered) -> Assignment {
        let subscribed: BTreeSet<&TopicName> = members.values().flat_map(|member| &member.topics).collect();
        let offered: Offered = offered
            .iter()
            .filter(|(name, topic)| topic.count > 0 && subscribed.contains(name))
            .map(|(name, topic)| (name.clone(), topic.clone()))
            .collect();
        let counts: PartitionCounts =
            offered.iter().map(|(name, topic)| (name.clone(), topic.count)).collect();
        let racks = Racks::of(members, &offered);
        match self {
            Self::Range => range::assign(members, &offered),
            Self::RoundRobin => round_robin::assign(members, &counts),
            Self::Sticky => sticky::assign(members, &counts, racks.as_ref(), user_data::of_sticky).0,
            Self::CooperativeSticky => sticky::assign_cooperatively(members, &counts, racks.as_ref()),
        }
    }
}

/// Members of a topic in Kafka's order: static ones by instance id, then the others by member id.
fn in_order<'a>(members: impl Iterator<Item = (&'a String, &'a MemberSubscription)>) -> Vec<&'a str> {
    let mut members: Vec<_> = members.collect();
    members.sort_by_key(|(id, member)| (member.instance_id.is_none(), &member.instance_id, *id));
    members.into_iter().map(|(id, _)| id.as_str()).collect()
}

/// All partitions, topics in the order given.
fn partitions_of<'a>(topics: impl Iterator<Item = (&'a TopicName, usize)>) -> Vec<TopicPartition> {
    let all = topics.flat_map(|(topic, count)| {
        (0..count).map(move |index| TopicPartition::new(topic.clone(), index as i32))
    });
    all.collect()
}

#[cfg(test)]
#[path = "assignor_test.rs"]
mod tests;
