//! What a verb may touch besides its group.

use coordinator::{CoordinatorRecord, Now, Step, Token, fit_into_batch};

use super::{Joined, Synced};
use crate::consumer::{ConsumerGroupSettings, KnownTopics};
use crate::timers::Timers;
use crate::{GroupError, GroupReply, GroupSettings};

/// One event's surroundings: the settings, the time, the alarms, and what comes of it.
pub(crate) struct Turn<'a> {
    pub(crate) settings: &'a GroupSettings,
    pub(crate) timers: &'a mut Timers,
    /// What is known of the cluster.
    pub(crate) topics: &'a mut KnownTopics,
    /// How large a batch of the internal topic may be.
    pub(crate) batch_bytes_max: usize,
    pub(crate) now: Now,
    pub(crate) step: &'a mut Step<GroupReply>,
}

impl Turn<'_> {
    pub(crate) fn joined(&mut self, token: Token, joined: Joined) {
        self.step.replies.push((token, GroupReply::Join(joined)));
    }

    pub(crate) fn synced(&mut self, token: Token, synced: Result<Synced, GroupError>) {
        self.step.replies.push((token, GroupReply::Sync(synced)));
    }

    /// Whether the log can take this record beside what the step has written.
    pub(crate) fn has_room_for(&self, record: &CoordinatorRecord) -> bool {
        fit_into_batch(self.step.records.iter().chain([record]), self.batch_bytes_max)
    }

    /// What a group of the consumer protocol has settings of its own for.
    pub(crate) fn group_settings(&self, group_id: &str) -> ConsumerGroupSettings {
        self.topics.cluster().consumer_group_settings(group_id)
    }

    /// The time `timeout_ms` from now, in `uptime_ms`.
    pub(crate) fn after_ms(&self, timeout_ms: i32) -> i64 {
        self.now.uptime_ms.saturating_add(i64::from(timeout_ms))
    }
}

/// JoinGroup requests of new members are answered with an error after this time, so that clients that are gone do not
/// pile up in a long rebalance; a client that is there joins again. Not configurable in Kafka either.
pub(crate) const NEW_MEMBER_JOIN_TIMEOUT_MS: i32 = 5 * 60 * 1_000;
