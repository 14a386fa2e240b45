//! Server-side assignors (KIP-848): who reads which partition, so that members need not agree on it.
//!
//! A [`GroupSpec`] says what there is to share out and among whom; [`ServerAssignor::assign`] says who gets what. The
//! machine of consumer groups makes the one when a group's epoch has moved, and writes the other into the log as target
//! assignment. Both own what they hold, so that a large group is worked out beside the coordinator's loop.
//!
//! Results are those of Kafka 4.3.1, which depend on the order in which Java's hash maps are gone through:
//! [`java_order`] follows it from the orders of the log's records, so that groups that move between the two stay as they
//! are. Two things are not followed: bins of eight and more colliding keys, which Java turns into trees, and the order
//! in which Kafka's own map of members tells those that collide: here the order of [`GroupSpec::members`] counts.
//!
//! Racks: Kafka 4.3.1's assignors do not look at them. They are part of the hash of a group's topics (KIP-1101), so that a
//! group is worked out anew when racks change.
//!
//! | file | what |
//! |---|---|
//! | `spec` | what is asked |
//! | `assignment` | what one member has |
//! | `range` | the assignor `range` |
//! | `homogeneous`, `heterogeneous` | the assignor `uniform`, where all members subscribe to the same, and where not |
//! | `balancer`, `draft` | what they count with |
//! | `java_order` | the order of Java's hash maps |

mod assignment;
mod balancer;
mod draft;
mod heterogeneous;
mod homogeneous;
mod java_order;
mod range;
mod spec;

use std::sync::Arc;

pub use assignment::{Assignment, TopicAssignment};
pub use spec::{GroupSpec, MemberSpec, Subscription, TopicSpec};

/// An assignor that the coordinator knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ServerAssignor {
    /// Everybody gets as many partitions, and keeps what can be kept.
    Uniform,
    /// Everybody gets neighbouring partitions of each topic, so that topics with as many partitions go together.
    Range,
}

/// Why partitions cannot be shared out.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AssignorError {
    /// The previous assignment gives partitions to several members at once, so that some were left over.
    #[error("Partitions were left unassigned")]
    LeftUnassigned,
}

impl ServerAssignor {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::Uniform, Self::Range];

    /// As members and settings name it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Uniform => "uniform",
            Self::Range => "range",
        }
    }

    /// The assignor of this name.
    pub fn by_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|assignor| assignor.name() == name)
    }

    /// What each member is to have, in the order of [`GroupSpec::members`]. Who is to have what it had gets the very same
    /// `Arc` back.
    ///
    /// # Errors
    /// See [`AssignorError`].
    pub fn assign(self, group: &GroupSpec) -> Result<Vec<Arc<Assignment>>, AssignorError> {
        let resolved = group.resolve();
        let assigned = match self {
            _ if group.members.is_empty() => Vec::new(),
            Self::Range => range::assign(&resolved),
            Self::Uniform if resolved.is_homogeneous => homogeneous::assign(&resolved)?,
            Self::Uniform => heterogeneous::assign(&resolved),
        };
        let or_same = |(member, assigned): (&MemberSpec, Arc<Assignment>)| {
            if assigned.is_same_as(&member.target) { Arc::clone(&member.target) } else { assigned }
        };
        Ok(group.members.iter().zip(assigned).map(or_same).collect())
    }
}
