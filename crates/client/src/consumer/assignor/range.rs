//! Neighbouring partitions of each topic to each member; the first members get one more where it does not come out even.
//!
//! Where racks matter (KIP-881), members get what is near first, as far as their share goes. Topics with as many partitions
//! and the same members stay together even so: whoever reads a partition of one reads it of all.

use std::collections::BTreeMap;

use types::{TopicName, TopicPartition};

use super::{Assignment, Members, Offered, in_order, racks};

pub(super) fn assign(members: &Members, offered: &Offered) -> Assignment {
    let mut assignment: Assignment = members.keys().map(|id| (id.clone(), Vec::new())).collect();
    let mut topics: Vec<Sharing<'_>> =
        offered.keys().map(|topic| Sharing::new(topic, members, offered)).collect();
    let by_racks = topics.iter().any(|topic| topic.racks_matter);
    if by_racks {
        let mut alike: BTreeMap<(Vec<&str>, usize), Vec<&mut Sharing<'_>>> = BTreeMap::new();
        for topic in &mut topics {
            alike.entry((topic.readers.clone(), topic.count)).or_default().push(topic);
        }
        for ((readers, count), mut topics) in alike {
            match &mut topics[..] {
                [topic] if topic.racks_matter => topic.give_ranges(&mut assignment, true),
                [_] => {}
                topics => give_together(readers, count, topics, &mut assignment),
            }
        }
    }
    topics.iter_mut().for_each(|topic| topic.give_ranges(&mut assignment, false));
    if by_racks {
        assignment.values_mut().for_each(|assigned| assigned.sort());
    }
    assignment
}

/// The same partition of all topics to the first reader that is near all of them and has room for all.
fn give_together<'a>(
    mut readers: Vec<&'a str>,
    count: usize,
    topics: &mut [&mut Sharing<'a>],
    assignment: &mut Assignment,
) {
    for index in 0..count {
        let suits = |reader: &&&str| {
            topics.iter().all(|topic| !topic.is_far(reader, index) && topic.room(reader) > 0)
        };
        let Some(reader) = readers.iter().find(suits).copied() else { continue };
        topics.iter_mut().for_each(|topic| topic.give(reader, &[index], assignment));
        if topics.iter().all(|topic| topic.room(reader) == 0) {
            readers.retain(|other| *other != reader);
        }
    }
}

/// One topic while it is shared out.
struct Sharing<'a> {
    topic: &'a TopicName,
    count: usize,
    readers: Vec<&'a str>,
    racks: BTreeMap<&'a str, &'a str>,
    racks_matter: bool,
    offered: &'a Offered,
    free: Vec<usize>,
    given: BTreeMap<&'a str, usize>,
    each: usize,
    /// How many readers may still get one more.
    extra: usize,
}

impl<'a> Sharing<'a> {
    fn new(topic: &'a TopicName, members: &'a Members, offered: &'a Offered) -> Self {
        let readers = in_order(members.iter().filter(|(_, member)| member.topics.contains(topic)));
        let racks = racks::of_members(readers.iter().copied(), members);
        let count = offered[topic].count;
        Self {
            topic,
            count,
            racks_matter: racks::matter(&racks, [topic].into_iter(), offered),
            racks,
            offered,
            free: (0..count).collect(),
            given: readers.iter().map(|reader| (*reader, 0)).collect(),
            each: count / readers.len(),
            extra: count % readers.len(),
            readers,
        }
    }

    fn is_far(&self, reader: &str, index: usize) -> bool {
        let racks = self.offered[self.topic].racks.get(index);
        self.racks.get(reader).is_some_and(|rack| racks.is_none_or(|racks| !racks.contains(*rack)))
    }

    fn room(&self, reader: &str) -> usize {
        (self.each + usize::from(self.extra > 0)).saturating_sub(self.given[reader])
    }

    fn give_ranges(&mut self, assignment: &mut Assignment, only_near: bool) {
        for reader in self.readers.clone() {
            let free = self.free.iter().copied();
            let suiting = free.filter(|index| !only_near || !self.is_far(reader, *index));
            let range: Vec<usize> = suiting.take(self.room(reader)).collect();
            self.give(reader, &range, assignment);
        }
    }

    fn give(&mut self, reader: &'a str, indexes: &[usize], assignment: &mut Assignment) {
        if indexes.is_empty() {
            return;
        }
        let given = self.given.entry(reader).or_default();
        *given += indexes.len();
        if *given > self.each {
            self.extra = self.extra.saturating_sub(1);
        }
        self.free.retain(|index| !indexes.contains(index));
        let owned = assignment.get_mut(reader).expect("every member has an entry");
        owned.extend(indexes.iter().map(|index| TopicPartition::new(self.topic.clone(), *index as i32)));
    }
}
