//! Why a partition refuses.

use ::log::{AppendError, LogError, ReadError};
use types::{LeaderEpoch, NodeId};

/// This broker does not lead the partition in the epoch the client knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LeadershipError {
    /// The client knows an epoch that has ended.
    #[error("leader epoch {known} has ended, the current one is {current}")]
    FencedLeaderEpoch {
        /// Who leads now.
        leader: NodeId,
        /// The client's.
        known: LeaderEpoch,
        /// The partition's.
        current: LeaderEpoch,
    },
    /// The client knows an epoch that this broker has not heard of yet.
    #[error("leader epoch {known} is newer than the current one, {current}")]
    UnknownLeaderEpoch {
        /// The client's.
        known: LeaderEpoch,
        /// The partition's.
        current: LeaderEpoch,
    },
    /// Another broker leads, or none.
    #[error("node {leader} leads the partition in epoch {leader_epoch}")]
    NotLeader {
        /// The leader; −1 for none.
        leader: NodeId,
        /// Its epoch.
        leader_epoch: LeaderEpoch,
    },
}

/// Why records were not appended.
#[derive(Debug, thiserror::Error)]
pub enum PartitionAppendError {
    /// This broker does not lead.
    #[error(transparent)]
    Leadership(#[from] LeadershipError),
    /// acks=all and fewer replicas are in sync than `min.insync.replicas` asks for. Nothing was appended.
    #[error("{in_sync} replicas are in sync, {needed} are needed")]
    NotEnoughReplicas {
        /// Replicas in sync.
        in_sync: usize,
        /// The effective minimum: min(`min.insync.replicas`, replicas).
        needed: usize,
    },
    /// The log refused the records.
    #[error(transparent)]
    Append(#[from] AppendError),
    /// The records were appended and could not be flushed.
    #[error(transparent)]
    Flush(#[from] LogError),
}

/// Why nothing could be read.
#[derive(Debug, thiserror::Error)]
pub enum PartitionReadError {
    /// This broker does not lead.
    #[error(transparent)]
    Leadership(#[from] LeadershipError),
    /// The log has no such offset, or cannot be read.
    #[error(transparent)]
    Read(#[from] ReadError),
}
