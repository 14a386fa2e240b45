//! What committed offsets ask of a consumer group: may this client commit, and read what was committed.

use types::{PartitionIndex, Uuid};

use super::ConsumerGroup;
use super::member::Member;
use crate::GroupError;

/// Which partitions a client may commit offsets of.
#[derive(Clone, Copy, Debug)]
pub(crate) enum MayCommit<'a> {
    /// Any.
    All,
    /// Those that this member has had since this epoch, or longer (KIP-1251).
    SinceEpoch { member: &'a Member, epoch: i32 },
}

impl MayCommit<'_> {
    /// Whether it may commit this one.
    ///
    /// # Errors
    /// `StaleMemberEpoch`, or for a member with the classic protocol `IllegalGeneration`: the member has not got the
    /// partition, or got it later. Nothing of the request counts then.
    pub(crate) fn validate(
        &self,
        topic_id: Option<Uuid>,
        partition: PartitionIndex,
    ) -> Result<(), GroupError> {
        let Self::SinceEpoch { member, epoch } = self else { return Ok(()) };
        let since = topic_id.and_then(|topic_id| member.assignment_epoch(topic_id, partition));
        if since.is_some_and(|since| *epoch >= since) { Ok(()) } else { Err(another_epoch(member)) }
    }
}

impl ConsumerGroup {
    /// Whether the client may commit.
    ///
    /// # Errors
    /// `UnknownMemberId`; `UnsupportedVersion` for a member that commits in a version that does not know of epochs;
    /// `StaleMemberEpoch`, or for a member with the classic protocol `IllegalGeneration`, where the member is not that
    /// far yet.
    pub(crate) fn validate_commit(
        &self,
        member_id: &str,
        epoch: i32,
        knows_epochs: bool,
    ) -> Result<MayCommit<'_>, GroupError> {
        if epoch < 0 && self.is_empty() {
            return Ok(MayCommit::All);
        }
        let member = self.member(member_id).ok_or(GroupError::UnknownMemberId)?;
        if !knows_epochs && !member.is_classic() {
            return Err(GroupError::UnsupportedVersion);
        }
        match epoch.cmp(&member.epoch()) {
            std::cmp::Ordering::Equal => Ok(MayCommit::All),
            std::cmp::Ordering::Greater => Err(another_epoch(member)),
            std::cmp::Ordering::Less => Ok(MayCommit::SinceEpoch { member, epoch }),
        }
    }

    /// Whether the client may read what was committed: `member` is who it says it is, and its epoch.
    ///
    /// # Errors
    /// `UnknownMemberId`; `StaleMemberEpoch`, or for a member with the classic protocol `IllegalGeneration`.
    pub(crate) fn validate_offset_fetch(&self, member: Option<(&str, i32)>) -> Result<(), GroupError> {
        let Some((member_id, epoch)) = member else { return Ok(()) };
        let member = self.member(member_id).ok_or(GroupError::UnknownMemberId)?;
        if epoch == member.epoch() { Ok(()) } else { Err(another_epoch(member)) }
    }
}

fn another_epoch(member: &Member) -> GroupError {
    if member.is_classic() { GroupError::IllegalGeneration } else { GroupError::StaleMemberEpoch }
}
