//! Resigned: led this epoch, and will not act in it again.

use std::time::Duration;

use types::{LeaderEpoch, NodeId};

use crate::ElectionState;

/// The role of a former leader. A leader that restarts begins here too: records that it appended but had not synced
/// may be gone, so it must never append in that epoch again.
#[derive(Debug)]
pub(crate) struct Resigned {
    pub(crate) epoch: LeaderEpoch,
    pub(crate) local: NodeId,
    /// When this replica may stand for the next epoch.
    pub(crate) election_deadline: Duration,
}

impl Resigned {
    pub(crate) fn election(&self) -> ElectionState {
        ElectionState { epoch: self.epoch, leader_id: Some(self.local), voted_key: None }
    }
}
