//! A member of a consumer group: what it says of itself, and what it has.

use std::collections::BTreeMap;
use std::sync::Arc;

use types::{PartitionIndex, Uuid};

use crate::assignors::{Assignment, Subscription};
use crate::classic::Protocol;
use crate::timers::MemberId;

/// Partitions that a member has, each with the group epoch in which it was assigned to it. No topic without partitions.
pub(crate) type Owned = BTreeMap<Uuid, BTreeMap<PartitionIndex, i32>>;

/// Where a member stands on its way to its target assignment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum MemberState {
    /// It has what it can have in its epoch.
    Stable,
    /// It has to give partitions up first.
    UnrevokedPartitions,
    /// Others have to give up partitions that it is to have.
    UnreleasedPartitions,
    /// A later Kafka wrote a state that this one does not know.
    Unknown,
}

impl MemberState {
    /// As the log writes it.
    pub(crate) fn number(self) -> i8 {
        match self {
            Self::Stable => 0,
            Self::UnrevokedPartitions => 1,
            Self::UnreleasedPartitions => 2,
            Self::Unknown => 127,
        }
    }

    /// As the log has it.
    pub(crate) fn of(number: i8) -> Self {
        match number {
            0 => Self::Stable,
            1 => Self::UnrevokedPartitions,
            2 => Self::UnreleasedPartitions,
            _ => Self::Unknown,
        }
    }
}

/// What a member says of itself, as the log keeps it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Says {
    pub(crate) group_instance_id: Option<Arc<str>>,
    pub(crate) rack_id: Option<String>,
    pub(crate) client_id: String,
    pub(crate) client_host: String,
    /// Names in order, each once. An empty pattern is none; so is no pattern, which only others write.
    pub(crate) subscription: Arc<Subscription>,
    /// −1 where it never said.
    pub(crate) rebalance_timeout_ms: i32,
    pub(crate) server_assignor: Option<String>,
    /// Where it speaks the classic protocol.
    pub(crate) classic: Option<ClassicWords>,
}

/// What a member that speaks the classic protocol says besides.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ClassicWords {
    pub(crate) session_timeout_ms: i32,
    /// In its order of preference.
    pub(crate) protocols: Vec<Protocol>,
}

impl Says {
    /// Of a member that has said nothing yet.
    pub(crate) fn nothing() -> Self {
        let subscription = Subscription { names: Vec::new(), pattern: Some(Arc::from("")) };
        Self {
            group_instance_id: None,
            rack_id: None,
            client_id: String::new(),
            client_host: String::new(),
            subscription: Arc::new(subscription),
            rebalance_timeout_ms: -1,
            server_assignor: None,
            classic: None,
        }
    }

    /// The pattern that it subscribes to.
    pub(crate) fn regex(&self) -> Option<&Arc<str>> {
        self.subscription.pattern.as_ref().filter(|pattern| !pattern.is_empty())
    }
}

/// Where a member is, as the log keeps it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Current {
    /// −1 of a member whose records are ending, −2 of a static one that has left and may come back.
    pub(crate) epoch: i32,
    pub(crate) previous_epoch: i32,
    pub(crate) state: MemberState,
    /// What it has.
    pub(crate) assigned: Owned,
    /// What it is to give up, and may still have.
    pub(crate) revoking: Owned,
}

impl Current {
    /// Of a member that joins.
    pub(crate) fn joining() -> Self {
        Self {
            epoch: 0,
            previous_epoch: -1,
            state: MemberState::Stable,
            assigned: Owned::new(),
            revoking: Owned::new(),
        }
    }
}

/// A member.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Member {
    pub(crate) id: MemberId,
    pub(crate) says: Arc<Says>,
    pub(crate) current: Arc<Current>,
}

impl Member {
    /// A member that nothing is known of.
    pub(crate) fn new(id: MemberId) -> Self {
        Self { id, says: Arc::new(Says::nothing()), current: Arc::new(Current::joining()) }
    }

    /// Its epoch.
    pub(crate) fn epoch(&self) -> i32 {
        self.current.epoch
    }

    /// Whether it speaks the classic protocol.
    pub(crate) fn is_classic(&self) -> bool {
        self.says.classic.is_some()
    }

    /// Whether it still has to give partitions up.
    pub(crate) fn has_to_revoke(&self) -> bool {
        self.current.state == MemberState::UnrevokedPartitions
    }

    /// Whether it has what the target assignment of this epoch gives it.
    pub(crate) fn is_reconciled_to(&self, assignment_epoch: i32) -> bool {
        self.current.state == MemberState::Stable && self.current.epoch == assignment_epoch
    }

    /// The epoch in which the partition was assigned to it, while it has it or is to give it up.
    pub(crate) fn assignment_epoch(&self, topic: Uuid, partition: PartitionIndex) -> Option<i32> {
        let epoch = |owned: &Owned| owned.get(&topic).and_then(|of_topic| of_topic.get(&partition)).copied();
        epoch(&self.current.assigned).or_else(|| epoch(&self.current.revoking))
    }
}

/// Partitions without their epochs, in order.
pub(crate) fn partitions_of(owned: &Owned) -> Assignment {
    let of_topic =
        |(topic_id, partitions): (&Uuid, &BTreeMap<PartitionIndex, i32>)| crate::assignors::TopicAssignment {
            topic_id: *topic_id,
            partitions: partitions.keys().copied().collect(),
        };
    Assignment { topics: owned.iter().map(of_topic).collect() }
}

/// Whether a member that says it has `said` has no more than `owned`; false where it does not say.
pub(crate) fn is_within(said: Option<&Assignment>, owned: &Owned) -> bool {
    said.is_some_and(|said| {
        said.topics.iter().all(|topic| match owned.get(&topic.topic_id) {
            Some(partitions) => topic.partitions.iter().all(|partition| partitions.contains_key(partition)),
            None => false,
        })
    })
}
