//! Requests that are half done, and wait for a target assignment.

use std::sync::Arc;

use super::ResolveTopics;
use super::member::Current;
use crate::assignors::Assignment;
use crate::timers::MemberId;

/// A request that goes on when the target assignment is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Paused {
    /// ConsumerGroupHeartbeat.
    Heartbeat(PausedHeartbeat),
    /// JoinGroup of a member that speaks the classic protocol.
    Join(PausedJoin),
}

/// What is left to do of a heartbeat.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PausedHeartbeat {
    pub(crate) member_id: MemberId,
    /// What the member says that it has.
    pub(crate) owned: Option<Assignment>,
    pub(crate) has_subscription_changed: bool,
    /// What the member had when it asked.
    pub(crate) before: Arc<Current>,
    /// The member said everything of itself, and is told everything.
    pub(crate) is_full: bool,
    pub(crate) resolve: Option<ResolveTopics>,
}

/// What is left to do of a JoinGroup.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PausedJoin {
    pub(crate) member_id: MemberId,
    pub(crate) owned: Assignment,
    pub(crate) has_subscription_changed: bool,
    pub(crate) session_timeout_ms: i32,
    pub(crate) rebalance_timeout_ms: i32,
}
