//! Alarms of one shard, cheap to put off: a heartbeat moves its alarm without touching the queue.
//!
//! An alarm has a time at which it rings, and at most one slot in the queue, at that time or earlier. Putting it off
//! leaves the slot where it is; when the slot comes up too early, it is put back in the right place.

use std::collections::BTreeMap;
use std::sync::Arc;

/// A group's id; cheap to clone.
pub(crate) type GroupId = Arc<str>;
/// A member's id; cheap to clone.
pub(crate) type MemberId = Arc<str>;

/// Whose alarm it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum TimerKey {
    /// A rebalance has waited long enough for members to join.
    Join(GroupId),
    /// Members that joined have had long enough to ask for their assignment.
    Sync(GroupId),
    /// A member, or one that was given an id and has not joined, was silent for its session timeout.
    Session(GroupId, MemberId),
    /// A member of a consumer group has had long enough to give partitions up.
    Rebalance(GroupId, MemberId),
    /// A member of a consumer group that speaks the classic protocol has had long enough to join again.
    MemberJoin(GroupId, MemberId),
    /// The same, to ask for its assignment.
    MemberSync(GroupId, MemberId),
    /// Offsets are to be looked through for those past their retention.
    OffsetRetention,
}

/// A place in the queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Slot {
    at_ms: i64,
    number: u64,
}

/// When something is to happen, if at all.
#[derive(Debug, Default)]
pub(crate) struct Alarm {
    rings_ms: Option<i64>,
    slot: Option<Slot>,
}

impl Alarm {
    /// When it rings, in `uptime_ms`.
    pub(crate) fn rings_ms(&self) -> Option<i64> {
        self.rings_ms
    }
}

/// The queue of one shard's alarms.
#[derive(Debug, Default)]
pub(crate) struct Timers {
    queue: BTreeMap<Slot, TimerKey>,
    /// Of the next slot; slots of one time come up in the order in which they were taken.
    next_number: u64,
}

impl Timers {
    /// The first slot's time; its alarm may have been put off since.
    pub(crate) fn next_deadline_ms(&self) -> Option<i64> {
        self.queue.first_key_value().map(|(slot, _)| slot.at_ms)
    }

    /// Lets `alarm` ring at `at_ms`, instead of when it would have.
    pub(crate) fn set(&mut self, alarm: &mut Alarm, at_ms: i64, key: impl FnOnce() -> TimerKey) {
        alarm.rings_ms = Some(at_ms);
        match alarm.slot {
            Some(slot) if slot.at_ms <= at_ms => {}
            later => {
                let key = later.and_then(|slot| self.queue.remove(&slot)).unwrap_or_else(key);
                let slot = Slot { at_ms, number: self.next_number };
                self.next_number += 1;
                self.queue.insert(slot, key);
                alarm.slot = Some(slot);
            }
        }
    }

    /// Lets `alarm` not ring.
    pub(crate) fn cancel(&mut self, alarm: &mut Alarm) {
        alarm.rings_ms = None;
        if let Some(slot) = alarm.slot.take() {
            self.queue.remove(&slot);
        }
    }

    /// Takes the next slot that has come up; whoever owns the alarm asks [`Timers::rings`] then.
    pub(crate) fn pop_due(&mut self, now_ms: i64) -> Option<(Slot, TimerKey)> {
        self.queue.first_entry().filter(|first| first.key().at_ms <= now_ms).map(|first| first.remove_entry())
    }

    /// Whether `alarm` rings, now that `slot` has come up. One that was put off gets a new slot.
    pub(crate) fn rings(&mut self, alarm: &mut Alarm, slot: Slot, key: &TimerKey, now_ms: i64) -> bool {
        if alarm.slot != Some(slot) {
            return false;
        }
        alarm.slot = None;
        match alarm.rings_ms {
            Some(at_ms) if at_ms > now_ms => {
                self.set(alarm, at_ms, || key.clone());
                false
            }
            Some(_) => {
                alarm.rings_ms = None;
                true
            }
            None => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_alarm_that_was_put_off_rings_at_its_last_time_and_had_one_slot() {
        let (mut timers, mut alarm) = (Timers::default(), Alarm::default());
        for at_ms in [10, 20, 30] {
            timers.set(&mut alarm, at_ms, || TimerKey::OffsetRetention);
        }
        assert_eq!((timers.queue.len(), timers.next_deadline_ms()), (1, Some(10)));
        let (slot, key) = timers.pop_due(10).expect("its slot is at 10");
        assert!(!timers.rings(&mut alarm, slot, &key, 10));
        assert_eq!(timers.next_deadline_ms(), Some(30));
        let (slot, key) = timers.pop_due(31).expect("its slot is at 30");
        assert!(timers.rings(&mut alarm, slot, &key, 31));
        assert_eq!((timers.next_deadline_ms(), alarm.rings_ms()), (None, None));
    }

    #[test]
    fn an_alarm_set_to_an_earlier_time_moves() {
        let (mut timers, mut alarm) = (Timers::default(), Alarm::default());
        timers.set(&mut alarm, 300, || TimerKey::OffsetRetention);
        timers.set(&mut alarm, 45, || TimerKey::OffsetRetention);
        assert_eq!((timers.queue.len(), timers.next_deadline_ms()), (1, Some(45)));
    }

    #[test]
    fn a_cancelled_alarm_leaves_nothing() {
        let (mut timers, mut alarm) = (Timers::default(), Alarm::default());
        timers.set(&mut alarm, 5, || TimerKey::OffsetRetention);
        timers.cancel(&mut alarm);
        assert_eq!(timers.next_deadline_ms(), None);
    }
}
