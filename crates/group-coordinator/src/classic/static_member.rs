//! A static member comes back as a new process (KIP-345): it takes its old place, mostly without a rebalance.

use coordinator::Token;

use super::rebalance::restart_session;
use super::{ClassicGroup, ClassicState, JoinGroup, Joined, Turn};
use crate::GroupError;
use crate::records::group_metadata_record;
use crate::timers::MemberId;

impl ClassicGroup {
    /// A client joins without a member id under a `group.instance.id` that `old` has. In a stable group nobody else has
    /// to notice, unless another protocol would be chosen with it.
    pub(super) fn replace_static_member(
        &mut self,
        token: Token,
        request: &JoinGroup,
        old: &str,
        new: MemberId,
        turn: &mut Turn<'_>,
    ) {
        let leader_before = self.leader.clone();
        self.take_place(old, &new, turn);
        let before = self.update(request, &new, token, turn);
        match self.state {
            ClassicState::Stable if self.protocol_name == self.select_protocol() => {
                let record = group_metadata_record(&self.id, self.metadata());
                if turn.has_room_for(&record) {
                    turn.step.records.push(record);
                    self.tell_place(&new, leader_before, request.knows_skip_assignment, turn);
                } else {
                    let error = Some(GroupError::TooLarge);
                    let leader = leader_before.as_deref().unwrap_or_default().to_owned();
                    let refusal = Joined { error, leader, ..self.current_generation() };
                    self.answer_join(&new, refusal, turn);
                    // The log cannot take what the new process says: the old one stays the member.
                    self.say(&new, before);
                    self.take_place(&new, &MemberId::from(old), turn);
                }
            }
            ClassicState::Stable => self.rebalance(turn),
            // The leader may be assigning to the old id.
            ClassicState::CompletingRebalance => self.prepare_rebalance(turn),
            ClassicState::Empty | ClassicState::PreparingRebalance => self.maybe_complete_join(turn),
        }
    }

    /// Tells the member the generation that goes on. A leader that does not know how to skip the assignment (before
    /// v9, KIP-814) is told the old leader, so that it does not believe to be the one.
    fn tell_place(
        &mut self,
        member_id: &MemberId,
        leader_before: Option<MemberId>,
        knows_skip: bool,
        turn: &mut Turn<'_>,
    ) {
        let is_leader = self.is_leader(member_id);
        let mut answer = Joined { member_id: member_id.to_string(), ..self.current_generation() };
        if knows_skip {
            answer.skip_assignment = is_leader;
            answer.members = if is_leader { self.joined_members() } else { Vec::new() };
        } else {
            answer.leader = leader_before.as_deref().unwrap_or_default().to_owned();
        }
        self.answer_join(member_id, answer, turn);
    }

    fn answer_join(&mut self, member_id: &str, answer: Joined, turn: &mut Turn<'_>) {
        let parked = self.members.get_mut(member_id).and_then(|member| member.awaiting_join.take());
        if let Some(token) = parked {
            self.awaiting_join -= 1;
            turn.joined(token, answer);
        }
    }

    /// A static member whose process is a new one takes its old place, under a new id. The old process is fenced.
    fn take_place(&mut self, old: &str, new: &MemberId, turn: &mut Turn<'_>) {
        let Some(mut member) = self.members.remove(old) else { return };
        if let Some(token) = member.awaiting_join.take() {
            self.awaiting_join -= 1;
            turn.joined(token, Joined::not_a_member(old, GroupError::FencedInstanceId));
        }
        if let Some(token) = member.awaiting_sync.take() {
            turn.synced(token, Err(GroupError::FencedInstanceId));
        }
        turn.timers.cancel(&mut member.session);
        if self.is_leader(old) {
            self.leader = Some(new.clone());
        }
        if let Some(instance_id) = &member.group_instance_id {
            self.static_members.insert(instance_id.clone(), new.clone());
        }
        // Kafka leaves the old id there, and rebalances when it never syncs.
        if self.pending_syncs.remove(old) {
            self.pending_syncs.insert(new.clone());
        }
        member.id = new.clone();
        member.is_new = false;
        restart_session(&self.id, &mut member, turn);
        self.members.insert(new.clone(), member);
    }
}
