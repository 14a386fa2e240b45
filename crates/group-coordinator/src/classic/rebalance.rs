//! What moves a group from state to state: a rebalance begins, its members join, it completes.

use super::member::Member;
use super::{ClassicGroup, ClassicState, Joined, Turn};
use crate::GroupError;
use crate::records::group_metadata_record;
use crate::timers::TimerKey;

/// The wait for more members after the first has joined an empty group: `group.initial.rebalance.delay.ms` again and
/// again while members come, up to the first member's rebalance timeout.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct InitialDelay {
    /// The part that is running.
    pub(super) delay_ms: i32,
    /// What may still be added to it.
    pub(super) remaining_ms: i32,
    /// A member came since the delay began.
    pub(super) is_extended: bool,
}

impl ClassicGroup {
    /// Begins a rebalance where none is under way, else completes the one that is if nobody is missing any more.
    pub(super) fn rebalance(&mut self, turn: &mut Turn<'_>) {
        if self.state == ClassicState::PreparingRebalance {
            self.maybe_complete_join(turn);
        } else {
            self.prepare_rebalance(turn);
        }
    }

    /// [`Self::rebalance`], where there is somebody to join.
    pub(crate) fn rebalance_members(&mut self, turn: &mut Turn<'_>) -> Result<(), GroupError> {
        if self.members.is_empty() {
            return Err(GroupError::UnknownMemberId);
        }
        self.rebalance(turn);
        Ok(())
    }

    /// Lets everybody join anew.
    pub(super) fn prepare_rebalance(&mut self, turn: &mut Turn<'_>) {
        if self.state == ClassicState::CompletingRebalance {
            self.refuse_syncs(GroupError::RebalanceInProgress, turn);
        }
        self.pending_syncs.clear();
        turn.timers.cancel(&mut self.sync_alarm);
        if self.state == ClassicState::Empty {
            self.begin_initial_delay(turn);
            self.enter(ClassicState::PreparingRebalance, turn);
        } else {
            self.enter(ClassicState::PreparingRebalance, turn);
            if self.has_everybody_joined() {
                self.complete_join(turn);
            } else {
                self.set_join_alarm(self.rebalance_timeout_ms(), turn);
            }
        }
    }

    /// Who waits for an assignment gets none, and is to join again.
    pub(super) fn refuse_syncs(&mut self, error: GroupError, turn: &mut Turn<'_>) {
        for member in self.members.values_mut() {
            member.assignment.clear();
            if let Some(token) = member.awaiting_sync.take() {
                turn.synced(token, Err(error));
                restart_session(&self.id, member, turn);
            }
        }
    }

    fn begin_initial_delay(&mut self, turn: &mut Turn<'_>) {
        let delay_ms = turn.settings.initial_rebalance_delay_ms;
        let remaining_ms = self.rebalance_timeout_ms().saturating_sub(delay_ms).max(0);
        self.initial_delay = Some(InitialDelay { delay_ms, remaining_ms, is_extended: false });
        self.set_join_alarm(delay_ms, turn);
    }

    fn set_join_alarm(&mut self, timeout_ms: i32, turn: &mut Turn<'_>) {
        let at_ms = turn.after_ms(timeout_ms);
        turn.timers.set(&mut self.join_alarm, at_ms, || TimerKey::Join(self.id.clone()));
    }

    /// A member came or went while the group was joining. The first rebalance of a group takes its time even so.
    pub(super) fn maybe_complete_join(&mut self, turn: &mut Turn<'_>) {
        let is_joining = self.state == ClassicState::PreparingRebalance && self.initial_delay.is_none();
        if is_joining && self.has_everybody_joined() {
            self.complete_join(turn);
        }
    }

    /// The join alarm has rung.
    pub(super) fn join_timeout(&mut self, turn: &mut Turn<'_>) {
        match &mut self.initial_delay {
            Some(delay) if delay.is_extended && delay.remaining_ms > 0 => {
                let next_ms = turn.settings.initial_rebalance_delay_ms.min(delay.remaining_ms);
                let remaining_ms = delay.remaining_ms.saturating_sub(delay.delay_ms).max(0);
                *delay = InitialDelay { delay_ms: next_ms, remaining_ms, is_extended: false };
                self.set_join_alarm(next_ms, turn);
            }
            _ => self.complete_join(turn),
        }
    }

