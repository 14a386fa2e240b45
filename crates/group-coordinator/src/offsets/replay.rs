//! Offsets from the log.

use coordinator::{CoordinatorRecord, MalformedRecord, Written};
use types::{ProducerId, TopicPartition};

use super::{Kept, Offsets};
use crate::groups::Groups;
use crate::records::{read_offset_commit_key, read_offset_commit_value};

impl Offsets {
    /// Takes a record about an offset over. One that a transaction wrote counts when [`Offsets::end_transaction`] says
    /// so; a tombstone counts at once.
    ///
    /// # Errors
    /// [`MalformedRecord`].
    pub(crate) fn replay(
        &mut self,
        groups: &mut Groups,
        written: Written,
        record: &CoordinatorRecord,
    ) -> Result<(), MalformedRecord> {
        let key = read_offset_commit_key(&record.key)?;
        let partition = TopicPartition::new(key.topic, key.partition);
        self.next_order = self.next_order.max(written.offset.0.saturating_add(1));
        let Some(value) = &record.value else {
            self.remove(&key.group, &partition);
            return Ok(());
        };
        let kept = Kept::new(read_offset_commit_value(&record.key, value)?, written.offset.0);
        groups.offset_replayed(&key.group);
        match written.transaction {
            None => self.put(&key.group, &partition, kept),
            Some((producer, _)) => {
                let partition = self.shared(&partition);
                self.pending.put(producer, &key.group, partition, kept);
            }
        }
        Ok(())
    }

    /// The marker of a producer's transaction: what it committed counts, unless something was committed later, or it
    /// never was.
    pub(crate) fn end_transaction(&mut self, producer: ProducerId, is_committed: bool) {
        let pending = self.pending.take(producer);
        if !is_committed {
            return;
        }
        for (group_id, partitions) in pending {
            for (partition, kept) in partitions {
                let current = self.by_group.get(&*group_id).and_then(|partitions| partitions.get(&partition));
                if current.is_none_or(|current| current.order < kept.order) {
                    self.put(&group_id, &partition, kept);
                }
            }
        }
    }
}
