//! The assignor `uniform` where all members subscribe to the same topics.
//!
//! Everybody is to have as many partitions, some one more. Members keep what they have up to that; what is left of it,
//! and what nobody has, goes to those who have less. Nothing else moves.

use std::sync::Arc;

use foldhash::fast::FixedState;
use hashbrown::HashMap;
use types::{PartitionIndex, Uuid};

use super::draft::{Draft, as_read_from_log};
use super::java_order::{HashOrder, hash_of_id};
use super::spec::{ResolvedGroup, ResolvedMember, Topics};
use super::{Assignment, AssignorError};

/// A member that is to get more.
struct Unfilled {
    index: usize,
    missing: usize,
}

/// What a member has been given so far.
enum Given {
    /// What it had, in Java's order.
    Same(Assignment),
    Changed(Draft),
}

impl Given {
    fn into_draft(self) -> Draft {
        match self {
            Self::Same(assignment) => Draft::copy_of(&assignment),
            Self::Changed(draft) => draft,
        }
    }

    fn into_assignment(self) -> Assignment {
        match self {
            Self::Same(assignment) => assignment,
            Self::Changed(draft) => draft.finish(),
        }
    }
}

/// How many partitions members are to have.
struct Quota {
    min: usize,
    /// Members that may still have one more.
    extra: usize,
}

/// What each member is to have, in the order of the spec.
pub(super) fn assign(group: &ResolvedGroup<'_>) -> Result<Vec<Arc<Assignment>>, AssignorError> {
    let Some(first) = group.member_order.first() else { return Ok(Vec::new()) };
    let topics = &group.members[*first].topics;
    if topics.ids.is_empty() {
        return Ok(vec![Arc::default(); group.members.len()]);
    }
    let mut unassigned = nobodys(group, topics);
    let all: usize = topics.ids.iter().map(|id| count(group, *id)).sum();
    let members = group.members.len();
    let mut quota = Quota { min: all / members, extra: all % members };

    let mut given: Vec<Option<Given>> = group.members.iter().map(|_| None).collect();
    let mut unfilled = Vec::new();
    for (place, index) in group.member_order.iter().copied().enumerate() {
        let (kept, missing) =
            keep(&group.members[index], topics, &mut quota, members - place, &mut unassigned);
        given[index] = Some(kept);
        if missing > 0 {
            unfilled.push(Unfilled { index, missing });
        }
    }

    let mut unassigned = unassigned.into_iter();
    for Unfilled { index, missing } in unfilled {
        let mut draft = given[index].take().map(Given::into_draft).unwrap_or_default();
        for (topic_id, partition) in unassigned.by_ref().take(missing) {
            draft.add(topic_id, partition, HashOrder::default);
        }
        given[index] = Some(Given::Changed(draft));
    }
    if unassigned.next().is_some() {
        return Err(AssignorError::LeftUnassigned);
    }
    let assigned = given.into_iter().map(|given| given.map(Given::into_assignment).unwrap_or_default());
    Ok(assigned.map(Arc::new).collect())
}

fn count(group: &ResolvedGroup<'_>, topic_id: Uuid) -> usize {
    group.partitions.get(&topic_id).and_then(|count| usize::try_from(*count).ok()).unwrap_or(0)
}

/// The partitions that no member has, in the order in which Kafka finds them.
fn nobodys(group: &ResolvedGroup<'_>, topics: &Topics) -> Vec<(Uuid, PartitionIndex)> {
    let mut is_assigned: HashMap<Uuid, Vec<bool>, FixedState> = HashMap::default();
    for id in &topics.ids {
        is_assigned.insert(*id, vec![false; count(group, *id)]);
    }
    for (topic_id, partition) in group.members.iter().flat_map(|member| member.spec.target.iter()) {
        let flag = is_assigned.get_mut(&topic_id).zip(usize::try_from(partition.0).ok());
        if let Some(flag) = flag.and_then(|(flags, index)| flags.get_mut(index)) {
            *flag = true;
        }
    }
    let hashes = topics.ids.iter().map(|id| hash_of_id(*id));
    let order = HashOrder::of_set_copied_from(topics.names).order_by_hash(hashes);
    let of_topic = |id: Uuid| {
        let free = is_assigned[&id].iter().zip(0..).filter(|(is_assigned, _)| !**is_assigned);
        free.map(move |(_, index)| (id, PartitionIndex(index)))
    };
    order.into_iter().flat_map(|index| of_topic(topics.ids[index])).collect()
}

/// What a member may keep, and how many partitions it is to get. `left` are the members from this one on.
fn keep(
    member: &ResolvedMember<'_>,
    topics: &Topics,
    quota: &mut Quota,
    left: usize,
    unassigned: &mut Vec<(Uuid, PartitionIndex)>,
) -> (Given, usize) {
    let old = as_read_from_log(&member.spec.target);
    let mut changed: Option<Draft> = None;
    let mut takes_extra = quota.extra > 0;
    let mut room = quota.min + usize::from(takes_extra);
    for topic in &old.topics {
        if !topics.set.contains(&topic.topic_id) {
            changed.get_or_insert_with(|| Draft::copy_of(&old)).remove_topic(topic.topic_id);
        } else if topic.partitions.len() <= room {
            room -= topic.partitions.len();
        } else {
            let (kept, revoked) = topic.partitions.split_at(room);
            changed.get_or_insert_with(|| Draft::copy_of(&old)).keep(topic.topic_id, kept);
            unassigned.extend(revoked.iter().map(|partition| (topic.topic_id, *partition)));
            room = 0;
        }
    }
    // One more is for somebody else, unless nobody else is left to take it.
    if room > 0 && takes_extra && left > quota.extra {
        room -= 1;
        takes_extra = false;
    }
    quota.extra -= usize::from(takes_extra);
    (changed.map_or(Given::Same(old), Given::Changed), room)
}
