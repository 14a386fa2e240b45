//! LeaveGroup: members go, or an operator removes them by their `group.instance.id`.

use super::{ClassicGroup, ClassicState, LeaveGroup, LeavingMember, MemberLeft, Turn};
use crate::GroupError;

impl LeaveGroup {
    /// The answer where none of them is a member.
    pub(crate) fn all_unknown(self) -> Vec<MemberLeft> {
        let unknown = |member: LeavingMember| MemberLeft {
            member_id: member.member_id,
            group_instance_id: member.group_instance_id,
            error: Some(GroupError::UnknownMemberId),
        };
        self.members.into_iter().map(unknown).collect()
    }
}

impl ClassicGroup {
    pub(crate) fn leave(&mut self, request: LeaveGroup, turn: &mut Turn<'_>) -> Vec<MemberLeft> {
        let left = |member: LeavingMember| {
            let error = self.leave_one(&member, turn).err();
            MemberLeft { member_id: member.member_id, group_instance_id: member.group_instance_id, error }
        };
        let left: Vec<_> = request.members.into_iter().map(left).collect();
        if left.iter().any(|member| member.error.is_none()) && self.state != ClassicState::Empty {
            self.rebalance(turn);
        }
        left
    }

    fn leave_one(&mut self, member: &LeavingMember, turn: &mut Turn<'_>) -> Result<(), GroupError> {
        let instance_id = member.group_instance_id.as_deref();
        if member.member_id.is_empty() {
            let known = instance_id.and_then(|instance_id| self.static_members.get(instance_id)).cloned();
            self.remove(&known.ok_or(GroupError::UnknownMemberId)?, turn);
        } else {
            if !self.pending_joins.contains_key(&*member.member_id) {
                self.validate_member(&member.member_id, instance_id)?;
            }
            self.remove(&member.member_id, turn);
        }
        Ok(())
    }
}