    /// Goes on with those who joined: the next generation begins, or nobody is left.
    pub(super) fn complete_join(&mut self, turn: &mut Turn<'_>) {
        turn.timers.cancel(&mut self.join_alarm);
        self.initial_delay = None;
        let is_gone = |member: &&Member| member.awaiting_join.is_none() && member.group_instance_id.is_none();
        let gone: Vec<_> = self.members().filter(is_gone).map(|member| member.id.clone()).collect();
        for member_id in gone {
            self.remove(&member_id, turn);
        }
        if !self.members.is_empty() && !self.elect_joined_leader() {
            // Static members only, none of which came: they stay until their sessions end. A timeout of 0, which a
            // client may ask for, would ring again before anything else could happen.
            self.set_join_alarm(self.rebalance_timeout_ms().max(1), turn);
            return;
        }
        self.generation = self.generation.wrapping_add(1);
        self.protocol_name = self.select_protocol();
        self.subscribed_topics = self.read_subscriptions();
        self.pending_syncs.clear();
        if self.members.is_empty() {
            self.enter(ClassicState::Empty, turn);
            turn.step.records.push(group_metadata_record(&self.id, self.metadata()));
        } else {
            self.enter(ClassicState::CompletingRebalance, turn);
            self.tell_generation(turn);
        }
    }

    /// A leader that is not there does not lead: whoever joined does. False where nobody did.
    fn elect_joined_leader(&mut self) -> bool {
        let has_joined = |member: &&Member| member.awaiting_join.is_some();
        let leader = self.leader.as_ref().and_then(|leader| self.members.get(leader)).map(Box::as_ref);
        if leader.as_ref().is_some_and(has_joined) {
            return true;
        }
        let Some(joined) = self.members().find(has_joined).map(|member| member.id.clone()) else {
            return false;
        };
        self.leader = Some(joined);
        true
    }

    /// Answers everybody who joined; all are to sync within the rebalance timeout.
    fn tell_generation(&mut self, turn: &mut Turn<'_>) {
        let mut answer = self.current_generation();
        let mut everybody = self.joined_members();
        for member in self.members.values_mut() {
            let is_leader = self.leader.as_ref() == Some(&member.id);
            if let Some(token) = member.awaiting_join.take() {
                answer.member_id = member.id.to_string();
                let members = if is_leader { std::mem::take(&mut everybody) } else { Vec::new() };
                turn.joined(token, Joined { members, ..answer.clone() });
            }
            member.is_new = false;
            restart_session(&self.id, member, turn);
        }
        self.awaiting_join = 0;
        self.pending_syncs = self.members.keys().cloned().collect();
        let at_ms = turn.after_ms(self.rebalance_timeout_ms());
        turn.timers.set(&mut self.sync_alarm, at_ms, || TimerKey::Sync(self.id.clone()));
    }

    /// The generation as a member that has joined is told it; without `member_id` and `members`.
    pub(super) fn current_generation(&self) -> Joined {
        Joined {
            error: None,
            generation: self.generation,
            protocol_type: self.protocol_type.clone(),
            protocol_name: self.protocol_name.clone(),
            leader: self.leader.as_deref().unwrap_or_default().to_owned(),
            skip_assignment: false,
            member_id: String::new(),
            members: Vec::new(),
        }
    }

    /// The sync alarm has rung: who did not ask for its assignment is out.
    pub(super) fn sync_timeout(&mut self, turn: &mut Turn<'_>) {
        let is_told = matches!(self.state, ClassicState::CompletingRebalance | ClassicState::Stable);
        if !is_told || self.pending_syncs.is_empty() {
            return;
        }
        for member_id in std::mem::take(&mut self.pending_syncs) {
            self.remove(&member_id, turn);
        }
        self.prepare_rebalance(turn);
    }
}

/// The member was heard, or is not to be blamed for its silence so far.
pub(super) fn restart_session(group_id: &crate::timers::GroupId, member: &mut Member, turn: &mut Turn<'_>) {
    restart_session_of(group_id, member, member.says.session_timeout_ms, turn);
}

/// As [`restart_session`], with a time of its own.
pub(super) fn restart_session_of(
    group_id: &crate::timers::GroupId,
    member: &mut Member,
    timeout_ms: i32,
    turn: &mut Turn<'_>,
) {
    let at_ms = turn.after_ms(timeout_ms);
    let key = || TimerKey::Session(group_id.clone(), member.id.clone());
    turn.timers.set(&mut member.session, at_ms, key);
}
