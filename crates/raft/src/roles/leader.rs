//! Leader: decides what the log holds next, and what of it is committed.

use types::{LeaderEpoch, NodeId, Offset};

use crate::ElectionState;

/// The role of the one replica that appends in its epoch.
#[derive(Debug)]
pub(crate) struct Leader {
    pub(crate) epoch: LeaderEpoch,
    local: NodeId,
    /// Offset of the epoch's `LeaderChange` record.
    pub(crate) epoch_start_offset: Offset,
    /// First offset not committed; `None` until the epoch's first record is committed, because only then is
    /// everything before it known to be committed as well (Raft's rule against counting copies of older epochs).
    pub(crate) high_watermark: Option<Offset>,
}

impl Leader {
    pub(crate) fn new(epoch: LeaderEpoch, local: NodeId, epoch_start_offset: Offset) -> Self {
        Self { epoch, local, epoch_start_offset, high_watermark: None }
    }

    /// The local log is durable up to `end` (exclusive): the new high watermark, if it moved. The majority of a
    /// quorum of one is this log.
    pub(crate) fn local_log_durable(&mut self, end: Offset) -> Option<Offset> {
        if end <= self.epoch_start_offset || self.high_watermark.is_some_and(|known| end <= known) {
            return None;
        }
        self.high_watermark = Some(end);
        self.high_watermark
    }

    pub(crate) fn election(&self) -> ElectionState {
        ElectionState { epoch: self.epoch, leader_id: Some(self.local), voted_key: None }
    }
}
