//! What a replica must remember of an election across restarts: the content of the file `quorum-state`.

use types::{LeaderEpoch, NodeId};

use crate::ReplicaKey;

/// The last election this replica knows of. Losing it could let a replica vote twice in one epoch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ElectionState {
    /// The largest epoch seen.
    pub epoch: LeaderEpoch,
    /// The epoch's leader, where known.
    pub leader_id: Option<NodeId>,
    /// Whom this replica voted for in the epoch.
    pub voted_key: Option<ReplicaKey>,
}

impl ElectionState {
    /// Nothing but the epoch is known.
    pub const fn unknown_leader(epoch: LeaderEpoch) -> Self {
        Self { epoch, leader_id: None, voted_key: None }
    }

    /// Whether this node led the epoch.
    pub fn is_leader(&self, node: NodeId) -> bool {
        self.leader_id == Some(node)
    }

    /// Whether this replica voted for `candidate`; a vote written under `kraft.version` 0 names only the node.
    pub fn is_voted_candidate(&self, candidate: &ReplicaKey) -> bool {
        self.voted_key.is_some_and(|voted| voted.admits(candidate))
    }
}
