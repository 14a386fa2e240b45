//! Sticky assignment where members read different topics: owners keep what they have, what is free goes to whoever has
//! least, and partitions move as long as that makes it more even.

use std::collections::{BTreeMap, BTreeSet};

use types::{TopicName, TopicPartition};

use super::partition_movements::PartitionMovements;
use super::racks::Racks;
use super::sticky::Ownership;
use super::user_data::{NO_GENERATION, Previous};
use super::{Assignment, Members, PartitionCounts, partitions_of};

pub(super) fn assign(
    members: &Members,
    counts: &PartitionCounts,
    racks: Option<&Racks<'_>>,
    ownership: Ownership,
    previous: &BTreeMap<&str, Previous>,
) -> Assignment {
    let mut readers: BTreeMap<TopicName, Vec<String>> = BTreeMap::new();
    for (id, member) in members {
        for topic in member.topics.iter().filter(|topic| counts.contains_key(*topic)) {
            readers.entry(topic.clone()).or_default().push(id.clone());
        }
    }
    let topics = members
        .iter()
        .map(|(id, member)| {
            (id.clone(), member.topics.iter().filter(|topic| counts.contains_key(*topic)).cloned().collect())
        })
        .collect();
    let mut balance = Balance {
        counts,
        racks,
        readers,
        topics,
        assignment: ownership.owned,
        owners: BTreeMap::new(),
        by_size: BTreeSet::new(),
        former: former_owners(ownership.newest_generation, previous),
        movements: PartitionMovements::default(),
    };
    balance.run(members);
    balance.assignment
}

/// Who had a partition in the latest generation before the newest one.
fn former_owners(
    newest_generation: i32,
    previous: &BTreeMap<&str, Previous>,
) -> BTreeMap<TopicPartition, String> {
    let mut former: BTreeMap<TopicPartition, (i32, &str)> = BTreeMap::new();
    for (id, had) in previous {
        let generation = had.generation.unwrap_or(NO_GENERATION);
        if generation >= newest_generation {
            continue;
        }
        for partition in &had.partitions {
            let known = former.entry(partition.clone()).or_insert((generation, id));
            if generation > known.0 {
                *known = (generation, id);
            }
        }
    }
    former.into_iter().map(|(partition, (_, id))| (partition, id.to_owned())).collect()
}

struct Balance<'a> {
    counts: &'a PartitionCounts,
    racks: Option<&'a Racks<'a>>,
    /// Of each topic.
    readers: BTreeMap<TopicName, Vec<String>>,
    /// Of each member.
    topics: BTreeMap<String, BTreeSet<TopicName>>,
    assignment: Assignment,
    owners: BTreeMap<TopicPartition, String>,
    /// Members that take part, who has least first.
    by_size: BTreeSet<(usize, String)>,
    former: BTreeMap<TopicPartition, String>,
    movements: PartitionMovements,
}

