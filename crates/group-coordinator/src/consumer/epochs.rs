//! Who a member is: new, known, a static member that comes back, or fenced.

use std::sync::Arc;

use super::draft::Draft;
use super::member::{Current, Member, Owned, is_within};
use super::{ConsumerGroup, ConsumerHeartbeat, LEAVE_STATIC_EPOCH};
use crate::GroupError;
use crate::assignors::Assignment;
use crate::classic::Turn;
use crate::records::ConsumerRecord;
use crate::timers::MemberId;

impl ConsumerGroup {
    /// Whether `group.consumer.max.size` lets the member in.
    pub(super) fn validate_size(&self, member_id: &str, turn: &Turn<'_>) -> Result<(), GroupError> {
        let is_full = self.member_count() >= turn.settings.consumer.members_max;
        if is_full && self.member(member_id).is_none() {
            Err(GroupError::GroupMaxSizeReached)
        } else {
            Ok(())
        }
    }

    /// The member that sends a heartbeat, as it is so far.
    ///
    /// # Errors
    /// `UnknownMemberId`; `FencedMemberEpoch`; `FencedInstanceId` where another process goes by the instance id;
    /// `UnreleasedInstanceId` where it did not leave before this one joins.
    pub(super) fn seat_for(
        &self,
        member_id: &MemberId,
        request: &ConsumerHeartbeat,
        draft: &mut Draft,
    ) -> Result<Member, GroupError> {
        let is_joining = request.member_epoch == 0;
        let Some(instance_id) = &request.group_instance_id else {
            return match self.member(member_id) {
                Some(member) => {
                    validate_epoch(member, request.member_epoch, request.owned.as_ref())?;
                    Ok(member.clone())
                }
                None if is_joining => Ok(Member::new(member_id.clone())),
                None => Err(GroupError::UnknownMemberId),
            };
        };
        match self.static_member(instance_id) {
            None if is_joining => {
                Ok(self.member(member_id).cloned().unwrap_or_else(|| Member::new(member_id.clone())))
            }
            None => Err(GroupError::UnknownMemberId),
            Some(known) if is_joining => {
                if !known.is_classic() && known.epoch() != LEAVE_STATIC_EPOCH {
                    return Err(GroupError::UnreleasedInstanceId);
                }
                Ok(self.replace(known, member_id, draft))
            }
            Some(known) => {
                validate_same(known, member_id)?;
                validate_epoch(known, request.member_epoch, request.owned.as_ref())?;
                Ok(known.clone())
            }
        }
    }

    /// A static member comes back under another id (KIP-345): what it had is there for it.
    pub(super) fn replace(&self, known: &Member, member_id: &MemberId, draft: &mut Draft) -> Member {
        let current = Current { epoch: 0, previous_epoch: 0, ..(*known.current).clone() };
        let member = Member { id: member_id.clone(), says: known.says.clone(), current: Arc::new(current) };
        draft.end_member(&known.id);
        draft.push(ConsumerRecord::Member(member.id.clone(), Some(member.says.clone())));
        draft.push(ConsumerRecord::Target(member.id.clone(), Some(self.target_of(&known.id))));
        draft.push(ConsumerRecord::Current(member.id.clone(), Some(member.current.clone())));
        member
    }
}

impl Draft {
    /// The member is gone.
    pub(super) fn end_member(&mut self, member_id: &MemberId) {
        self.push(ConsumerRecord::Current(member_id.clone(), None));
        self.push(ConsumerRecord::Target(member_id.clone(), None));
        self.push(ConsumerRecord::Member(member_id.clone(), None));
    }
}

/// Whether the member with the instance id is the one that asks.
pub(super) fn validate_same(known: &Member, member_id: &str) -> Result<(), GroupError> {
    if *known.id == *member_id { Ok(()) } else { Err(GroupError::FencedInstanceId) }
}

/// Whether the member is in the epoch that it says. One that is an epoch behind may have missed an answer, if it has no
/// more than it is to have.
fn validate_epoch(member: &Member, epoch: i32, said: Option<&Assignment>) -> Result<(), GroupError> {
    let owned: &Owned = &member.current.assigned;
    let missed_answer =
        || epoch < member.epoch() && epoch == member.current.previous_epoch && is_within(said, owned);
    if epoch == 0 || epoch == member.epoch() || missed_answer() {
        Ok(())
    } else {
        Err(GroupError::FencedMemberEpoch)
    }
}
