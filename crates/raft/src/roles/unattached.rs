//! Unattached: knows an epoch, and follows nobody in it.

use types::{LeaderEpoch, NodeId};

use crate::{ElectionState, ReplicaKey};

/// The role after a start, or after an epoch whose leader is not known.
#[derive(Debug)]
pub(crate) struct Unattached {
    pub(crate) epoch: LeaderEpoch,
    /// The epoch's leader, where it is known but cannot be reached.
    pub(crate) leader_id: Option<NodeId>,
    pub(crate) voted_key: Option<ReplicaKey>,
}

impl Unattached {
    pub(crate) fn election(&self) -> ElectionState {
        ElectionState { epoch: self.epoch, leader_id: self.leader_id, voted_key: self.voted_key }
    }
}
