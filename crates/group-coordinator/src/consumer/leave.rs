//! Members go: by a heartbeat, by LeaveGroup, or because they are fenced.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::draft::Draft;
use super::epochs::validate_same;
use super::member::{Current, Owned};
use super::{ConsumerGroup, ConsumerHeartbeat, Heard, LEAVE_STATIC_EPOCH};
use crate::GroupError;
use crate::classic::{ClassicGroup, Turn};
use crate::records::ConsumerRecord;
use crate::timers::MemberId;

/// What became of a group that members left.
#[derive(Debug)]
pub(crate) enum Left {
    /// It goes on.
    Goes,
    /// Only members with the classic protocol are left: it is a classic group now.
    IsClassic(Box<ClassicGroup>),
}

impl ConsumerGroup {
    /// A heartbeat by which a member leaves.
    ///
    /// # Errors
    /// `UnknownMemberId`, `FencedInstanceId`, `TooLarge`.
    pub(super) fn leave(
        &mut self,
        request: &ConsumerHeartbeat,
        turn: &mut Turn<'_>,
    ) -> Result<(Heard, Left), GroupError> {
        let member = match &request.group_instance_id {
            None => self.member(&request.member_id).ok_or(GroupError::UnknownMemberId)?,
            Some(instance_id) => {
                let known = self.static_member(instance_id).ok_or(GroupError::UnknownMemberId)?;
                validate_same(known, &request.member_id)?;
                known
            }
        };
        let member_id = member.id.clone();
        let is_back_soon = request.group_instance_id.is_some() && request.member_epoch == LEAVE_STATIC_EPOCH;
        let left = if is_back_soon {
            self.leave_for_a_while(&member_id, turn)?;
            Left::Goes
        } else {
            self.fence(&[member_id], turn)?
        };
        let heard = Heard {
            member_id: request.member_id.clone(),
            member_epoch: request.member_epoch,
            heartbeat_interval_ms: 0,
            assignment: None,
        };
        Ok((heard, left))
    }

    /// A static member keeps its place until its session ends. Who comes back for it may have any epoch.
    fn leave_for_a_while(&mut self, member_id: &MemberId, turn: &mut Turn<'_>) -> Result<(), GroupError> {
        let Some(member) = self.member(member_id) else { return Ok(()) };
        let without_epochs = |(topic, partitions): (&_, &BTreeMap<_, _>)| {
            (*topic, partitions.keys().map(|partition| (*partition, 0)).collect())
        };
        let current = Current {
            epoch: LEAVE_STATIC_EPOCH,
            assigned: member.current.assigned.iter().map(without_epochs).collect(),
            revoking: Owned::new(),
            ..(*member.current).clone()
        };
        let mut draft = Draft::default();
        draft.push(ConsumerRecord::Current(member_id.clone(), Some(Arc::new(current))));
        self.commit(draft, turn).map(drop)
    }

    /// These members are out; the group's epoch rises. Where only members with the classic protocol are left, the group
    /// becomes one of theirs.
    ///
    /// # Errors
    /// `TooLarge`; those of [`Self::downgrade`].
    pub(crate) fn fence(&mut self, member_ids: &[MemberId], turn: &mut Turn<'_>) -> Result<Left, GroupError> {
        if member_ids.is_empty() {
            return Ok(Left::Goes);
        }
        if self.may_become_classic_without(member_ids, turn) {
            return self.downgrade(member_ids, turn).map(Left::IsClassic);
        }
        let mut draft = Draft::default();
        for member_id in member_ids {
            draft.end_member(member_id);
        }
        let mut after = self.subscriptions.clone();
        for member in member_ids.iter().filter_map(|member_id| self.member(member_id)) {
            after.change(Some(&*member.says), None);
        }
        let leaving = member_ids.iter().filter_map(|member_id| self.member(member_id));
        let regexes: BTreeSet<&Arc<str>> = leaving.filter_map(|member| member.says.regex()).collect();
        for regex in regexes.into_iter().filter(|regex| self.subscriptions.members_with(regex) > 0) {
            if after.members_with(regex) == 0 {
                after.resolve(regex, None);
                draft.push(ConsumerRecord::Regex(regex.clone(), None));
            }
        }
        self.raise_epoch(turn.topics.hash(after.topics()), &mut draft);
        self.commit(draft, turn)?;
        Ok(Left::Goes)
    }
}
