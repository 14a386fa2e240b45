//! Who may do what. Every handler asks here before it acts.

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
}

/// What a client wants to do it to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Resource<'a> {
    /// The cluster.
    Cluster,
    /// A topic.
    Topic(&'a str),
    /// A transactional id.
    TransactionalId(&'a str),
}

/// Decides what is allowed. This build has no access control and serves no settings that ask for one (a node refuses
/// to start with them), so everything is.
#[derive(Clone, Copy, Debug, Default)]
pub struct Authorizer;

impl Authorizer {
    /// Whether the client of this connection may do it.
    pub fn allows(
        &self,
        _client: &ConnectionContext,
        _operation: Operation,
        _resource: Resource<'_>,
    ) -> bool {
        true
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
            Resource::Topic(_) => &[
                Operation::Read,
                Operation::Write,
                Operation::Create,
                Operation::Delete,
                Operation::Alter,
                Operation::Describe,
                Operation::DescribeConfigs,
                Operation::AlterConfigs,
            ],
            Resource::TransactionalId(_) => &[Operation::Write, Operation::Describe],
        };
        let allowed = all.iter().filter(|operation| self.allows(client, **operation, resource));
        allowed.fold(0, |bits, operation| bits | 1 << *operation as i8)
    }
}
