//! A member's assignment while it is worked out: a `HashMap` of `HashSet`s as Java has it, in whose order it is written.

use foldhash::fast::FixedState;
use hashbrown::HashMap;
use types::{PartitionIndex, Uuid};

use super::java_order::{HashOrder, hash_of_id};
use super::{Assignment, TopicAssignment};

/// An assignment that is being changed.
#[derive(Debug, Default)]
pub(super) struct Draft {
    /// By age; those without partitions have been removed.
    topics: Vec<DraftTopic>,
    /// How many of them were copied.
    copied: usize,
    /// Where in `topics` a topic is now.
    places: HashMap<Uuid, usize, FixedState>,
    order: HashOrder,
}

#[derive(Debug)]
struct DraftTopic {
    topic_id: Uuid,
    /// By age.
    partitions: Vec<PartitionIndex>,
    order: HashOrder,
}

impl Draft {
    /// A copy, to be changed, of an assignment that is in Java's order.
    pub(super) fn copy_of(assignment: &Assignment) -> Self {
        let mut draft = Self { order: HashOrder::with_capacity(assignment.topics.len()), ..Self::default() };
        for topic in &assignment.topics {
            draft.insert(
                topic.topic_id,
                topic.partitions.clone(),
                HashOrder::of_set_copied_from(topic.partitions.len()),
            );
        }
        draft.order.grow_to(draft.topics.len());
        draft.copied = draft.topics.len();
        draft
    }

    fn insert(&mut self, topic_id: Uuid, partitions: Vec<PartitionIndex>, order: HashOrder) {
        self.places.insert(topic_id, self.topics.len());
        self.topics.push(DraftTopic { topic_id, partitions, order });
    }

    /// Removes a topic, if it is there.
    pub(super) fn remove_topic(&mut self, topic_id: Uuid) {
        if let Some(place) = self.places.remove(&topic_id) {
            self.topics[place].partitions = Vec::new();
        }
    }

    /// Keeps only these partitions of a topic, which are some that it has, in their order.
    pub(super) fn keep(&mut self, topic_id: Uuid, partitions: &[PartitionIndex]) {
        if partitions.is_empty() {
            self.remove_topic(topic_id);
        } else if let Some(place) = self.places.get(&topic_id) {
            self.topics[*place].partitions = partitions.to_vec();
        }
    }

    /// Removes a partition, if it is there.
    pub(super) fn remove(&mut self, topic_id: Uuid, partition: PartitionIndex) {
        let Some(place) = self.places.get(&topic_id) else { return };
        let partitions = &mut self.topics[*place].partitions;
        // Those that go are mostly young.
        if let Some(index) = partitions.iter().rposition(|it| *it == partition) {
            partitions.remove(index);
        }
        if partitions.is_empty() {
            self.places.remove(&topic_id);
        }
    }

    /// Adds a partition; `order` is that of a topic that is not there yet.
    pub(super) fn add(
        &mut self,
        topic_id: Uuid,
        partition: PartitionIndex,
        order: impl FnOnce() -> HashOrder,
    ) {
        // `computeIfAbsent` makes room before it looks, not after it has added.
        self.order.grow_to(self.places.len());
        let Some(place) = self.places.get(&topic_id) else {
            self.insert(topic_id, vec![partition], order());
            return;
        };
        let topic = &mut self.topics[*place];
        topic.partitions.push(partition);
        topic.order.grow_to(topic.partitions.len());
    }

    /// The assignment that came out, in Java's order.
    pub(super) fn finish(mut self) -> Assignment {
        // `computeIfAbsent` puts a new key before the others of its place.
        let mut by_place = self.topics.split_off(self.copied);
        by_place.reverse();
        by_place.append(&mut self.topics);
        by_place.retain(|topic| !topic.partitions.is_empty());
        let topics = by_place.into_iter().map(|topic| TopicAssignment {
            topic_id: topic.topic_id,
            partitions: in_order(topic.order, topic.partitions),
        });
        Assignment { topics: topics_in_order(self.order, topics.collect()) }
    }
}

/// An assignment as Kafka has it in memory after it has read it from its record.
pub(super) fn as_read_from_log(assignment: &Assignment) -> Assignment {
    let topics = assignment.topics.iter().map(|topic| TopicAssignment {
        topic_id: topic.topic_id,
        partitions: in_order(HashOrder::of_set_copied_from(topic.partitions.len()), topic.partitions.clone()),
    });
    Assignment {
        topics: topics_in_order(HashOrder::of_map_grown_to(assignment.topics.len()), topics.collect()),
    }
}

fn in_order(order: HashOrder, mut partitions: Vec<PartitionIndex>) -> Vec<PartitionIndex> {
    partitions.sort_by_key(|partition| order.place(partition.0));
    partitions
}

/// Topics, oldest first, as a map goes through them.
pub(super) fn topics_in_order(order: HashOrder, mut topics: Vec<TopicAssignment>) -> Vec<TopicAssignment> {
    topics.sort_by_key(|topic| order.place(hash_of_id(topic.topic_id)));
    topics
}
