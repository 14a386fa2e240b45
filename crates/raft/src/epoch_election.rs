//! The votes of one election.

use std::collections::BTreeMap;

use types::NodeId;

use crate::VoterSet;

/// Who voted how in one election; votes of nodes outside the voter set cannot be recorded.
#[derive(Clone, Debug)]
pub(crate) struct EpochElection {
    /// `None` until the voter has answered.
    votes: BTreeMap<NodeId, Option<Vote>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Vote {
    Granted,
}

impl EpochElection {
    /// An election among these voters in which nobody has voted.
    pub(crate) fn new(voters: &VoterSet) -> Self {
        Self { votes: voters.ids().map(|id| (id, None)).collect() }
    }

    /// Records a vote; `false` where the node is not a voter.
    pub(crate) fn record(&mut self, voter: NodeId, vote: Vote) -> bool {
        match self.votes.get_mut(&voter) {
            Some(known) => {
                *known = Some(vote);
                true
            }
            None => false,
        }
    }

    /// Whether a majority of the voters granted their vote.
    pub(crate) fn is_granted(&self) -> bool {
        self.granting_voters().count() > self.votes.len() / 2
    }

    /// The voters that granted their vote.
    pub(crate) fn granting_voters(&self) -> impl Iterator<Item = NodeId> {
        self.votes.iter().filter(|(_, vote)| **vote == Some(Vote::Granted)).map(|(id, _)| *id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Endpoint;

    #[test]
    fn an_election_needs_more_than_half_of_the_voters() {
        let endpoint = Endpoint { host: "localhost".to_owned(), port: 9093 };
        let voters = [1, 2, 3].map(|id| (NodeId(id), endpoint.clone()));
        let voters = VoterSet::of_addresses("CONTROLLER", voters);
        let mut election = EpochElection::new(&voters);
        assert!(election.record(NodeId(1), Vote::Granted));
        assert!(!election.is_granted());
        assert!(!election.record(NodeId(9), Vote::Granted), "node 9 is not a voter");
        assert!(!election.is_granted());
        assert!(election.record(NodeId(3), Vote::Granted));
        assert!(election.is_granted());
        assert_eq!(election.granting_voters().collect::<Vec<_>>(), [NodeId(1), NodeId(3)]);
    }
}
