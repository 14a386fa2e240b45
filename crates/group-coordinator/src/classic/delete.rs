//! The end of a group: DeleteGroups, or nothing is left of it.

use coordinator::CoordinatorRecord;

use super::{ClassicGroup, ClassicState, Turn};
use crate::GroupError;
use crate::records::group_metadata_tombstone;

impl ClassicGroup {
    /// Whether the group may be deleted: nobody is in it.
    pub(crate) fn validate_delete(&self) -> Result<(), GroupError> {
        match self.state {
            ClassicState::Empty => Ok(()),
            _ => Err(GroupError::NonEmptyGroup),
        }
    }

    /// Whether nobody is in it.
    pub(crate) fn is_empty(&self) -> bool {
        self.state == ClassicState::Empty
    }

    /// The record of the group's end.
    pub(crate) fn tombstone(&self) -> CoordinatorRecord {
        group_metadata_tombstone(&self.id)
    }

    /// Writes the group's end, also where the log never heard of it, as Kafka does; takes its alarms back.
    pub(crate) fn end(&mut self, turn: &mut Turn<'_>) {
        turn.step.records.push(self.tombstone());
        self.cancel_alarms(turn);
    }

    /// Takes all alarms back.
    pub(crate) fn cancel_alarms(&mut self, turn: &mut Turn<'_>) {
        let sessions = self.members.values_mut().map(|member| &mut member.session);
        for alarm in sessions.chain(self.pending_joins.values_mut()) {
            turn.timers.cancel(alarm);
        }
        turn.timers.cancel(&mut self.join_alarm);
        turn.timers.cancel(&mut self.sync_alarm);
    }
}
