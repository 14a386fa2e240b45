//! What the checkpoints of a directory say of the logs that are not open.
//!
//! *Invariant:* a checkpoint is written from the logs that are open and, for the others, from what stands here. So a
//! checkpoint that is written while logs are still being opened, or beside one that cannot be, forgets nothing.

use std::collections::{BTreeMap, BTreeSet};

use types::{Offset, TopicPartition};

use crate::checkpoint::{OffsetCheckpoint, OffsetCheckpointKind};

/// Offsets by partition, as read at the start.
#[derive(Clone, Debug, Default)]
pub struct CheckpointedOffsets {
    /// Recovery points; 0 for a partition that is missing.
    recovery_points: BTreeMap<TopicPartition, Offset>,
    /// Log start offsets; a partition that is missing starts at its first segment.
    log_starts: BTreeMap<TopicPartition, Offset>,
    /// High watermarks; 0 for a partition that is missing.
    high_watermarks: BTreeMap<TopicPartition, Offset>,
    /// First offsets that no cleaning has reached; a partition that is missing was never cleaned.
    first_dirty: BTreeMap<TopicPartition, Offset>,
}

impl CheckpointedOffsets {
    /// Reads the checkpoints. One that cannot be read counts as empty, as in Kafka: more is then recovered than had to
    /// be.
    pub(super) fn read(checkpoint: impl Fn(OffsetCheckpointKind) -> OffsetCheckpoint) -> Self {
        let read = |kind| {
            checkpoint(kind).read().unwrap_or_else(|error| {
                tracing::warn!(%error, "checkpoint unreadable, taken as empty");
                BTreeMap::new()
            })
        };
        Self {
            recovery_points: read(OffsetCheckpointKind::RecoveryPoint),
            log_starts: read(OffsetCheckpointKind::LogStart),
            high_watermarks: read(OffsetCheckpointKind::Replication),
            first_dirty: read(OffsetCheckpointKind::Cleaner),
        }
    }

    /// The offsets of one kind.
    pub(super) fn of(&self, kind: OffsetCheckpointKind) -> &BTreeMap<TopicPartition, Offset> {
        match kind {
            OffsetCheckpointKind::RecoveryPoint => &self.recovery_points,
            OffsetCheckpointKind::LogStart => &self.log_starts,
            OffsetCheckpointKind::Replication => &self.high_watermarks,
            OffsetCheckpointKind::Cleaner => &self.first_dirty,
        }
    }

    /// Forgets a partition: its log is open and speaks for itself, or it is gone.
    pub(super) fn remove(&mut self, partition: &TopicPartition) {
        let Self { recovery_points, log_starts, high_watermarks, first_dirty } = self;
        for offsets in [recovery_points, log_starts, high_watermarks, first_dirty] {
            offsets.remove(partition);
        }
    }

    /// The partitions that any of them names.
    pub(super) fn partitions(&self) -> BTreeSet<TopicPartition> {
        let maps = [&self.recovery_points, &self.log_starts, &self.high_watermarks, &self.first_dirty];
        maps.into_iter().flat_map(BTreeMap::keys).cloned().collect()
    }
}
