//! A session ends: the member was silent for its session timeout, or never joined with the id it was given.

use super::{ClassicGroup, ClassicState, Turn};
use crate::timers::{Slot, TimerKey};

impl ClassicGroup {
    /// The alarm in `slot` has come up; it may have been put off or taken back since.
    pub(crate) fn alarm(&mut self, slot: Slot, key: &TimerKey, turn: &mut Turn<'_>) {
        let now_ms = turn.now.uptime_ms;
        let alarm = match key {
            TimerKey::Join(_) => Some(&mut self.join_alarm),
            TimerKey::Sync(_) => Some(&mut self.sync_alarm),
            TimerKey::Session(_, member_id) => {
                let member = self.members.get_mut(member_id).map(|member| &mut member.session);
                member.or_else(|| self.pending_joins.get_mut(member_id))
            }
            TimerKey::Rebalance(..)
            | TimerKey::MemberJoin(..)
            | TimerKey::MemberSync(..)
            | TimerKey::OffsetRetention => None,
        };
        if !alarm.is_some_and(|alarm| turn.timers.rings(alarm, slot, key, now_ms)) {
            return;
        }
        match key {
            TimerKey::Join(_) => self.join_timeout(turn),
            TimerKey::Sync(_) => self.sync_timeout(turn),
            TimerKey::Session(_, member_id) => self.session_timeout(member_id, turn),
            TimerKey::Rebalance(..)
            | TimerKey::MemberJoin(..)
            | TimerKey::MemberSync(..)
            | TimerKey::OffsetRetention => {}
        }
    }

    fn session_timeout(&mut self, member_id: &str, turn: &mut Turn<'_>) {
        // Its session starts anew when it is answered.
        if self.members.get(member_id).is_some_and(|member| member.is_excused()) {
            return;
        }
        let is_member = self.members.contains_key(member_id);
        self.remove(member_id, turn);
        match self.state {
            ClassicState::Stable | ClassicState::CompletingRebalance if is_member => self.rebalance(turn),
            // Even in the first rebalance, as in Kafka: who is left has joined.
            ClassicState::PreparingRebalance if self.has_everybody_joined() => self.complete_join(turn),
            _ => {}
        }
    }
}
