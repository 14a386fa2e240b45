//! Partitions in the order of their topics, dealt to the members in turn; who does not read a topic is passed over.

use super::{Assignment, Members, PartitionCounts, in_order, partitions_of};

pub(super) fn assign(members: &Members, counts: &PartitionCounts) -> Assignment {
    let mut assignment: Assignment = members.keys().map(|id| (id.clone(), Vec::new())).collect();
    let readers = in_order(members.iter());
    let mut turn = 0;
    for partition in partitions_of(counts.iter().map(|(topic, count)| (topic, *count))) {
        // Every topic here has a reader, so the search ends.
        while !members[readers[turn]].topics.contains(&partition.topic) {
            turn = (turn + 1) % readers.len();
        }
        assignment.get_mut(readers[turn]).expect("every member has an entry").push(partition);
        turn = (turn + 1) % readers.len();
    }
    assignment
}
