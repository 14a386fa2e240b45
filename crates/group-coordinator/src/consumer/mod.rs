//! Groups of the consumer protocol (KIP-848): the coordinator assigns, members are told by their heartbeats.
//!
//! Who calls what: a handler makes a [`ConsumerHeartbeat`], which is answered by a [`HeardReply`]; what takes long comes
//! back as work for the caller (see `job`). The broker gives each shard its view of the cluster ([`crate::ClusterView`]).
//!
//! | request | reply |
//! |---|---|
//! | `ConsumerHeartbeat(ConsumerHeartbeat)` | `ConsumerHeartbeat(HeardReply)`, or `Assign(AssignmentJob)` |
//! | `Join(JoinGroup)` of a classic member | `Join(Joined)`, or `Assign(AssignmentJob)` |
//! | `Assigned(Assigned)` | what was asked for before the job |
//! | `TopicsResolved(TopicsResolved)` | `TopicsResolved` |
//! | `ConsumerDescribe { group_id }` | `ConsumerDescribe(Result<ConsumerGroupDescription, GroupError>)` |
//! | `ClusterChanged { cluster, changed, has_new_topics }` | `ClusterChanged` |

mod alarms;
#[cfg(test)]
mod cast;
mod classic_join;
mod classic_member;
mod commit;
mod describe;
mod downgrade;
mod draft;
mod end;
mod epochs;
mod group;
mod heartbeat;
mod job;
#[cfg(test)]
mod job_test;
mod known_topics;
mod leave;
#[cfg(test)]
mod loading_test;
mod member;
#[cfg(test)]
mod pattern_test;
mod paused;
mod protocol;
mod reconcile;
mod regex;
mod request;
mod settings;
mod subscribe;
mod subscriptions;
mod target;
#[cfg(test)]
mod too_large_test;
mod upgrade;
mod verbs;
mod why;
#[cfg(test)]
mod why_test;

pub(crate) use group::{Applied, TargetEpoch};
pub(crate) use known_topics::KnownTopics;
pub(crate) use member::{ClassicWords, Current, MemberState, Owned, Says};
pub(crate) use subscriptions::Resolved;

pub use group::ConsumerGroup;

pub use job::{Assigned, AssignmentJob, JOB_TIMEOUT_MS, JobNumber, ResolveTopics, TopicsResolved};
pub use request::{
    ConsumerGroupDescription, ConsumerHeartbeat, ConsumerMemberDescription, Heard, HeardReply, LEAVE_EPOCH,
    LEAVE_STATIC_EPOCH, NamedPartitions,
};
pub use settings::{ConsumerGroupSettings, ConsumerSettings, MigrationPolicy};
