//! Sticky assignment where all members read the same topics: everybody gets the same number, some one more.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use types::TopicPartition;

use super::sticky::{Ownership, Transfers};
use super::{Assignment, PartitionCounts, partitions_of};

/// The assignment, and which partitions change hands by it.
pub(super) fn assign(counts: &PartitionCounts, ownership: Ownership) -> (Assignment, Transfers) {
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
        shares.keep(member, owned, &ownership.disputed);
    }
    let kept: BTreeSet<&TopicPartition> = shares.assignment.values().flatten().collect();
    let free: Vec<TopicPartition> = all.into_iter().filter(|partition| !kept.contains(partition)).collect();
    let mut transfers = Transfers::new();
    for (partition, member) in shares.deal(free) {
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

    /// Deals out what is free: in turn to those who have too little, then one more each to those in order.
    fn deal(&mut self, free: Vec<TopicPartition>) -> Vec<(TopicPartition, String)> {
        self.below_least.sort();
        self.at_least.make_contiguous().sort();
        let mut dealt = Vec::with_capacity(free.len());
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
        dealt
    }
}
