//! Who a replica of the metadata log is.

use std::fmt;

use types::{NodeId, Uuid};

/// A replica of the metadata log: its node and, where known, the directory that holds the log. A node whose disk was
/// replaced comes back as another replica (KIP-853).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ReplicaKey {
    /// The node.
    pub id: NodeId,
    /// The metadata log directory's `directory.id`; `None` where a static configuration names only the node.
    pub directory_id: Option<Uuid>,
}

impl ReplicaKey {
    /// The replica of this node in this directory; the zero id stands for "not known".
    pub fn new(id: NodeId, directory_id: Uuid) -> Self {
        Self { id, directory_id: (!directory_id.is_zero()).then_some(directory_id) }
    }

    /// The directory id as files and messages carry it: zero where it is not known.
    pub fn directory_id_or_zero(&self) -> Uuid {
        self.directory_id.unwrap_or(Uuid::ZERO)
    }

    /// Whether `other` is meant by this key: same node and, where this key names a directory, the same directory.
    pub fn admits(&self, other: &Self) -> bool {
        self.id == other.id && (self.directory_id.is_none() || self.directory_id == other.directory_id)
    }
}

impl fmt::Display for ReplicaKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.directory_id {
            Some(directory_id) => write!(f, "{}:{directory_id}", self.id),
            None => write!(f, "{}", self.id),
        }
    }
}
