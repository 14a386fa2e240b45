//! OffsetDelete, and offsets that go with their group or their topic.

use std::collections::{BTreeMap, BTreeSet};

use types::{TopicName, TopicPartition, Uuid};

use super::{DeleteOffsets, DeletedPartition, Offsets, Room};
use crate::GroupError;
use crate::groups::{GroupStep, Groups};
use crate::records::offset_commit_tombstone;
use crate::timers::GroupId;

impl Offsets {
    /// Deletes offsets of topics that no member reads. A partition without an offset is no error.
    ///
    /// # Errors
    /// Those of [`Groups::validate_offset_delete`]; `NotFinished` where there is more than fits into one step.
    pub(crate) fn delete(
        &mut self,
        groups: &Groups,
        request: DeleteOffsets,
        step: &mut GroupStep,
    ) -> Result<Vec<DeletedPartition>, GroupError> {
        let DeleteOffsets { group_id, partitions } = request;
        groups.validate_offset_delete(&group_id)?;
        let mut room = Room::beside(step);
        let mut deleted = Vec::with_capacity(partitions.len());
        for partition in partitions {
            let is_read = groups.is_subscribed_to(&group_id, &partition.topic);
            if !is_read
                && self.has(&group_id, &partition)
                && !self.end(&group_id, &partition, &mut room, step)
            {
                return Err(GroupError::NotFinished);
            }
            let error = is_read.then_some(GroupError::GroupSubscribedToTopic);
            deleted.push(DeletedPartition { partition, error });
        }
        Ok(deleted)
    }

    /// Deletes what the group has committed; it is about to end itself.
    ///
    /// # Errors
    /// `NotFinished` where there is more than fits into one step.
    pub(crate) fn delete_all(&mut self, group_id: &str, step: &mut GroupStep) -> Result<(), GroupError> {
        let mut room = Room::beside(step);
        let is_done =
            self.partitions(group_id).iter().all(|partition| self.end(group_id, partition, &mut room, step));
        if is_done { Ok(()) } else { Err(GroupError::NotFinished) }
    }

    /// Remembers deleted topics; [`Offsets::delete_of_topics`] ends their offsets.
    pub(crate) fn topics_deleted(&mut self, topics: BTreeMap<TopicName, Uuid>) {
        self.deleted_topics.extend(topics);
    }

    /// Ends offsets of deleted topics, as many as there is room for. Offsets that were committed of a topic of the same
    /// name and another id stay. True when all are gone.
    pub(crate) fn delete_of_topics(&mut self, room: &mut Room, step: &mut GroupStep) -> bool {
        if self.deleted_topics.is_empty() {
            return true;
        }
        let found = self.offsets_of_deleted_topics();
        let is_done = found.iter().all(|(group_id, partition)| self.end(group_id, partition, room, step));
        if is_done {
            self.deleted_topics.clear();
            self.forget_names();
        }
        is_done
    }

    fn offsets_of_deleted_topics(&self) -> BTreeSet<(GroupId, TopicPartition)> {
        let all = self.by_group.iter().chain(self.pending.iter());
        let mut found = BTreeSet::new();
        for (group_id, partitions) in all {
            for (partition, kept) in partitions {
                let deleted = self.deleted_topics.get(&partition.topic);
                if deleted.is_some_and(|id| kept.topic_id == Uuid::ZERO || kept.topic_id == *id) {
                    found.insert((group_id.clone(), partition.clone()));
                }
            }
        }
        found
    }

    fn has(&self, group_id: &str, partition: &TopicPartition) -> bool {
        let is_committed = self.by_group.get(group_id).is_some_and(|kept| kept.contains_key(partition));
        is_committed || self.pending.holds(group_id, partition)
    }

    /// Ends one offset, if the step has room for the record that says so.
    pub(super) fn end(
        &mut self,
        group_id: &str,
        partition: &TopicPartition,
        room: &mut Room,
        step: &mut GroupStep,
    ) -> bool {
        let record = offset_commit_tombstone(group_id, partition);
        let has_room = room.take(&record);
        if has_room {
            step.records.push(record);
            self.remove(group_id, partition);
        }
        has_room
    }
}
