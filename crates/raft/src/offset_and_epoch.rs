//! A point of the metadata log.

use std::fmt;

use types::{LeaderEpoch, Offset};

/// An end offset (exclusive) with the epoch of the record before it. Ordered by epoch first: of two logs the one
/// with the larger last epoch is the newer, however long they are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OffsetAndEpoch {
    /// Epoch of the last record before the offset.
    pub epoch: LeaderEpoch,
    /// First offset that is not contained.
    pub offset: Offset,
}

impl OffsetAndEpoch {
    /// The point `offset` in `epoch`.
    pub const fn new(offset: Offset, epoch: LeaderEpoch) -> Self {
        Self { epoch, offset }
    }
}

impl fmt::Display for OffsetAndEpoch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.offset, self.epoch)
    }
}
