//! Deleting the oldest records of a partition.

use std::sync::Arc;

use ::log::checkpoint::CheckpointError;
use types::Offset;

use crate::Broker;
use crate::partition::{DeleteRecordsError, Partition};

impl Broker {
    /// Deletes the records below `offset` (`None`: below the high watermark) and returns the log's new start. Fetches
    /// that wait below it are told.
    ///
    /// # Errors
    /// See [`DeleteRecordsError`].
    pub async fn delete_records(
        &self,
        partition: &Arc<Partition>,
        offset: Option<Offset>,
    ) -> Result<Offset, DeleteRecordsError> {
        // The new start is looked up in the log, which may wait for a disk.
        let deleting = partition.clone();
        let log_start = self.blocking().run(move || deleting.delete_records(offset)).await?;
        self.delayed_fetches().touch(&partition.id());
        Ok(log_start)
    }

    /// Writes down where the logs start, so that records which clients were told are deleted do not come back with a
    /// crash; Kafka leaves that to the next minute.
    ///
    /// # Errors
    /// When the checkpoint cannot be written.
    pub async fn record_log_starts(self: &Arc<Self>) -> Result<(), CheckpointError> {
        let dirs = self.log_dirs().clone();
        self.blocking().run(move || dirs.checkpoint_log_starts()).await
    }
}
