//! Those who see every record that is handed out, and every offset that is committed (KIP-42).

use crate::consumer::{Offsets, PartitionRecords};

/// Sees records and commits. Neither call may wait: the first is made by whoever polls, the second by the consumer's task.
pub trait ConsumerInterceptor: std::fmt::Debug + Send + Sync {
    /// These are about to be handed out.
    fn on_consume(&self, records: &PartitionRecords) {
        let _ = records;
    }

    /// These offsets were committed, whether the application asked for it or not.
    fn on_commit(&self, offsets: &Offsets) {
        let _ = offsets;
    }
}
