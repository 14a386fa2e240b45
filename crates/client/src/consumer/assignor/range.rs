//! Neighbouring partitions of each topic to each member; the first members get one more where it does not come out even.

use types::TopicPartition;

use super::{Assignment, Members, PartitionCounts, in_order};

pub(super) fn assign(members: &Members, counts: &PartitionCounts) -> Assignment {
    let mut assignment: Assignment = members.keys().map(|id| (id.clone(), Vec::new())).collect();
    for (topic, count) in counts {
        let readers = in_order(members.iter().filter(|(_, member)| member.topics.contains(topic)));
        let (each, extra) = (count / readers.len(), count % readers.len());
        let mut next = 0;
        for (place, reader) in readers.into_iter().enumerate() {
            let end = next + each + usize::from(place < extra);
            let owned = assignment.get_mut(reader).expect("every member has an entry");
            owned.extend((next..end).map(|index| TopicPartition::new(topic.clone(), index as i32)));
            next = end;
        }
    }
    assignment
}
