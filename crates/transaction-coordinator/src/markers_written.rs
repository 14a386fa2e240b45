//! The driver's report that markers are written; after the last one a transaction is complete.

use coordinator::{Now, Token};
use types::{TopicPartition, TransactionVersion};

use crate::shard::TransactionStep;
use crate::transactions::Progress;
use crate::{TransactionError, TransactionShard};

/// Markers of a decided transaction are written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MarkersWritten {
    /// Whose transaction it is.
    pub transactional_id: String,
    /// As it was handed out: [`crate::DueMarkers::handed_out`].
    pub handed_out: Token,
    /// Partitions that have their marker, or never will: they are gone, or their producer has a newer epoch there.
    pub partitions: Vec<TopicPartition>,
    /// The cluster's `transaction.version`.
    pub server_version: TransactionVersion,
}

impl TransactionShard {
    pub(crate) fn markers_written(
        &mut self,
        request: &MarkersWritten,
        now: Now,
        step: &mut TransactionStep,
    ) -> Result<bool, TransactionError> {
        let id = &*request.transactional_id;
        match self.transactions.progress_mut(id) {
            Some(Progress::Decided { handed_out, unwritten, .. })
                if *handed_out == Some(request.handed_out) =>
            {
                for partition in &request.partitions {
                    unwritten.remove(partition);
                }
                if !unwritten.is_empty() {
                    return Ok(true);
                }
            }
            _ => return Ok(false),
        }
        let complete = self.transactions.get(id).map(|entry| entry.transaction.completed(now));
        self.write(id, complete.into_iter().collect(), request.server_version, now, step)?;
        Ok(true)
    }
}

#[cfg(test)]
#[path = "markers_written_test.rs"]
mod tests;
