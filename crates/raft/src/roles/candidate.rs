//! Candidate: votes for itself in an epoch of its own making.

use types::{LeaderEpoch, NodeId};

use crate::epoch_election::{EpochElection, Vote};
use crate::{ElectionState, ReplicaKey, VoterSet};

/// The role that becomes leader with a majority of the votes. Its own vote must be durable before it counts.
#[derive(Debug)]
pub(crate) struct Candidate {
    pub(crate) epoch: LeaderEpoch,
    local: ReplicaKey,
    votes: EpochElection,
}

impl Candidate {
    /// A replica that votes for itself in `epoch`.
    pub(crate) fn new(epoch: LeaderEpoch, local: ReplicaKey, voters: &VoterSet) -> Self {
        let mut votes = EpochElection::new(voters);
        assert!(votes.record(local.id, Vote::Granted), "only voters become candidates");
        Self { epoch, local, votes }
    }

    pub(crate) fn is_granted(&self) -> bool {
        self.votes.is_granted()
    }

    pub(crate) fn granting_voters(&self) -> Vec<NodeId> {
        self.votes.granting_voters().collect()
    }

    pub(crate) fn election(&self) -> ElectionState {
        ElectionState { epoch: self.epoch, leader_id: None, voted_key: Some(self.local) }
    }
}
