//! Prospective: asks whether an election could be won, before it disturbs anybody with a new epoch (KIP-996).

use types::{LeaderEpoch, NodeId};

use crate::epoch_election::{EpochElection, Vote};
use crate::{ElectionState, ReplicaKey, VoterSet};

/// The role between an election timeout and a candidacy. Nothing is persisted: epoch and vote are those of before.
#[derive(Debug)]
pub(crate) struct Prospective {
    pub(crate) epoch: LeaderEpoch,
    leader_id: Option<NodeId>,
    voted_key: Option<ReplicaKey>,
    pre_votes: EpochElection,
}

impl Prospective {
    /// A replica that grants itself its pre-vote.
    pub(crate) fn new(before: ElectionState, local: NodeId, voters: &VoterSet) -> Self {
        let mut pre_votes = EpochElection::new(voters);
        assert!(pre_votes.record(local, Vote::Granted), "only voters become prospective");
        Self { epoch: before.epoch, leader_id: before.leader_id, voted_key: before.voted_key, pre_votes }
    }

    pub(crate) fn is_granted(&self) -> bool {
        self.pre_votes.is_granted()
    }

    pub(crate) fn election(&self) -> ElectionState {
        ElectionState { epoch: self.epoch, leader_id: self.leader_id, voted_key: self.voted_key }
    }
}
