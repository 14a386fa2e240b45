//! TxnOffsetCommit: offsets that count when the transaction is committed.

use coordinator::Now;

use super::commit::Accepted;
use super::{CommitOffsetsInTransaction, CommittedPartition, Kept, Offsets};
use crate::GroupError;
use crate::groups::{GroupStep, Groups};

impl Offsets {
    /// Keeps what the transaction is to commit; a partition whose metadata is too long is refused alone. Whether the
    /// producer may write at all is the log's affair.
    ///
    /// # Errors
    /// Those of [`Groups::validate_commit_in_transaction`]; `TooLarge` where the offsets do not fit into a batch. Nothing
    /// is kept then.
    pub(crate) fn commit_in_transaction(
        &mut self,
        groups: &mut Groups,
        request: CommitOffsetsInTransaction,
        now: Now,
        step: &mut GroupStep,
    ) -> Result<Vec<CommittedPartition>, GroupError> {
        let is_new_group = groups.get(&request.group_id).is_none();
        groups.validate_commit_in_transaction(&request, now)?;
        let CommitOffsetsInTransaction { producer, group_id, offsets, .. } = request;
        let accepted = Accepted::of(&group_id, offsets, None, groups, now);
        accepted.fit(&group_id, is_new_group, groups)?;
        for (partition, value) in accepted.kept {
            let order = self.take_order();
            let partition = self.shared(&partition);
            self.pending.put(producer.0, &group_id, partition, Kept::new(value, order));
        }
        step.records.extend(accepted.records);
        step.transaction = Some(producer);
        Ok(accepted.told)
    }
}
