//! Work of consumer groups that is done off the coordinator's loop, because it grows with the cluster.
//!
//! ```text
//!   caller                            shard
//!     | ConsumerHeartbeat, Join ------> |  the group epoch is ahead of the target assignment
//!     | <--- GroupReply::Assign(job)    |  the request is half done, and goes on inside the job
//!     | job.run(), on another thread    |  meanwhile others are answered by the target assignment of before
//!     | GroupRequest::Assigned(..) ---> |
//!     | <--- what was asked for at first|
//! ```
//!
//! [`ResolveTopics`] comes beside the answer of a heartbeat, and nobody waits for it.
//!
//! A job is worth doing even when its caller is gone. One that never comes back is taken for lost after
//! [`JOB_TIMEOUT_MS`], and handed out anew with the next heartbeat.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use types::TopicName;

use super::paused::Paused;
use crate::assignors::{Assignment, AssignorError, GroupSpec, MemberSpec, ServerAssignor};
use crate::cluster::ClusterView;

/// How long a job may take before it is taken for lost, in milliseconds.
pub const JOB_TIMEOUT_MS: i64 = 30_000;

/// Which job of a group: results of others than the last are not taken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct JobNumber(pub(crate) u64);

/// A target assignment is to be made.
#[derive(Clone, Debug)]
pub struct AssignmentJob {
    pub(crate) group_id: String,
    pub(crate) number: JobNumber,
    /// Of the group as it is described here.
    pub(crate) group_epoch: i32,
    pub(crate) assignor: ServerAssignor,
    pub(crate) spec: GroupSpec,
    /// Who waits for it.
    pub(crate) paused: Paused,
}

impl AssignmentJob {
    /// The group.
    pub fn group_id(&self) -> &str {
        &self.group_id
    }

    /// Makes it. This is what takes time.
    pub fn run(self) -> Assigned {
        let Self { group_id, number, group_epoch, assignor, spec, paused } = self;
        let targets = assignor.assign(&spec).map(|targets| {
            let members = spec.members.into_iter().zip(targets);
            let target = |(MemberSpec { member_id, instance_id, .. }, target)| MemberTarget {
                member_id,
                instance_id,
                target,
            };
            members.map(target).collect()
        });
        Assigned { group_id, number, group_epoch, targets, paused }
    }
}

/// Jobs are equal where they are the same.
impl PartialEq for AssignmentJob {
    fn eq(&self, other: &Self) -> bool {
        (&self.group_id, self.number, &self.paused) == (&other.group_id, other.number, &other.paused)
    }
}

impl Eq for AssignmentJob {}

/// A target assignment: the result of an [`AssignmentJob`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assigned {
    pub(crate) group_id: String,
    pub(crate) number: JobNumber,
    pub(crate) group_epoch: i32,
    /// What each member is to have.
    pub(crate) targets: Result<Vec<MemberTarget>, AssignorError>,
    pub(crate) paused: Paused,
}

impl Assigned {
    /// The group.
    pub fn group_id(&self) -> &str {
        &self.group_id
    }
}

/// What one member is to have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct MemberTarget {
    pub(crate) member_id: Arc<str>,
    /// A static member may have come back under another id meanwhile.
    pub(crate) instance_id: Option<Arc<str>>,
    pub(crate) target: Arc<Assignment>,
}

/// Patterns to hold against the names of all topics.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResolveTopics {
    /// The group.
    pub group_id: String,
    /// The patterns, each of which can be compiled.
    pub regexes: BTreeSet<Arc<str>>,
    /// The topics.
    pub cluster: ClusterView,
    pub(crate) number: JobNumber,
    /// When it was handed out, wall clock.
    pub(crate) at_ms: i64,
}

impl ResolveTopics {
    /// What was found: for each pattern the topics that it means and that the member's principal may describe. A pattern
    /// that is left out stays as it is.
    pub fn resolved(self, topics: BTreeMap<Arc<str>, BTreeSet<TopicName>>) -> TopicsResolved {
        let Self { group_id, cluster, number, at_ms, .. } = self;
        TopicsResolved { group_id, topics, version: cluster.version(), number, at_ms }
    }
}

/// The topics that patterns mean: the result of a [`ResolveTopics`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TopicsResolved {
    pub(crate) group_id: String,
    pub(crate) topics: BTreeMap<Arc<str>, BTreeSet<TopicName>>,
    /// Of the view of the cluster that was looked at.
    pub(crate) version: i64,
    pub(crate) number: JobNumber,
    pub(crate) at_ms: i64,
}

impl TopicsResolved {
    /// The group.
    pub fn group_id(&self) -> &str {
        &self.group_id
    }
}
