//! The settings of groups of the consumer protocol.

use crate::assignors::ServerAssignor;

/// What the broker's configuration says about all of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConsumerSettings {
    /// `group.consumer.max.size`: members of one group.
    pub members_max: usize,
    /// `group.consumer.assignors`, in this order: the first assigns where the members do not say who should.
    pub assignors: [Option<ServerAssignor>; 2],
    /// `group.consumer.regex.refresh.interval.ms`.
    pub regex_refresh_interval_ms: i64,
    /// `group.consumer.migration.policy`.
    pub migration: MigrationPolicy,
}

impl ConsumerSettings {
    /// As Kafka's defaults are.
    pub const DEFAULT: Self = Self {
        members_max: i32::MAX as usize,
        assignors: [Some(ServerAssignor::Uniform), Some(ServerAssignor::Range)],
        regex_refresh_interval_ms: 600_000,
        migration: MigrationPolicy::Bidirectional,
    };

    /// The assignor of this name, if members may ask for it.
    pub fn assignor(&self, name: &str) -> Option<ServerAssignor> {
        self.assignors.into_iter().flatten().find(|assignor| assignor.name() == name)
    }

    /// The assignor that is taken where the members do not say which.
    pub fn default_assignor(&self) -> ServerAssignor {
        self.assignors.into_iter().flatten().next().unwrap_or(ServerAssignor::Uniform)
    }
}

/// What one group may have settings of its own for (KIP-848, group resources of IncrementalAlterConfigs).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConsumerGroupSettings {
    /// `consumer.session.timeout.ms`, or `group.consumer.session.timeout.ms`.
    pub session_timeout_ms: i32,
    /// `consumer.heartbeat.interval.ms`, or `group.consumer.heartbeat.interval.ms`.
    pub heartbeat_interval_ms: i32,
    /// `consumer.assignment.interval.ms`, or `group.consumer.assignment.interval.ms`: a target assignment is not made
    /// anew before this has passed since the last.
    pub assignment_interval_ms: i32,
}

impl ConsumerGroupSettings {
    /// As Kafka's defaults are.
    pub const DEFAULT: Self =
        Self { session_timeout_ms: 45_000, heartbeat_interval_ms: 5_000, assignment_interval_ms: 1_000 };
}

/// Which ways a group may change its protocol while members are in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MigrationPolicy {
    /// None.
    Disabled,
    /// From the classic protocol to the consumer protocol, when the first member with the latter joins.
    Upgrade,
    /// Back to the classic protocol, when the last member with the consumer protocol goes.
    Downgrade,
    /// Both.
    Bidirectional,
}

impl MigrationPolicy {
    /// Whether a classic group with members may become a consumer group.
    pub fn allows_upgrade(self) -> bool {
        matches!(self, Self::Upgrade | Self::Bidirectional)
    }

    /// Whether a consumer group with members may become a classic group.
    pub fn allows_downgrade(self) -> bool {
        matches!(self, Self::Downgrade | Self::Bidirectional)
    }
}
