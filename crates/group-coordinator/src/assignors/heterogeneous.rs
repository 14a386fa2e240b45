//! The assignor `uniform` where members subscribe to different topics.
//!
//! 1. Members keep what they have of the topics that they still subscribe to.
//! 2. What nobody has goes, topic by topic, to the subscribers that have least.
//! 3. Topic by topic, partitions move from the subscribers that have most to those that have least, until that gains
//!    nothing, or for some rounds: where subscriptions overlap without being the same, it may take long.

use std::cmp::Ordering;
use std::sync::Arc;

use foldhash::fast::FixedState;
use hashbrown::HashMap;
use types::{PartitionIndex, Uuid};

use super::Assignment;
use super::balancer::Balancer;
use super::draft::{Draft, as_read_from_log};
use super::java_order::{HashOrder, padded};
use super::spec::ResolvedGroup;

/// Rounds over all topics, each of which roughly halves what is out of balance.
const ROUNDS_MAX: usize = 16;

/// One topic that somebody subscribes to.
struct Topic {
    id: Uuid,
    /// Places of its subscribers.
    subscribers: Vec<usize>,
    /// The place of the member that has each partition.
    owners: Vec<Option<usize>>,
}

/// Members are counted in the order in which Kafka goes through them: their places.
struct Work {
    topics: Vec<Topic>,
    /// Of each member, how many partitions it has.
    loads: Vec<i64>,
    given: Vec<Draft>,
}

/// What each member is to have, in the order of the spec.
pub(super) fn assign(group: &ResolvedGroup<'_>) -> Vec<Arc<Assignment>> {
    let mut assigned = vec![Arc::default(); group.members.len()];
    let mut work = Work::begin(group);
    if work.topics.is_empty() {
        return assigned;
    }
    work.assign_nobodys();
    work.balance();
    for (index, draft) in group.member_order.iter().zip(work.given) {
        assigned[*index] = Arc::new(draft.finish());
    }
    assigned
}

impl Work {
    /// Topics in the order in which they are shared out, and what members keep.
    fn begin(group: &ResolvedGroup<'_>) -> Self {
        let mut topics: HashMap<Uuid, Topic, FixedState> = HashMap::default();
        for (place, index) in group.member_order.iter().enumerate() {
            for id in group.members[*index].topics.ids.iter().copied() {
                let count = usize::try_from(group.partitions[&id]).unwrap_or(0);
                let topic = || Topic { id, subscribers: Vec::new(), owners: vec![None; count] };
                topics.entry(id).or_insert_with(topic).subscribers.push(place);
            }
        }
        let mut loads = Vec::with_capacity(group.members.len());
        let mut given = Vec::with_capacity(group.members.len());
        for (place, index) in group.member_order.iter().enumerate() {
            let member = &group.members[*index];
            let old = as_read_from_log(&member.spec.target);
            let mut draft = Draft::copy_of(&old);
            let mut load = 0;
            for kept in &old.topics {
                let Some(topic) =
                    topics.get_mut(&kept.topic_id).filter(|topic| member.topics.set.contains(&topic.id))
                else {
                    draft.remove_topic(kept.topic_id);
                    continue;
                };
                for partition in &kept.partitions {
                    let owner = usize::try_from(partition.0).ok().and_then(|it| topic.owners.get_mut(it));
                    if let Some(owner) = owner {
                        *owner = Some(place);
                        load += 1;
                    }
                }
            }
            loads.push(load);
            given.push(draft);
        }
        let mut topics: Vec<Topic> = topics.into_values().collect();
        topics.sort_by(compare);
        Self { topics, loads, given }
    }

    fn assign_nobodys(&mut self) {
        let mut balancer = Balancer::default();
        for index in 0..self.topics.len() {
            balancer.begin(&self.topics[index].subscribers, &self.loads);
            for partition in 0..self.topics[index].owners.len() {
                if self.topics[index].owners[partition].is_none()
                    && let Some(member) = balancer.next_idle(&self.loads)
                {
                    self.give(index, partition, member);
                }
            }
        }
    }

    fn balance(&mut self) {
        let mut balancer = Balancer::default();
        // The topic that changed last: once all others stayed as they are since, so will all.
        let mut last_changed = None;
        for _ in 0..ROUNDS_MAX {
            for index in 0..self.topics.len() {
                if self.topics[index].subscribers.len() < 2 {
                    continue;
                }
                if last_changed == Some(index) {
                    return;
                }
                if self.balance_topic(index, &mut balancer) || last_changed.is_none() {
                    last_changed = Some(index);
                }
            }
        }
    }

    /// Whether anything has moved.
    fn balance_topic(&mut self, index: usize, balancer: &mut Balancer) -> bool {
        let topic = &self.topics[index];
        if balancer.begin(&topic.subscribers, &self.loads) <= 1 {
            return false;
        }
        // What each member can give away, the last first; not what it is given here.
        let mut owned: HashMap<usize, Vec<usize>, FixedState> = HashMap::default();
        for (partition, owner) in topic.owners.iter().enumerate() {
            if let Some(owner) = owner {
                owned.entry(*owner).or_default().push(partition);
            }
        }
        let mut has_moved = false;
        while !balancer.is_balanced() {
            let Some(partition) = next_to_give(balancer, &self.loads, &mut owned) else { break };
            let Some(member) = balancer.next_idle(&self.loads) else { break };
            if balancer.is_balanced() {
                break;
            }
            self.give(index, partition, member);
            has_moved = true;
        }
        has_moved
    }

    /// Gives a partition to a member; whoever had it has it no more.
    fn give(&mut self, index: usize, partition: usize, member: usize) {
        let topic = &mut self.topics[index];
        let number = PartitionIndex(i32::try_from(partition).expect("a topic has an i32 of partitions"));
        if let Some(old) = topic.owners[partition].replace(member) {
            self.given[old].remove(topic.id, number);
            self.loads[old] -= 1;
        }
        let expected = topic.owners.len().div_ceil(topic.subscribers.len());
        self.given[member].add(topic.id, number, || HashOrder::with_capacity(padded(expected)));
        self.loads[member] += 1;
    }
}

/// A partition of the busiest member that has one to give away.
fn next_to_give(
    balancer: &mut Balancer,
    loads: &[i64],
    owned: &mut HashMap<usize, Vec<usize>, FixedState>,
) -> Option<usize> {
    loop {
        let member = balancer.next_busy(loads)?;
        match owned.get_mut(&member).and_then(Vec::pop) {
            Some(partition) => return Some(partition),
            None => balancer.exclude_last_busy(),
        }
    }
}

/// The topic with the most partitions for each subscriber goes first, then that with fewest subscribers, then by id, whose
/// halves Kafka compares as signed numbers.
fn compare(one: &Topic, other: &Topic) -> Ordering {
    let counts = |topic: &Topic| (topic.owners.len(), topic.subscribers.len());
    let ((partitions, subscribers), (other_partitions, other_subscribers)) = (counts(one), counts(other));
    let halves = |topic: &Topic| {
        let bits = u128::from_be_bytes(*topic.id.as_bytes());
        (((bits >> 64) as u64).cast_signed(), (bits as u64).cast_signed())
    };
    (other_partitions as u128 * subscribers as u128)
        .cmp(&(partitions as u128 * other_subscribers as u128))
        .then(subscribers.cmp(&other_subscribers))
        .then_with(|| halves(one).cmp(&halves(other)))
}
