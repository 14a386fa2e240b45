//! The sticky assignors: even, with as few partitions moved as that allows (KIP-54, KIP-429).
//!
//! Where all members read the same topics, [quotas](super::quota) do; otherwise the [general](super::general) way. Where
//! racks matter (KIP-881), what is far from its owner is given up, and what is free goes to those near it first.

use std::collections::{BTreeMap, BTreeSet};

use types::TopicPartition;

use super::racks::Racks;
use super::user_data::{NO_GENERATION, Previous, of_cooperative};
use super::{Assignment, MemberSubscription, Members, PartitionCounts, general, quota};

/// Who owns which partitions that still exist; what two members claim in one generation is owned by nobody.
pub(super) struct Ownership {
    pub(super) owned: Assignment,
    /// Claimed by several members of one generation.
    pub(super) disputed: BTreeSet<TopicPartition>,
    pub(super) newest_generation: i32,
}

/// Partitions that go from one member to another.
pub(super) type Transfers = BTreeMap<TopicPartition, String>;

/// The assignment, and the transfers where they are known already.
pub(super) fn assign(
    members: &Members,
    counts: &PartitionCounts,
    racks: Option<&Racks<'_>>,
    previous: impl Fn(&MemberSubscription) -> Previous,
) -> (Assignment, Option<Transfers>) {
    let previous: BTreeMap<&str, Previous> =
        members.iter().map(|(id, member)| (id.as_str(), previous(member))).collect();
    let ownership = ownership(members, counts, &previous);
    let mut topics = members.values().map(|member| &member.topics);
    let first = topics.next();
    if topics.all(|each| Some(each) == first) {
        let (assignment, transfers) = quota::assign(counts, racks, ownership);
        (assignment, Some(transfers))
    } else {
        (general::assign(members, counts, racks, ownership, &previous), None)
    }
}

/// As [`assign`], but what another member has to give up first is assigned to nobody: it comes with the next rebalance.
pub(super) fn assign_cooperatively(
    members: &Members,
    counts: &PartitionCounts,
    racks: Option<&Racks<'_>>,
) -> Assignment {
    let (mut assignment, transfers) = assign(members, counts, racks, of_cooperative);
    let transfers = transfers.unwrap_or_else(|| transfers_of(members, &assignment));
    for (partition, member) in transfers {
        if let Some(assigned) = assignment.get_mut(&member) {
            assigned.retain(|each| *each != partition);
        }
    }
    assignment
}

fn transfers_of(members: &Members, assignment: &Assignment) -> Transfers {
    let mut added = Transfers::new();
    let mut revoked = BTreeSet::new();
    for (id, assigned) in assignment {
        let owned: BTreeSet<&TopicPartition> = members[id].owned.iter().collect();
        let assigned: BTreeSet<&TopicPartition> = assigned.iter().collect();
        added.extend(assigned.difference(&owned).map(|partition| ((*partition).clone(), id.clone())));
        revoked.extend(owned.difference(&assigned).map(|partition| (*partition).clone()));
    }
    added.retain(|partition, _| revoked.contains(partition));
    added
}

fn ownership(members: &Members, counts: &PartitionCounts, previous: &BTreeMap<&str, Previous>) -> Ownership {
    let mut owned: Assignment = members.keys().map(|id| (id.clone(), Vec::new())).collect();
    let mut owners: BTreeMap<TopicPartition, &str> = BTreeMap::new();
    let mut disputed = BTreeSet::new();
    let generation = |id: &str| previous[id].generation.unwrap_or(NO_GENERATION);
    let mut newest_generation = NO_GENERATION;
    for (id, had) in previous {
        let own_generation = generation(id);
        newest_generation = newest_generation.max(own_generation);
        for partition in &had.partitions {
            if !counts.contains_key(&partition.topic) {
                continue;
            }
            let other = owners.get(partition).copied();
            // Kafka compares with the generation in the subscription itself here.
            let other_generation = other.map(|other| members[other].generation.unwrap_or(NO_GENERATION));
            match (other, other_generation) {
                (Some(_), Some(newer)) if newer > own_generation => continue,
                (Some(other), Some(theirs)) => {
                    let of_other = owned.get_mut(other).expect("every member has an entry");
                    of_other.retain(|each| each != partition);
                    if theirs == own_generation {
                        disputed.insert(partition.clone());
                    } else {
                        owned.get_mut(*id).expect("every member has an entry").push(partition.clone());
                    }
                }
                _ => owned.get_mut(*id).expect("every member has an entry").push(partition.clone()),
            }
            owners.insert(partition.clone(), id);
        }
    }
    Ownership { owned, disputed, newest_generation }
}
