//! Requests and replies about committed offsets, in the domain's words.

use types::{LeaderEpoch, Offset, ProducerEpoch, ProducerId, TopicPartition, Uuid};

use crate::GroupError;

/// OffsetCommit. The handler has resolved topic ids, and answered for topics that do not exist.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommitOffsets {
    /// The group; may be empty for clients without one, as far as the oracle allows it.
    pub group_id: String,
    /// The member, empty for a client that only keeps its offsets here.
    pub member_id: String,
    /// Its `group.instance.id`.
    pub group_instance_id: Option<String>,
    /// Generation (classic) or member epoch (consumer); −1 for a client that only keeps its offsets here.
    pub generation_or_member_epoch: i32,
    /// Whether the version of the request knows of member epochs (v9+, KIP-848).
    pub knows_member_epochs: bool,
    /// Milliseconds to keep the offsets (v2–4); `None`: `offsets.retention.minutes` after the group is empty.
    pub retention_ms: Option<i64>,
    /// What to commit, in the request's order.
    pub offsets: Vec<CommitOffset>,
}

/// TxnOffsetCommit. The handler has answered for topics that do not exist.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommitOffsetsInTransaction {
    /// Whose transaction.
    pub producer: (ProducerId, ProducerEpoch),
    /// The group.
    pub group_id: String,
    /// The member; empty where the client does not say (before v3).
    pub member_id: String,
    /// Its `group.instance.id`.
    pub group_instance_id: Option<String>,
    /// Generation (classic) or member epoch (consumer); −1 where the client does not say.
    pub generation_or_member_epoch: i32,
    /// What to commit, in the request's order.
    pub offsets: Vec<CommitOffset>,
}

/// One offset to commit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommitOffset {
    /// Of which partition.
    pub partition: TopicPartition,
    /// The topic's id, where it is known.
    pub topic_id: Option<Uuid>,
    /// The next offset to read.
    pub offset: Offset,
    /// Epoch of the record read last (KIP-320).
    pub leader_epoch: Option<LeaderEpoch>,
    /// The client's own words.
    pub metadata: String,
}

/// What became of one offset, in the request's order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommittedPartition {
    /// Of which partition.
    pub partition: TopicPartition,
    /// Why it is not committed.
    pub error: Option<GroupError>,
}

/// OffsetFetch for one group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FetchOffsets {
    /// The group.
    pub group_id: String,
    /// The member that asks (v9+), and its epoch.
    pub member: Option<(String, i32)>,
    /// Which partitions; `None`: all that the group has offsets of.
    pub partitions: Option<Vec<TopicPartition>>,
    /// Offsets that an open transaction may change are an error (KIP-447).
    pub require_stable: bool,
}

/// A committed offset.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommittedOffset {
    /// The next offset to read.
    pub offset: Offset,
    /// Epoch of the record read last.
    pub leader_epoch: Option<LeaderEpoch>,
    /// The client's own words.
    pub metadata: String,
    /// When it was committed, wall clock.
    pub committed_at_ms: i64,
    /// When it ends, wall clock, where the commit said so.
    pub expires_at_ms: Option<i64>,
    /// The topic's id, where the commit had it.
    pub topic_id: Option<Uuid>,
}

/// One partition of an OffsetFetch answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FetchedOffset {
    /// Of which partition.
    pub partition: TopicPartition,
    /// `None`: nothing is committed. [`GroupError::UnstableOffsetCommit`] is the only error here.
    pub committed: Result<Option<CommittedOffset>, GroupError>,
}

/// The partitions asked for, in the request's order; all of the group's by topic and partition where all were asked.
pub type FetchedOffsets = Vec<FetchedOffset>;

/// OffsetDelete.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeleteOffsets {
    /// The group.
    pub group_id: String,
    /// Which partitions.
    pub partitions: Vec<TopicPartition>,
}

/// What became of one offset that was to be deleted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeletedPartition {
    /// Of which partition.
    pub partition: TopicPartition,
    /// Why it is still there.
    pub error: Option<GroupError>,
}
