//! SyncGroup: a member asks for its assignment, the leader brings everybody's.

use bytes::Bytes;
use coordinator::Token;
use hashbrown::HashMap;

use super::member::Member;
use super::rebalance::restart_session;
use super::{ClassicGroup, ClassicState, SyncGroup, Synced, Turn};
use crate::GroupError;
use crate::records::group_metadata_record;

impl ClassicGroup {
    pub(crate) fn sync(&mut self, token: Token, request: &SyncGroup, turn: &mut Turn<'_>) {
        if let Err(error) = self.validate_sync(request) {
            turn.synced(token, Err(error));
            return;
        }
        let is_leader = self.is_leader(&request.member_id);
        if self.state != ClassicState::PreparingRebalance {
            self.pending_syncs.remove(&*request.member_id);
            if self.pending_syncs.is_empty() {
                turn.timers.cancel(&mut self.sync_alarm);
            }
        }
        let Some(member) = self.members.get_mut(&*request.member_id) else { return };
        match self.state {
            ClassicState::Empty | ClassicState::PreparingRebalance => {
                turn.synced(token, Err(GroupError::RebalanceInProgress));
            }
            ClassicState::CompletingRebalance => {
                if let Some(earlier) = member.awaiting_sync.replace(token) {
                    // Given up, or ahead of this one in its connection.
                    turn.synced(earlier, Err(GroupError::RebalanceInProgress));
                }
                if is_leader {
                    self.assign(&request.assignments, turn);
                }
            }
            ClassicState::Stable => {
                let assignment = member.assignment.clone();
                turn.synced(token, Ok(self.synced(assignment)));
            }
        }
    }

    fn validate_sync(&self, request: &SyncGroup) -> Result<(), GroupError> {
        let differs = |said: &Option<String>, is: &Option<String>| match (said, is) {
            (Some(said), Some(is)) => said != is,
            _ => false,
        };
        self.validate_member(&request.member_id, request.group_instance_id.as_deref())?;
        if request.generation != self.generation {
            Err(GroupError::IllegalGeneration)
        } else if differs(&request.protocol_type, &self.protocol_type)
            || differs(&request.protocol_name, &self.protocol_name)
        {
            Err(GroupError::InconsistentGroupProtocol)
        } else {
            Ok(())
        }
    }

    /// The leader has decided: the group is stable with this, and the log says so. Members that the leader forgot get
    /// nothing; members that it invented are ignored. Where the log cannot take so much, everybody who waits is told and
    /// the group joins anew, as in Kafka.
    fn assign(&mut self, assignments: &[(String, Bytes)], turn: &mut Turn<'_>) {
        let by_member: HashMap<&str, &Bytes, foldhash::fast::FixedState> =
            assignments.iter().map(|(member_id, assignment)| (member_id.as_str(), assignment)).collect();
        for (member_id, member) in &mut self.members {
            // A copy: a slice would keep the whole request.
            let assignment = by_member.get(&**member_id).map(|assignment| Bytes::copy_from_slice(assignment));
            member.assignment = assignment.unwrap_or_default();
        }
        // The record has the time at which the rebalance began to complete, as Kafka's.
        let record = group_metadata_record(&self.id, self.metadata());
        if !turn.has_room_for(&record) {
            self.refuse_syncs(GroupError::TooLarge, turn);
            self.prepare_rebalance(turn);
            return;
        }
        turn.step.records.push(record);
        self.enter(ClassicState::Stable, turn);
        let parked = |member: &mut Member| Some((member.awaiting_sync.take()?, member.assignment.clone()));
        let answer = self.synced(Bytes::new());
        for member in self.members.values_mut() {
            if let Some((token, assignment)) = parked(member) {
                turn.synced(token, Ok(Synced { assignment, ..answer.clone() }));
                restart_session(&self.id, member, turn);
            }
        }
    }

    fn synced(&self, assignment: Bytes) -> Synced {
        let (protocol_type, protocol_name) = (self.protocol_type.clone(), self.protocol_name.clone());
        Synced { protocol_type, protocol_name, assignment }
    }
}
