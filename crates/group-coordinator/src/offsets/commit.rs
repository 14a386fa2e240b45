//! OffsetCommit.

use coordinator::{CoordinatorRecord, Now, fit_into_batch};
use types::TopicPartition;

use super::{CommitOffset, CommitOffsets, CommittedOffset, CommittedPartition, Kept, Offsets};
use crate::GroupError;
use crate::groups::{GroupStep, Groups};
use crate::records::offset_commit_record;

impl Offsets {
    /// Commits what may be committed; a partition whose metadata is too long is refused alone.
    ///
    /// # Errors
    /// Those of [`Groups::validate_commit`]; `TooLarge` where the offsets do not fit into a batch. Nothing is committed
    /// then.
    pub(crate) fn commit(
        &mut self,
        groups: &mut Groups,
        request: CommitOffsets,
        now: Now,
        step: &mut GroupStep,
    ) -> Result<Vec<CommittedPartition>, GroupError> {
        let is_new_group = groups.get(&request.group_id).is_none();
        groups.validate_commit(&request, now)?;
        let CommitOffsets { group_id, retention_ms, offsets, .. } = request;
        let expires_at_ms = retention_ms.map(|retention_ms| now.clock_ms.saturating_add(retention_ms));
        let accepted = Accepted::of(&group_id, offsets, expires_at_ms, groups, now);
        accepted.fit(&group_id, is_new_group, groups)?;
        for (partition, value) in accepted.kept {
            let order = self.take_order();
            self.put(&group_id, &partition, Kept::new(value, order));
        }
        step.records.extend(accepted.records);
        Ok(accepted.told)
    }
}

/// What a commit is about to keep.
pub(super) struct Accepted {
    pub(super) records: Vec<CoordinatorRecord>,
    pub(super) kept: Vec<(TopicPartition, CommittedOffset)>,
    /// What became of each offset, in the request's order.
    pub(super) told: Vec<CommittedPartition>,
}

impl Accepted {
    /// The offsets whose metadata is not too long.
    pub(super) fn of(
        group_id: &str,
        offsets: Vec<CommitOffset>,
        expires_at_ms: Option<i64>,
        groups: &Groups,
        now: Now,
    ) -> Self {
        let metadata_max = groups.settings.offset_metadata_bytes_max;
        let mut accepted = Self {
            records: Vec::with_capacity(offsets.len()),
            kept: Vec::with_capacity(offsets.len()),
            told: Vec::with_capacity(offsets.len()),
        };
        for offset in offsets {
            let is_too_long = offset.is_too_long(metadata_max);
            let CommitOffset { partition, topic_id, offset, leader_epoch, metadata } = offset;
            if is_too_long {
                let error = Some(GroupError::OffsetMetadataTooLarge);
                accepted.told.push(CommittedPartition { partition, error });
                continue;
            }
            let committed_at_ms = now.clock_ms;
            let value =
                CommittedOffset { offset, leader_epoch, metadata, committed_at_ms, expires_at_ms, topic_id };
            accepted.records.push(offset_commit_record(group_id, &partition, &value));
            accepted.kept.push((partition.clone(), value));
            accepted.told.push(CommittedPartition { partition, error: None });
        }
        accepted
    }

    /// Whether the records fit into a batch; a group that was made for them is forgotten where they do not.
    ///
    /// # Errors
    /// `TooLarge`.
    pub(super) fn fit(
        &self,
        group_id: &str,
        is_new_group: bool,
        groups: &mut Groups,
    ) -> Result<(), GroupError> {
        if fit_into_batch(&self.records, groups.batch_bytes_max) {
            return Ok(());
        }
        if is_new_group {
            groups.forget(group_id);
        }
        Err(GroupError::TooLarge)
    }
}

impl CommitOffset {
    /// Whether its metadata is longer than so many characters.
    pub(crate) fn is_too_long(&self, characters_max: usize) -> bool {
        is_longer(&self.metadata, characters_max)
    }
}

/// Whether a text is longer than so many of Java's characters, in which the oracle measures it.
fn is_longer(text: &str, characters_max: usize) -> bool {
    text.len() > characters_max && text.encode_utf16().count() > characters_max
}

#[cfg(test)]
mod tests {
    use super::is_longer;

    #[test]
    fn length_counts_as_java_counts_it() {
        assert!(!is_longer("äää", 3));
        assert!(is_longer("äääa", 3));
        assert!(!is_longer("🦀", 2));
        assert!(is_longer("🦀", 1));
    }
}
