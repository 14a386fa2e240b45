//! Deleting the oldest records of a partition.

use types::Offset;

use crate::Broker;
use crate::partition::{DeleteRecordsError, Partition};

impl Broker {
    /// Deletes the records below `offset` (`None`: below the high watermark) and returns the log's new start. Fetches
    /// that wait below it are told.
    ///
    /// # Errors
    /// See [`DeleteRecordsError`].
    pub fn delete_records(
        &self,
        partition: &Partition,
        offset: Option<Offset>,
    ) -> Result<Offset, DeleteRecordsError> {
        let log_start = partition.delete_records(offset)?;
        self.delayed_fetches().touch(&partition.id());
        Ok(log_start)
    }
}
