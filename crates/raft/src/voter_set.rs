//! The voters of the metadata quorum.

use std::collections::BTreeMap;

use protocol::records::voters_record::{self, VotersRecord};
use types::NodeId;

use crate::{Endpoint, Endpoints, ReplicaKey};

/// One voter as a `VotersRecord` describes it (KIP-853).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VoterNode {
    /// Its node and directory.
    pub key: ReplicaKey,
    /// Where it listens for controllers.
    pub endpoints: Endpoints,
    /// The levels of `kraft.version` it serves, lowest and highest.
    pub kraft_versions: (i16, i16),
}

/// The voters by node.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct VoterSet(BTreeMap<NodeId, VoterNode>);

impl VoterSet {
    /// The voters that `controller.quorum.voters` lists, each reached on the first controller listener.
    pub fn of_addresses(listener: &str, voters: impl IntoIterator<Item = (NodeId, Endpoint)>) -> Self {
        voters
            .into_iter()
            .map(|(id, endpoint)| VoterNode {
                key: ReplicaKey { id, directory_id: None },
                endpoints: [(listener.to_owned(), endpoint)].into_iter().collect(),
                kraft_versions: (0, 0),
            })
            .collect()
    }

    /// The voters' ids, ascending.
    pub fn ids(&self) -> impl Iterator<Item = NodeId> {
        self.0.keys().copied()
    }

    /// The voters, ascending by id.
    pub fn iter(&self) -> impl Iterator<Item = &VoterNode> {
        self.0.values()
    }

    /// How many voters there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether no voter is known.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether this replica votes.
    pub fn is_voter(&self, replica: &ReplicaKey) -> bool {
        self.0.get(&replica.id).is_some_and(|voter| voter.key.admits(replica))
    }

    /// Whether this replica is the whole quorum.
    pub fn is_only_voter(&self, replica: &ReplicaKey) -> bool {
        self.len() == 1 && self.is_voter(replica)
    }

    /// The set with this voter's description replaced; `None` where it is not a voter or nothing would change.
    pub fn updated(&self, voter: &VoterNode) -> Option<Self> {
        let known = self.0.get(&voter.key.id)?;
        if !known.key.admits(&voter.key) || known == voter {
            return None;
        }
        let mut voters = self.0.clone();
        voters.insert(voter.key.id, voter.clone());
        Some(Self(voters))
    }

    /// The set as the record in the log.
    pub fn to_record(&self) -> VotersRecord {
        VotersRecord { voters: self.iter().map(voter_to_record).collect(), ..VotersRecord::default() }
    }

    /// The set that a record in the log describes; a later entry of one node replaces an earlier one.
    pub fn from_record(record: &VotersRecord) -> Self {
        record.voters.iter().map(voter_from_record).collect()
    }
}

impl FromIterator<VoterNode> for VoterSet {
    fn from_iter<I: IntoIterator<Item = VoterNode>>(voters: I) -> Self {
        Self(voters.into_iter().map(|voter| (voter.key.id, voter)).collect())
    }
}

fn voter_to_record(voter: &VoterNode) -> voters_record::Voter {
    let endpoints = voter.endpoints.iter().map(|(name, endpoint)| voters_record::Endpoint {
        name: name.to_owned(),
        host: endpoint.host.clone(),
        port: endpoint.port,
        ..Default::default()
    });
    voters_record::Voter {
        voter_id: voter.key.id.0,
        voter_directory_id: voter.key.directory_id_or_zero(),
        endpoints: endpoints.collect(),
        k_raft_version_feature: voters_record::KRaftVersionFeature {
            min_supported_version: voter.kraft_versions.0,
            max_supported_version: voter.kraft_versions.1,
            ..Default::default()
        },
        ..Default::default()
    }
}

fn voter_from_record(record: &voters_record::Voter) -> VoterNode {
    let feature = &record.k_raft_version_feature;
    let endpoints = record
        .endpoints
        .iter()
        .map(|known| (known.name.clone(), Endpoint { host: known.host.clone(), port: known.port }));
    VoterNode {
        key: ReplicaKey::new(NodeId(record.voter_id), record.voter_directory_id),
        endpoints: endpoints.collect(),
        kraft_versions: (feature.min_supported_version, feature.max_supported_version),
    }
}
