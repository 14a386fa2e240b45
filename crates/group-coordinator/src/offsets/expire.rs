//! Offsets end when nobody has needed them for long (KIP-211).

use coordinator::Now;

use super::{Kept, Offsets, Room};
use crate::classic::OffsetExpiry;
use crate::groups::{GroupStep, Groups};

/// What became of a group's offsets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Expired {
    /// None is left: the group may end, too.
    All,
    /// Some are still needed.
    Some,
    /// Some may still have to end; there was no room for them in this step.
    NotYetAll,
}

impl Offsets {
    /// Ends those offsets of a group that are past their retention: `offsets.retention.minutes` after the group became
    /// empty, or, where it says so, after their commit; not while a member reads the topic, nor while a transaction
    /// holds them. An offset with an end of its own ends then.
    pub(crate) fn expire(
        &mut self,
        groups: &Groups,
        group_id: &str,
        now: Now,
        room: &mut Room,
        step: &mut GroupStep,
    ) -> Expired {
        let Some(kept) = self.by_group.get(group_id) else {
            return if self.pending.holds_any(group_id) { Expired::Some } else { Expired::All };
        };
        let expiry = groups.offset_expiry(group_id);
        let retention_ms = groups.settings.offsets_retention_ms;
        let mut past: Vec<_> = kept
            .iter()
            .filter(|(_, kept)| is_past(kept, expiry, retention_ms, now.clock_ms))
            .filter(|(partition, _)| !groups.is_subscribed_to(group_id, &partition.topic))
            .filter(|(partition, _)| !self.pending.holds(group_id, partition))
            .map(|(partition, _)| partition.clone())
            .collect();
        past.sort_unstable();
        if !past.iter().all(|partition| self.end(group_id, partition, room, step)) {
            return Expired::NotYetAll;
        }
        let is_left = self.by_group.contains_key(group_id) || self.pending.holds_any(group_id);
        if is_left { Expired::Some } else { Expired::All }
    }

    /// All groups have been looked through.
    pub(crate) fn expired(&mut self) {
        self.forget_names();
    }
}

fn is_past(kept: &Kept, expiry: OffsetExpiry, retention_ms: i64, now_ms: i64) -> bool {
    let since_ms = match expiry {
        OffsetExpiry::Never => return false,
        _ if kept.expires_at_ms != -1 => return now_ms >= kept.expires_at_ms,
        OffsetExpiry::FromCommit => kept.committed_at_ms,
        OffsetExpiry::From(since_ms) => since_ms,
    };
    now_ms.saturating_sub(since_ms) >= retention_ms
}