impl Balance<'_> {
    fn run(&mut self, members: &Members) {
        let revoked = self.drop_unread(members);
        let mut all = self.partitions_in_order();
        let mut free: Vec<TopicPartition> =
            all.iter().filter(|partition| !self.owners.contains_key(*partition)).cloned().collect();
        self.by_size = self.assignment.iter().map(|(id, assigned)| (assigned.len(), id.clone())).collect();
        let is_first = self.by_size.last().is_none_or(|(size, _)| *size == 0);
        let far: Vec<&TopicPartition> = match self.racks {
            Some(racks) => free
                .iter()
                .filter(|partition| !self.give(partition, |id| !racks.is_far(id, partition)))
                .collect(),
            None => free.iter().collect(),
        };
        for partition in far {
            self.give(partition, |_| true);
        }
        let is_shared = |partition: &TopicPartition| self.readers[&partition.topic].len() > 1;
        all.retain(is_shared);
        free.retain(is_shared);
        self.exclude_who_cannot_change();
        if self.by_size.is_empty() {
            return;
        }
        let before = (self.assignment.clone(), self.owners.clone());
        if !revoked {
            self.even_out(&free);
        }
        let moved = self.even_out(&all);
        if !is_first && moved && self.unevenness(&self.assignment) >= self.unevenness(&before.0) {
            (self.assignment, self.owners) = before;
        }
    }

    /// Takes from members what they do not read any more, and what is far from them; whether there was any.
    fn drop_unread(&mut self, members: &Members) -> bool {
        let mut revoked = false;
        for (id, assigned) in &mut self.assignment {
            assigned.retain(|partition| {
                let reads = members[id].topics.contains(&partition.topic)
                    && !self.racks.is_some_and(|racks| racks.is_far(id, partition));
                let exists = self
                    .counts
                    .get(&partition.topic)
                    .is_some_and(|count| (partition.partition.0 as usize) < *count);
                revoked |= !reads;
                reads && exists
            });
            self.owners.extend(assigned.iter().map(|partition| (partition.clone(), id.clone())));
        }
        revoked
    }

    /// Topics with few readers first.
    fn partitions_in_order(&self) -> Vec<TopicPartition> {
        let mut topics: Vec<(&TopicName, usize)> =
            self.counts.iter().map(|(topic, count)| (topic, *count)).collect();
        topics.sort_by_key(|(topic, _)| (self.readers[*topic].len(), *topic));
        partitions_of(topics.into_iter())
    }

    /// Gives a free partition to the reader with least among those who suit; whether there was one.
    fn give(&mut self, partition: &TopicPartition, suits: impl Fn(&str) -> bool) -> bool {
        let Some(member) = self.least_loaded_reader(&partition.topic, suits) else { return false };
        self.change(&member, |assigned| assigned.push(partition.clone()));
        self.owners.insert(partition.clone(), member);
        true
    }

    fn least_loaded_reader(&self, topic: &TopicName, suits: impl Fn(&str) -> bool) -> Option<String> {
        let reader = self.by_size.iter().find(|(_, id)| self.topics[id].contains(topic) && suits(id));
        reader.map(|(_, id)| id.clone())
    }

    fn change(&mut self, member: &str, change: impl FnOnce(&mut Vec<TopicPartition>)) {
        let assigned = self.assignment.get_mut(member).expect("every member has an entry");
        self.by_size.remove(&(assigned.len(), member.to_owned()));
        change(assigned);
        self.by_size.insert((assigned.len(), member.to_owned()));
    }

    /// Members that have all they read, none of it shared, are left alone.
    fn exclude_who_cannot_change(&mut self) {
        let fixed: Vec<(usize, String)> = self
            .by_size
            .iter()
            .filter(|(size, id)| {
                let is_full = *size >= self.most_for(id);
                is_full && self.assignment[id].iter().all(|each| self.readers[&each.topic].len() < 2)
            })
            .cloned()
            .collect();
        for each in fixed {
            self.by_size.remove(&each);
        }
    }

    fn most_for(&self, member: &str) -> usize {
        self.topics[member].iter().map(|topic| self.counts[topic]).sum()
    }

    /// Moves partitions until none helps; whether any moved.
    fn even_out(&mut self, partitions: &[TopicPartition]) -> bool {
        let mut moved = false;
        loop {
            let mut again = false;
            for partition in partitions {
                if self.is_balanced() {
                    break;
                }
                let Some(target) = self.better_owner(partition) else { continue };
                self.move_one(partition, &target);
                again = true;
            }
            moved |= again;
            if !again {
                return moved;
            }
        }
    }

    fn better_owner(&self, partition: &TopicPartition) -> Option<String> {
        let size = |member: &str| self.assignment.get(member).map(Vec::len);
        let own = self.assignment[&self.owners[partition]].len();
        let reads = |id: &String| self.readers[&partition.topic].contains(id);
        let former = self.former.get(partition);
        let former = former.filter(|id| reads(id) && size(id).is_some_and(|size| own > size + 1));
        if let Some(former) = former {
            return Some(former.clone());
        }
        let helps = self.readers[&partition.topic].iter().any(|id| own > self.assignment[id].len() + 1);
        if helps { self.least_loaded_reader(&partition.topic, |_| true) } else { None }
    }

    fn move_one(&mut self, partition: &TopicPartition, to: &str) {
        let partition = self.movements.best(partition, &self.owners[partition], to);
        let from = self.owners[&partition].clone();
        self.movements.moved(&partition, &from, to);
        self.change(&from, |assigned| assigned.retain(|each| *each != partition));
        self.change(to, |assigned| assigned.push(partition.clone()));
        self.owners.insert(partition, to.to_owned());
    }

    /// Whether no member could have one more that its owner would not miss.
    fn is_balanced(&self) -> bool {
        let (Some((least, _)), Some((most, _))) = (self.by_size.first(), self.by_size.last()) else {
            return true;
        };
        if least + 1 >= *most {
            return true;
        }
        self.by_size.iter().all(|(size, id)| {
            *size == self.most_for(id)
                || partitions_of(self.topics[id].iter().map(|topic| (topic, self.counts[topic]))).iter().all(
                    |partition| {
                        let owner = &self.owners[partition];
                        owner == id || size + 1 >= self.assignment[owner].len()
                    },
                )
        })
    }

    /// The sum of the differences between any two members that take part.
    fn unevenness(&self, assignment: &Assignment) -> usize {
        let sizes: Vec<usize> = self.by_size.iter().map(|(_, id)| assignment[id].len()).collect();
        let mut sum = 0;
        for (place, left) in sizes.iter().enumerate() {
            sum += sizes[place + 1..].iter().map(|right| left.abs_diff(*right)).sum::<usize>();
        }
        sum
    }
}
