//! How much one step may delete.

use coordinator::CoordinatorRecord;

use crate::groups::GroupStep;

/// Bytes of keys that one step ends at most: a shard is busy for a moment only. What is more is done in several steps.
const STEP_BYTES_MAX: usize = 1_000_000;

/// The bytes that a step can still take.
#[derive(Debug)]
pub(crate) struct Room {
    left: usize,
}

impl Room {
    /// What is left beside the step's records.
    pub(crate) fn beside(step: &GroupStep) -> Self {
        let used = step.records.iter().map(CoordinatorRecord::size).sum();
        Self { left: STEP_BYTES_MAX.saturating_sub(used) }
    }

    /// Takes the room for a record, if there is so much.
    pub(crate) fn take(&mut self, record: &CoordinatorRecord) -> bool {
        let left = self.left.checked_sub(record.size());
        self.left = left.unwrap_or(self.left);
        left.is_some()
    }
}
