//! Kafka's consumer, by partition: positions in, records out. Groups come later.

mod aborted_transactions;
mod config;
mod fetcher;
mod partition_records;

use std::collections::BTreeMap;

use tokio::sync::mpsc;
use tokio::task::JoinSet;
use types::{Offset, PartitionIndex, TopicName};

use crate::error::ClientError;
use crate::network_client::NetworkClient;
use fetcher::{Fetcher, Position};

pub use config::{ConsumerConfig, IsolationLevel, OffsetReset};
pub use partition_records::PartitionRecords;

/// Reads partitions of one topic. Records of a partition come in the order of its log; partitions come as they are
/// answered. Dropping it ends its task.
pub struct Consumer {
    fetched: mpsc::Receiver<Result<PartitionRecords, ClientError>>,
}

impl Consumer {
    /// Reads these partitions from these offsets on, without end. The task runs on the present runtime.
    pub fn assign(
        client: NetworkClient,
        topic: TopicName,
        positions: &BTreeMap<PartitionIndex, Offset>,
        config: ConsumerConfig,
    ) -> Self {
        // One answer is worked on, its partitions one by one; the next one may be complete meanwhile.
        let (output, fetched) = mpsc::channel(1);
        let positions = positions.iter().map(|(index, offset)| (*index, Position::at(*offset))).collect();
        let fetcher = Fetcher {
            client,
            config,
            topic,
            positions,
            output,
            calls: JoinSet::new(),
            rounds: 0,
            refreshing: false,
        };
        tokio::spawn(fetcher.run());
        Self { fetched }
    }

    /// The next batches of some partition; waits until there are any.
    ///
    /// # Errors
    /// What does not heal by trying again; the consumer is over then.
    pub async fn poll(&mut self) -> Result<PartitionRecords, ClientError> {
        self.fetched.recv().await.unwrap_or(Err(ClientError::Closed))
    }
}
