//! Sticky assignment where all members read the same topics: everybody gets the same number, some one more.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use types::TopicPartition;

use super::racks::Racks;
use super::sticky::{Ownership, Transfers};
use super::{Assignment, PartitionCounts, partitions_of};

/// The assignment, and which partitions change hands by it.
pub(super) fn assign(
    counts: &PartitionCounts,
    racks: Option<&Racks<'_>>,
    ownership: Ownership,
) -> (Assignment, Transfers) {
    let all = partitions_of(counts.iter().map(|(topic, count)| (topic, *count)));
    let members = ownership.owned.len().max(1);
    let mut shares = Shares {
        least: all.len() / members,
        most: all.len().div_ceil(members),
        with_most: 0,
        with_most_max: all.len() % members,
        below_least: Vec::new(),
        at_least: VecDeque::new(),
        given_up: BTreeMap::new(),
        assignment: Assignment::new(),
    };
    for (member, owned) in &ownership.owned {
        let (far, near): (Vec<_>, Vec<_>) = owned
            .iter()
            .cloned()
            .partition(|partition| racks.is_some_and(|racks| racks.is_far(member, partition)));
        shares.given_up.extend(far.into_iter().map(|partition| (partition, member.clone())));
        shares.keep(member, &near, &ownership.disputed);
    }
    let kept: BTreeSet<&TopicPartition> = shares.assignment.values().flatten().collect();
    let mut free: Vec<TopicPartition> =
        all.into_iter().filter(|partition| !kept.contains(partition)).collect();
    shares.below_least.sort();
    shares.at_least.make_contiguous().sort();
    let mut dealt = Vec::with_capacity(free.len());
    if let Some(racks) = racks {
        free.sort_by_key(|partition| racks.near(partition));
        shares.deal_near(&mut free, racks, &mut dealt);
    }
    shares.deal(free, &mut dealt);
    let mut transfers = Transfers::new();
    for (partition, member) in dealt {
        let from_another = shares.given_up.get(&partition).is_some_and(|owner| *owner != member);
        if from_another || ownership.disputed.contains(&partition) {
            transfers.insert(partition, member);
        }
    }
    (shares.assignment, transfers)
}

struct Shares {
    /// What every member gets.
    least: usize,
    /// What some get.
    most: usize,
    /// How many have more than `least`, and how many shall.
    with_most: usize,
    with_most_max: usize,
    /// Members that are to get more.
    below_least: Vec<String>,
    /// Members that may get one more.
    at_least: VecDeque<String>,
    /// What owners could not keep.
    given_up: BTreeMap<TopicPartition, String>,
    assignment: Assignment,
}

impl Shares {
    /// Leaves a member what it owns, up to its quota.
    fn keep(&mut self, member: &str, owned: &[TopicPartition], disputed: &BTreeSet<TopicPartition>) {
        let mut owned: Vec<TopicPartition> =
            owned.iter().filter(|partition| !disputed.contains(partition)).cloned().collect();
        owned.sort_by(|left, right| (left.partition, &left.topic).cmp(&(right.partition, &right.topic)));
        let quota = if owned.len() < self.least {
            self.below_least.push(member.to_owned());
            owned.len()
        } else if owned.len() >= self.most && self.with_most < self.with_most_max {
            self.with_most += 1;
            if self.with_most == self.with_most_max {
                self.at_least.clear();
            }
            self.most
        } else {
            if self.with_most < self.with_most_max {
                self.at_least.push_back(member.to_owned());
            }
            self.least
        };
        for partition in owned.split_off(quota) {
            self.given_up.insert(partition, member.to_owned());
        }
        self.assignment.insert(member.to_owned(), owned);
    }

    /// Deals out what is free to those near it, as far as their shares go: in turn to those who have too little, then one
    /// more each to those in order. The rest stays.
    fn deal_near(
        &mut self,
        free: &mut Vec<TopicPartition>,
        racks: &Racks<'_>,
        dealt: &mut Vec<(TopicPartition, String)>,
    ) {
        let mut turn = 0;
        free.retain(|partition| {
            let places = self.below_least.len();
            let next = (0..places)
                .map(|step| (turn + step) % places)
                .find(|place| racks.is_near(&self.below_least[*place], partition));
            let member = if let Some(mut place) = next {
                let member = self.below_least[place].clone();
                let size = self.assignment.get(&member).map_or(0, Vec::len) + 1;
                if size >= self.least {
                    self.below_least.remove(place);
                    if size < self.most && self.with_most < self.with_most_max {
                        self.at_least.push_back(member.clone());
                    }
                } else {
                    place += 1;
                }
                turn = if self.below_least.is_empty() { 0 } else { place % self.below_least.len() };
                member
            } else {
                let near = self.at_least.iter().position(|member| racks.is_near(member, partition));
                let Some(member) = near.and_then(|place| self.at_least.remove(place)) else { return true };
                // One more is all that those in `at_least` may get.
                self.with_most += 1;
                if self.with_most == self.with_most_max {
                    self.at_least.clear();
                }
                member
            };
            self.assignment.entry(member.clone()).or_default().push(partition.clone());
            dealt.push((partition.clone(), member));
            false
        });
    }

    /// Deals out what is free: in turn to those who have too little, then one more each to those in order.
    fn deal(&mut self, free: Vec<TopicPartition>, dealt: &mut Vec<(TopicPartition, String)>) {
        let mut turn = 0;
        for partition in free {
            if turn >= self.below_least.len() {
                turn = 0;
            }
            let member = match self.below_least.get(turn) {
                Some(member) => member.clone(),
                None => match self.at_least.pop_front() {
                    Some(member) => member,
                    // The quotas add up to the number of partitions.
                    None => break,
                },
            };
            let assigned = self.assignment.entry(member.clone()).or_default();
            assigned.push(partition.clone());
            if turn < self.below_least.len() {
                if assigned.len() == self.least {
                    self.below_least.remove(turn);
                    self.at_least.push_back(member.clone());
                } else {
                    turn += 1;
                }
            }
            dealt.push((partition, member));
        }
    }
}
