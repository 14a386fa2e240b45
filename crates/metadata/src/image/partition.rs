//! One partition's replicas and leader.

use protocol::records::partition_change_record::PartitionChangeRecord;
use protocol::records::partition_record::PartitionRecord;
use types::{LeaderEpoch, NodeId, PartitionIndex, Uuid};

use crate::{DirectoryId, MetadataVersion, ReplayError};

/// The leader field of a change that leaves the leader as it is.
const NO_LEADER_CHANGE: i32 = -2;
/// The recovery field of a change that leaves the state as it is.
const NO_RECOVERY_CHANGE: i8 = -1;

/// Whether the leader was elected from outside the ISR and has not been told to recover yet (KIP-704).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names are Kafka's own")]
pub enum LeaderRecoveryState {
    #[default]
    Recovered,
    Recovering,
}

impl LeaderRecoveryState {
    /// The state of this number.
    pub const fn from_id(id: i8) -> Option<Self> {
        match id {
            0 => Some(Self::Recovered),
            1 => Some(Self::Recovering),
            _ => None,
        }
    }

    /// Its number on the wire and in the log.
    pub const fn id(self) -> i8 {
        match self {
            Self::Recovered => 0,
            Self::Recovering => 1,
        }
    }
}

/// A partition as the controller sees it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PartitionImage {
    /// Assigned brokers, the preferred leader first.
    pub replicas: Vec<NodeId>,
    /// The log directory of each replica, in their order; reserved ids are [`DirectoryId`]'s.
    pub directories: Vec<Uuid>,
    /// In-sync replicas.
    pub isr: Vec<NodeId>,
    /// Replicas that leave when the reassignment under way ends.
    pub removing_replicas: Vec<NodeId>,
    /// Replicas that the reassignment under way adds.
    pub adding_replicas: Vec<NodeId>,
    /// Out of sync, yet sure to hold all that is below the high watermark (KIP-966).
    pub eligible_leader_replicas: Vec<NodeId>,
    /// Were eligible before they shut down uncleanly (KIP-966).
    pub last_known_eligible: Vec<NodeId>,
    /// The leader; `None` while the partition is offline.
    pub leader: Option<NodeId>,
    /// Whether the leader has to recover from an unclean election.
    pub leader_recovery_state: LeaderRecoveryState,
    /// Grows with each election.
    pub leader_epoch: LeaderEpoch,
    /// Grows with each change.
    pub partition_epoch: i32,
}

impl PartitionImage {
    /// The first replica.
    pub fn preferred_leader(&self) -> Option<NodeId> {
        self.replicas.first().copied()
    }

    /// The log directory of a replica; `None` where the broker holds none.
    pub fn directory(&self, broker: NodeId) -> Option<Uuid> {
        let at = self.replicas.iter().position(|replica| *replica == broker)?;
        self.directories.get(at).copied()
    }

    /// Whether replicas are being added or removed.
    pub fn is_reassigning(&self) -> bool {
        !self.adding_replicas.is_empty() || !self.removing_replicas.is_empty()
    }

    pub(super) fn from_record(record: &PartitionRecord) -> Result<Self, ReplayError> {
        let eligible = record.eligible_leader_replicas.as_deref();
        let last_known = record.last_known_elr.as_deref();
        let replicas = nodes(&record.replicas);
        Ok(Self {
            directories: directories(
                record.directories.clone(),
                replicas.len(),
                record.topic_id,
                record.partition_id,
            )?,
            replicas,
            isr: nodes(&record.isr),
            removing_replicas: nodes(&record.removing_replicas),
            adding_replicas: nodes(&record.adding_replicas),
            eligible_leader_replicas: nodes(eligible.unwrap_or_default()),
            last_known_eligible: nodes(last_known.unwrap_or_default()),
            leader: leader(record.leader),
            leader_recovery_state: recovery_state(record.leader_recovery_state)?,
            leader_epoch: LeaderEpoch(record.leader_epoch),
            partition_epoch: record.partition_epoch,
        })
    }

