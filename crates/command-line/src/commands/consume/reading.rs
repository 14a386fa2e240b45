//! What both ways of reading share: records as they come, and whether everything is read.

use std::time::Duration;

use client::ClientError;
use client::consumer::{Consumer, PartitionRecords};
use tokio::time::timeout;
use types::{Offset, TopicPartition};

/// How often it is looked whether everything is read: a partition whose end is no message (a transaction's marker, records
/// that were compacted away) hands out nothing there.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// The next records, if there are any soon.
pub(super) async fn poll(consumer: &Consumer) -> Result<Option<PartitionRecords>, ClientError> {
    match timeout(LOOK_EVERY, consumer.poll()).await {
        Ok(polled) => polled.map(Some),
        Err(_) => Ok(None),
    }
}

/// Whether a partition is read up to its end; one that the consumer does not have, or not yet, is not.
pub(super) async fn has_read_to(
    consumer: &Consumer,
    partition: &TopicPartition,
    end: Offset,
) -> Result<bool, ClientError> {
    match timeout(LOOK_EVERY, consumer.position(partition)).await {
        Ok(Ok(position)) => Ok(position >= end),
        // The group has rebalanced, or nothing is known yet.
        Err(_) | Ok(Err(ClientError::NotAssigned { .. } | ClientError::CallTimeout { .. })) => Ok(false),
        Ok(Err(error)) => Err(error),
    }
}
