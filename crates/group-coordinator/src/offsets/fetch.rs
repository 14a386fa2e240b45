//! OffsetFetch.

use types::TopicPartition;

use super::{FetchOffsets, FetchedOffset, FetchedOffsets, Kept, Offsets};
use crate::GroupError;
use crate::groups::Groups;

impl Offsets {
    /// What the group has committed. A group that is not there has committed nothing; of one that does not keep
    /// offsets in this form, too.
    ///
    /// # Errors
    /// Those of [`Groups::validate_offset_fetch`], but that there is no such group.
    pub(crate) fn fetch(&self, groups: &Groups, request: FetchOffsets) -> Result<FetchedOffsets, GroupError> {
        let FetchOffsets { group_id, member, partitions, require_stable } = request;
        let member = member.as_ref().map(|(id, epoch)| (&**id, *epoch));
        let is_there = match groups.validate_offset_fetch(&group_id, member) {
            Ok(()) => true,
            Err(GroupError::GroupIdNotFound) => false,
            Err(error) => return Err(error),
        };
        let kept = self.by_group.get(&*group_id).filter(|_| is_there);
        let partitions = partitions.unwrap_or_else(|| {
            let mut all: Vec<TopicPartition> =
                kept.into_iter().flat_map(|kept| kept.keys().cloned()).collect();
            all.sort_unstable();
            all
        });
        let fetched = partitions.into_iter().map(|partition| {
            let committed = if require_stable && is_there && self.pending.holds(&group_id, &partition) {
                Err(GroupError::UnstableOffsetCommit)
            } else {
                Ok(kept.and_then(|kept| kept.get(&partition)).map(Kept::committed))
            };
            FetchedOffset { partition, committed }
        });
        Ok(fetched.collect())
    }
}