    /// The partition after a change, which bumps the partition epoch, and the leader epoch if it names a leader.
    pub(super) fn changed(&self, record: &PartitionChangeRecord) -> Result<Self, ReplayError> {
        let list = |new: &Option<Vec<i32>>, old: &[NodeId]| match new {
            Some(new) => nodes(new),
            None => old.to_vec(),
        };
        let replicas = list(&record.replicas, &self.replicas);
        let new_directories = record.directories.clone().unwrap_or_else(|| self.directories.clone());
        let (leader, leader_epoch) = match record.leader {
            NO_LEADER_CHANGE => (self.leader, self.leader_epoch),
            id => (leader(id), LeaderEpoch(self.leader_epoch.0.saturating_add(1))),
        };
        Ok(Self {
            directories: directories(new_directories, replicas.len(), record.topic_id, record.partition_id)?,
            replicas,
            isr: list(&record.isr, &self.isr),
            removing_replicas: list(&record.removing_replicas, &self.removing_replicas),
            adding_replicas: list(&record.adding_replicas, &self.adding_replicas),
            eligible_leader_replicas: list(&record.eligible_leader_replicas, &self.eligible_leader_replicas),
            last_known_eligible: list(&record.last_known_elr, &self.last_known_eligible),
            leader,
            leader_recovery_state: match record.leader_recovery_state {
                NO_RECOVERY_CHANGE => self.leader_recovery_state,
                id => recovery_state(id)?,
            },
            leader_epoch,
            partition_epoch: self.partition_epoch.saturating_add(1),
        })
    }

    /// This partition as a record that creates it; eligible replicas are written where the feature is on.
    pub fn to_record(
        &self,
        topic_id: Uuid,
        partition: PartitionIndex,
        version: MetadataVersion,
        with_eligible_leader_replicas: bool,
    ) -> PartitionRecord {
        let eligible =
            |list: &[NodeId]| (with_eligible_leader_replicas && !list.is_empty()).then(|| ids(list));
        let directories = version.has_directory_assignment().then(|| self.directories.clone());
        PartitionRecord {
            partition_id: partition.0,
            topic_id,
            replicas: ids(&self.replicas),
            isr: ids(&self.isr),
            removing_replicas: ids(&self.removing_replicas),
            adding_replicas: ids(&self.adding_replicas),
            leader: self.leader.unwrap_or(NodeId::NONE).0,
            leader_recovery_state: self.leader_recovery_state.id(),
            leader_epoch: self.leader_epoch.0,
            partition_epoch: self.partition_epoch,
            directories: directories.unwrap_or_default(),
            eligible_leader_replicas: eligible(&self.eligible_leader_replicas),
            last_known_elr: eligible(&self.last_known_eligible),
            ..Default::default()
        }
    }
}

/// One directory per replica. A record that names none, or whose directories are all unknown, comes from before
/// directory assignment: the count is then the replicas' own.
fn directories(
    listed: Vec<Uuid>,
    replicas: usize,
    topic_id: Uuid,
    partition_id: i32,
) -> Result<Vec<Uuid>, ReplayError> {
    if listed.iter().all(|directory| *directory == DirectoryId::MIGRATING) {
        return Ok(vec![DirectoryId::MIGRATING; replicas]);
    }
    if listed.len() != replicas {
        let partition = PartitionIndex(partition_id);
        return Err(ReplayError::DirectoryCount { topic_id, partition, directories: listed.len(), replicas });
    }
    Ok(listed)
}

fn leader(id: i32) -> Option<NodeId> {
    (id >= 0).then_some(NodeId(id))
}

fn recovery_state(id: i8) -> Result<LeaderRecoveryState, ReplayError> {
    LeaderRecoveryState::from_id(id)
        .ok_or(ReplayError::UnknownValue { field: "a leader recovery state", value: id.into() })
}

fn nodes(ids: &[i32]) -> Vec<NodeId> {
    ids.iter().copied().map(NodeId).collect()
}

fn ids(nodes: &[NodeId]) -> Vec<i32> {
    nodes.iter().map(|node| node.0).collect()
}
