//! Who may do what. Every handler asks here before it acts.

use std::fmt::Debug;
use std::sync::Arc;

use net::ConnectionContext;

/// What a client wants to do (KIP-11's operations).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[allow(missing_docs, reason = "the names are Kafka's own")]
#[repr(i8)]
pub enum Operation {
    Read = 3,
    Write = 4,
    Create = 5,
    Delete = 6,
    Alter = 7,
    Describe = 8,
    ClusterAction = 9,
    DescribeConfigs = 10,
    AlterConfigs = 11,
    IdempotentWrite = 12,
    TwoPhaseCommit = 15,
}

/// What a client wants to do it to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Resource<'a> {
    /// The cluster.
    Cluster,
    /// A topic.
    Topic(&'a str),
    /// Any topic at all: whether there is one, existing or not, to which it may be done (KIP-679).
    AnyTopic,
    /// A group.
    Group(&'a str),
    /// A transactional id.
    TransactionalId(&'a str),
}

/// What a client is told that may not do this to the cluster, where there is room for words.
pub(crate) const CLUSTER_DENIED: &str = "not allowed on this cluster";

/// Rules of access.
pub trait AccessPolicy: Debug + Send + Sync {
    /// Whether the client of this connection may do it.
    fn allows(&self, client: &ConnectionContext, operation: Operation, resource: Resource<'_>) -> bool;
}

/// Decides what is allowed. A node of this build has no access control and serves no settings that ask for one (it
/// refuses to start with them), so everything is; tests bring policies of their own.
#[derive(Clone, Debug, Default)]
pub enum Authorizer {
    /// Everybody may do everything.
    #[default]
    AllowAll,
    /// What the policy allows.
    Policy(Arc<dyn AccessPolicy>),
}

impl Authorizer {
    /// Whether the client of this connection may do it.
    pub fn allows(&self, client: &ConnectionContext, operation: Operation, resource: Resource<'_>) -> bool {
        match self {
            Self::AllowAll => true,
            Self::Policy(policy) => policy.allows(client, operation, resource),
        }
    }

    /// The operations this client may do to a resource, as a set of bits by operation number (KIP-430).
    pub fn allowed_operations(&self, client: &ConnectionContext, resource: Resource<'_>) -> i32 {
        let all: &[Operation] = match resource {
            Resource::Cluster => &[
                Operation::Create,
                Operation::Alter,
                Operation::Describe,
                Operation::ClusterAction,
                Operation::DescribeConfigs,
                Operation::AlterConfigs,
                Operation::IdempotentWrite,
            ],
            Resource::Topic(_) | Resource::AnyTopic => &[
                Operation::Read,
                Operation::Write,
                Operation::Create,
                Operation::Delete,
                Operation::Alter,
                Operation::Describe,
                Operation::DescribeConfigs,
                Operation::AlterConfigs,
            ],
            Resource::Group(_) => &[
                Operation::Read,
                Operation::Delete,
                Operation::Describe,
                Operation::DescribeConfigs,
                Operation::AlterConfigs,
            ],
            Resource::TransactionalId(_) => {
                &[Operation::Write, Operation::Describe, Operation::TwoPhaseCommit]
            }
        };
        let allowed = all.iter().filter(|operation| self.allows(client, **operation, resource));
        allowed.fold(0, |bits, operation| bits | 1 << *operation as i8)
    }
}
