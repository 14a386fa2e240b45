//! Members that do not do in time what they have to do are out.

use super::group::Seat;
use super::leave::Left;
use super::{ConsumerGroup, LEAVE_EPOCH};
use crate::classic::Turn;
use crate::timers::{Alarm, MemberId, Slot, TimerKey};

/// When a member is put out again whose end did not fit into the log, in milliseconds.
const TRY_AGAIN_MS: i32 = 1_000;

impl ConsumerGroup {
    /// The member was heard: its session, of the group's length, starts anew.
    pub(super) fn restart_session(&mut self, member_id: &str, turn: &mut Turn<'_>) {
        let timeout_ms = turn.group_settings(&self.id).session_timeout_ms;
        self.restart_session_of(member_id, timeout_ms, turn);
    }

    /// As [`Self::restart_session`], with a length of its own: that of a member with the classic protocol.
    pub(super) fn restart_session_of(&mut self, member_id: &str, timeout_ms: i32, turn: &mut Turn<'_>) {
        let Some(seat) = self.seats.get_mut(member_id) else { return };
        let at_ms = turn.after_ms(timeout_ms);
        let key = || TimerKey::Session(self.id.clone(), seat.member.id.clone());
        turn.timers.set(&mut seat.session, at_ms, key);
    }

    /// The member has to give partitions up, within its rebalance timeout.
    pub(super) fn start_rebalance_alarm(&mut self, member_id: &str, turn: &mut Turn<'_>) {
        let Some(seat) = self.seats.get_mut(member_id) else { return };
        let at_ms = turn.after_ms(seat.member.says.rebalance_timeout_ms);
        let key = || TimerKey::Rebalance(self.id.clone(), seat.member.id.clone());
        seat.rebalance_epoch = seat.member.epoch();
        turn.timers.set(&mut seat.rebalance, at_ms, key);
    }

    pub(super) fn stop_rebalance_alarm(&mut self, member_id: &str, turn: &mut Turn<'_>) {
        if let Some(seat) = self.seats.get_mut(member_id) {
            turn.timers.cancel(&mut seat.rebalance);
        }
    }

    /// The member, with the classic protocol, has to join again within its rebalance timeout; the first call counts.
    pub(super) fn start_join_alarm(&mut self, member_id: &str, turn: &mut Turn<'_>) {
        let Some(seat) = self.seats.get_mut(member_id) else { return };
        if seat.join.rings_ms().is_none() {
            let at_ms = turn.after_ms(seat.member.says.rebalance_timeout_ms);
            let key = || TimerKey::MemberJoin(self.id.clone(), seat.member.id.clone());
            turn.timers.set(&mut seat.join, at_ms, key);
        }
    }

    pub(super) fn stop_join_alarm(&mut self, member_id: &str, turn: &mut Turn<'_>) {
        if let Some(seat) = self.seats.get_mut(member_id) {
            turn.timers.cancel(&mut seat.join);
        }
    }

    /// The member, with the classic protocol, has joined and has to ask for its assignment.
    pub(super) fn start_sync_alarm(&mut self, member_id: &str, timeout_ms: i32, turn: &mut Turn<'_>) {
        let Some(seat) = self.seats.get_mut(member_id) else { return };
        let at_ms = turn.after_ms(timeout_ms);
        let key = || TimerKey::MemberSync(self.id.clone(), seat.member.id.clone());
        turn.timers.set(&mut seat.sync, at_ms, key);
    }

    pub(super) fn stop_sync_alarm(&mut self, member_id: &str, turn: &mut Turn<'_>) {
        if let Some(seat) = self.seats.get_mut(member_id) {
            turn.timers.cancel(&mut seat.sync);
        }
    }

    /// Takes a member's alarms back.
    pub(super) fn cancel_alarms_of(&mut self, member_id: &str, turn: &mut Turn<'_>) {
        if let Some(seat) = self.seats.get_mut(member_id) {
            for alarm in [&mut seat.session, &mut seat.rebalance, &mut seat.join, &mut seat.sync] {
                turn.timers.cancel(alarm);
            }
        }
    }

    /// The whole log is read: sessions start, and the time in which members have to give partitions up.
    pub(crate) fn loaded(&mut self, turn: &mut Turn<'_>) {
        let member_ids: Vec<MemberId> = self.seats.keys().cloned().collect();
        for member_id in member_ids {
            self.restart_session(&member_id, turn);
            if self.member(&member_id).is_some_and(|member| member.has_to_revoke()) {
                self.start_rebalance_alarm(&member_id, turn);
            }
        }
    }

    /// The alarm in `slot` has come up; it may have been put off or taken back since.
    pub(crate) fn alarm(&mut self, slot: Slot, key: &TimerKey, turn: &mut Turn<'_>) -> Left {
        let (TimerKey::Session(_, member_id)
        | TimerKey::Rebalance(_, member_id)
        | TimerKey::MemberJoin(_, member_id)
        | TimerKey::MemberSync(_, member_id)) = key
        else {
            return Left::Goes;
        };
        let Some(seat) = self.seats.get_mut(member_id) else { return Left::Goes };
        if !turn.timers.rings(seat.alarm(key), slot, key, turn.now.uptime_ms) {
            return Left::Goes;
        }
        // Who left for a while meanwhile is waited for until its session ends.
        let is_over = matches!(key, TimerKey::Rebalance(..)) && seat.member.epoch() != seat.rebalance_epoch;
        if is_over {
            return Left::Goes;
        }
        self.fence(std::slice::from_ref(member_id), turn).unwrap_or_else(|_too_large| {
            // The log cannot take it now.
            if let Some(seat) = self.seats.get_mut(member_id) {
                let at_ms = turn.after_ms(TRY_AGAIN_MS);
                turn.timers.set(seat.alarm(key), at_ms, || key.clone());
            }
            Left::Goes
        })
    }
}

impl Seat {
    /// The alarm that the key is about.
    fn alarm(&mut self, key: &TimerKey) -> &mut Alarm {
        match key {
            TimerKey::Rebalance(..) => &mut self.rebalance,
            TimerKey::MemberJoin(..) => &mut self.join,
            TimerKey::MemberSync(..) => &mut self.sync,
            _ => &mut self.session,
        }
    }
}

const _: () = assert!(LEAVE_EPOCH == -1, "tombstones put members into this epoch");
