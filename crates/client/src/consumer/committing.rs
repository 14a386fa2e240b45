//! Offsets that the group keeps, as the application commits and asks for them.

use std::collections::BTreeMap;

use tokio::sync::oneshot;
use tokio::time::Instant;
use types::TopicPartition;

use crate::consumer::Consumer;
use crate::consumer::machine::{OffsetAndMetadata, Outcome};
use crate::error::ClientError;

/// Offsets by partition.
pub type Offsets = BTreeMap<TopicPartition, OffsetAndMetadata>;

impl Consumer {
    /// The offsets behind everything that was handed out: what [`Self::commit_sync`] commits if it is all processed.
    pub fn positions(&self) -> Offsets {
        self.shared.machine().positions()
    }

    /// Commits these offsets and waits until that is done, trying again while it may help.
    ///
    /// # Errors
    /// `CommitFailed` where the group has rebalanced: the partitions may be somebody else's, poll first. `NoGroup`,
    /// `CallTimeout`, and the coordinator's refusals.
    pub async fn commit_sync(&self, offsets: Offsets) -> Result<(), ClientError> {
        self.commit_sync_until(offsets, Instant::now() + self.config.default_api_timeout).await
    }

    pub(super) async fn commit_sync_until(
        &self,
        offsets: Offsets,
        until: Instant,
    ) -> Result<(), ClientError> {
        if offsets.is_empty() {
            return Ok(());
        }
        let outcome = self.begin(|consumer, outcome| {
            consumer.shared.machine().commit(offsets, Some(until), Some(outcome));
        })?;
        outcome.await.unwrap_or(Err(ClientError::Closed))
    }

    /// Commits these offsets without waiting; `told` hears what became of it, once, from another task. It is tried only
    /// once, so that commits cannot overtake each other.
    ///
    /// # Errors
    /// `NoGroup`.
    pub fn commit_async(
        &self,
        offsets: Offsets,
        told: impl FnOnce(Result<(), ClientError>) + Send + 'static,
    ) -> Result<(), ClientError> {
        self.needs_group()?;
        self.changed(|consumer| consumer.shared.machine().commit(offsets, None, Some(Box::new(told))));
        Ok(())
    }

    /// What the group committed for these partitions; partitions without are left out.
    ///
    /// # Errors
    /// `NoGroup`, `CallTimeout`, and the coordinator's refusals.
    pub async fn committed(&self, partitions: &[TopicPartition]) -> Result<Offsets, ClientError> {
        let until = Instant::now() + self.config.default_api_timeout;
        let partitions = partitions.to_vec();
        let outcome = self.begin(|consumer, outcome| {
            consumer.shared.machine().committed(partitions, until, outcome);
        })?;
        outcome.await.unwrap_or(Err(ClientError::Closed))
    }

    /// Begins something of which the receiver is told.
    fn begin<T: Send + 'static>(
        &self,
        begin: impl FnOnce(&Self, Outcome<T>),
    ) -> Result<oneshot::Receiver<Result<T, ClientError>>, ClientError> {
        self.needs_group()?;
        let (told, outcome) = oneshot::channel();
        self.changed(|consumer| {
            begin(
                consumer,
                // Whoever asked may have given up.
                Box::new(move |result| drop(told.send(result))),
            );
        });
        Ok(outcome)
    }

    fn needs_group(&self) -> Result<(), ClientError> {
        self.config.group_id.as_ref().map(|_| ()).ok_or(ClientError::NoGroup)
    }
}
