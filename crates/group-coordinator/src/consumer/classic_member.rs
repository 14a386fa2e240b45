//! SyncGroup, Heartbeat and LeaveGroup of members with the classic protocol in a consumer group.

use super::ConsumerGroup;
use super::epochs::validate_same;
use super::leave::Left;
use super::member::{Member, MemberState, partitions_of};
use super::protocol::{CONSUMER, write_assignment};
use crate::GroupError;
use crate::classic::{Heartbeat, LeaveGroup, LeavingMember, MemberLeft, SyncGroup, Synced, Turn};
use crate::timers::MemberId;

impl ConsumerGroup {
    /// SyncGroup: what the member has, in the words of its protocol.
    ///
    /// # Errors
    /// Those of [`Self::classic_member`]; `InconsistentGroupProtocol` where it believes in another protocol;
    /// `RebalanceInProgress` where it has to join again.
    pub(crate) fn sync_classic(
        &mut self,
        request: &SyncGroup,
        turn: &mut Turn<'_>,
    ) -> Result<Synced, GroupError> {
        let instance_id = request.group_instance_id.as_deref();
        let member = self.classic_member(&request.member_id, instance_id, request.generation)?.clone();
        let words = member.says.classic.as_ref().ok_or(GroupError::UnknownMemberId)?;
        let protocol = words.protocols.first().ok_or(GroupError::InconsistentGroupProtocol)?;
        let differs = |said: &Option<String>, is: &str| said.as_deref().is_some_and(|said| said != is);
        if differs(&request.protocol_type, CONSUMER) || differs(&request.protocol_name, &protocol.name) {
            return Err(GroupError::InconsistentGroupProtocol);
        }
        if self.assignment_epoch() > member.epoch() && !member.has_to_revoke() {
            self.start_join_alarm(&member.id, turn);
            return Err(GroupError::RebalanceInProgress);
        }
        let assigned = partitions_of(&member.current.assigned);
        let assignment = write_assignment(&assigned, &protocol.metadata, turn.topics.cluster())
            .ok_or(GroupError::InconsistentGroupProtocol)?;
        self.stop_sync_alarm(&member.id, turn);
        self.restart_session_of(&member.id, words.session_timeout_ms, turn);
        Ok(Synced {
            protocol_type: request.protocol_type.clone(),
            protocol_name: request.protocol_name.clone(),
            assignment,
        })
    }

    /// Heartbeat: the member is alive, and learns whether it has to join again: it is behind its target, has to give
    /// partitions up, or can have those that it waited for.
    ///
    /// # Errors
    /// Those of [`Self::classic_member`]; `RebalanceInProgress`.
    pub(crate) fn heartbeat_classic(
        &mut self,
        request: &Heartbeat,
        turn: &mut Turn<'_>,
    ) -> Result<(), GroupError> {
        let instance_id = request.group_instance_id.as_deref();
        let member = self.classic_member(&request.member_id, instance_id, request.generation)?.clone();
        let timeout_ms = member.says.classic.as_ref().map_or(0, |words| words.session_timeout_ms);
        self.restart_session_of(&member.id, timeout_ms, turn);
        let can_get_on = match member.current.state {
            MemberState::UnrevokedPartitions => true,
            MemberState::UnreleasedPartitions => !self.waits_for_others(&member),
            MemberState::Stable | MemberState::Unknown => false,
        };
        if member.epoch() < self.assignment_epoch() || can_get_on {
            self.start_join_alarm(&member.id, turn);
            return Err(GroupError::RebalanceInProgress);
        }
        Ok(())
    }

    /// LeaveGroup.
    ///
    /// # Errors
    /// `TooLarge`; nobody has left then.
    pub(crate) fn leave_classic(
        &mut self,
        request: LeaveGroup,
        turn: &mut Turn<'_>,
    ) -> Result<(Vec<MemberLeft>, Left), GroupError> {
        let mut leaving: Vec<MemberId> = Vec::new();
        let answers = request.members.into_iter().map(|member| {
            let found = self.leaving_member(&member);
            let error = found.as_ref().err().copied();
            leaving.extend(found.ok().filter(|found| !leaving.contains(found)));
            MemberLeft { member_id: member.member_id, group_instance_id: member.group_instance_id, error }
        });
        let answers = answers.collect();
        let left = self.fence(&leaving, turn)?;
        Ok((answers, left))
    }

    fn leaving_member(&self, leaving: &LeavingMember) -> Result<MemberId, GroupError> {
        let Some(instance_id) = &leaving.group_instance_id else {
            let member = self.member(&leaving.member_id).ok_or(GroupError::UnknownMemberId)?;
            return Ok(member.id.clone());
        };
        let known = self.static_member(instance_id).ok_or(GroupError::UnknownMemberId)?;
        // An operator knows the instance id only.
        if !leaving.member_id.is_empty() {
            validate_same(known, &leaving.member_id)?;
        }
        Ok(known.id.clone())
    }

    /// The member that speaks the classic protocol, in the generation that it says.
    ///
    /// # Errors
    /// `UnknownMemberId`, `FencedInstanceId`, `IllegalGeneration`.
    fn classic_member(
        &self,
        member_id: &str,
        instance_id: Option<&str>,
        generation: i32,
    ) -> Result<&Member, GroupError> {
        let member = match instance_id {
            None => self.member(member_id).ok_or(GroupError::UnknownMemberId)?,
            Some(instance_id) => {
                let known = self.static_member(instance_id).ok_or(GroupError::UnknownMemberId)?;
                validate_same(known, member_id)?;
                known
            }
        };
        if !member.is_classic() {
            Err(GroupError::UnknownMemberId)
        } else if member.epoch() != generation {
            Err(GroupError::IllegalGeneration)
        } else {
            Ok(member)
        }
    }

    /// Whether others still have what the member is to have.
    fn waits_for_others(&self, member: &Member) -> bool {
        let has = |topic, partition| {
            let of_topic = member.current.assigned.get(&topic);
            of_topic.is_some_and(|partitions| partitions.contains_key(&partition))
        };
        let target = self.target_of(&member.id);
        target.iter().any(|(topic, partition)| !has(topic, partition) && self.is_owned(topic, partition))
    }
}
