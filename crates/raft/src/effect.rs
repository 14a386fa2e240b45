//! What the consensus machine asks of its driver.

use types::{LeaderEpoch, Offset};

use crate::{ControlRecord, ElectionState, KRaftVersion};

/// Something to be done, in the order in which [`crate::Raft::poll_effect`] hands it out.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// Make the election state durable (file `quorum-state`, in the version that the `kraft.version` calls for).
    /// *Nothing after this effect may happen before the file is durable*: not an append, not a message.
    PersistElection {
        /// The content.
        state: ElectionState,
        /// Decides the file's `data_version`.
        kraft_version: KRaftVersion,
    },
    /// This replica leads `epoch`, which begins at the log's end. Append `opening` as one control batch in that
    /// epoch *before any other record of it*, show its records to [`crate::Raft::handle_control_record`], flush, and
    /// report the durable end by [`crate::Raft::handle_log_durable`].
    BecameLeader {
        /// The new epoch.
        epoch: LeaderEpoch,
        /// Its first records: the `LeaderChange`, with `KRaftVersion` and `Voters` where they must be written.
        opening: Vec<ControlRecord>,
    },
    /// Every record below `offset` is committed: replies that wait for them may leave.
    HighWatermarkAdvanced {
        /// First offset that is not committed.
        offset: Offset,
    },
    /// This replica led `epoch` and leads it no more: what is not committed may be lost, its waiters are to be told so.
    Resigned {
        /// The epoch given up.
        epoch: LeaderEpoch,
    },
}
