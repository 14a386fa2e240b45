//! Heartbeat: a member is alive, and learns whether it has to join again.

use super::rebalance::restart_session;
use super::{ClassicGroup, ClassicState, Heartbeat, Turn};
use crate::GroupError;

impl ClassicGroup {
    pub(crate) fn heartbeat(&mut self, request: &Heartbeat, turn: &mut Turn<'_>) -> Result<(), GroupError> {
        self.validate_member(&request.member_id, request.group_instance_id.as_deref())?;
        if request.generation != self.generation {
            return Err(GroupError::IllegalGeneration);
        }
        self.refresh_session(&request.member_id, turn);
        match self.state {
            ClassicState::Empty => Err(GroupError::UnknownMemberId),
            ClassicState::PreparingRebalance => Err(GroupError::RebalanceInProgress),
            // A member may have its generation and not its assignment yet.
            ClassicState::CompletingRebalance | ClassicState::Stable => Ok(()),
        }
    }

    /// The member was heard.
    pub(super) fn refresh_session(&mut self, member_id: &str, turn: &mut Turn<'_>) {
        if let Some(member) = self.members.get_mut(member_id) {
            restart_session(&self.id, member, turn);
        }
    }
}
