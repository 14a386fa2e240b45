//! Which partitions the members of a group of consumers were assigned, as far as the coordinator can read it.

use bytes::Bytes;
use protocol::Reader;
use protocol::records::consumer_protocol_assignment::ConsumerProtocolAssignment;
use types::{TopicName, TopicPartition};

use super::member::Member;
use super::{ClassicGroup, ClassicState};

impl ClassicGroup {
    /// Every member with its partitions; none where the group is not stable, no group of consumers, or has an assignment
    /// in a form of its own.
    pub(crate) fn assigned(&self) -> Vec<(&Member, Vec<TopicPartition>)> {
        if self.state != ClassicState::Stable || !self.uses_consumer_protocol() {
            return Vec::new();
        }
        let read = |member: &Member| read_partitions(&member.assignment);
        self.members().filter_map(|member| Some((member, read(member)?))).collect()
    }
}

/// Partitions come first at every version, so that version 0 reads them all.
fn read_partitions(assignment: &Bytes) -> Option<Vec<TopicPartition>> {
    let mut reader = Reader::new(assignment.clone());
    let _version = reader.i16().ok()?;
    let assigned = ConsumerProtocolAssignment::decode(&mut reader, 0).ok()?.assigned_partitions;
    let partitions = assigned.into_iter().flat_map(|topic| {
        let name = TopicName::from(topic.topic);
        topic.partitions.into_iter().map(move |index| TopicPartition::new(name.clone(), index))
    });
    Some(partitions.collect())
}
