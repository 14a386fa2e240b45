//! How much one step may write.

use coordinator::CoordinatorRecord;

use crate::groups::GroupStep;

/// Bytes of keys and values that one step writes at most, so that they fit into a batch of the internal topic at its
/// default `max.message.bytes` (1 MiB). What is more is refused (a commit) or done in several steps (deletions).
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
