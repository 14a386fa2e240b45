//! The coordinator of transactions, and which of its shards a transactional id belongs to.

use metadata::MetadataImage;
use transaction_coordinator::{
    TransactionError, TransactionReply, TransactionRequest, TransactionShard, TransactionWhy,
};
use types::waits::TransactionWait;
use types::{PartitionIndex, ProducerId, TopicPartition, TransactionVersion};

use super::{Called, Coordinator, Looked, ShardReply, Unavailable, placement};
use crate::Broker;

/// The internal topic of transactions.
pub const TRANSACTIONS_TOPIC: &str = "__transaction_state";

/// The feature whose level says how transactions are kept (KIP-890).
const TRANSACTION_VERSION: &str = "transaction.version";

/// The shards of `__transaction_state`.
pub type TransactionCoordinator = Coordinator<TransactionShard>;

/// How `__transaction_state` is made, when the first client looks for its coordinator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TransactionsTopicSettings {
    /// `transaction.state.log.num.partitions`.
    pub partitions: i32,
    /// `transaction.state.log.replication.factor`.
    pub replication_factor: i16,
    /// `transaction.state.log.segment.bytes`.
    pub segment_bytes: i32,
    /// `transaction.state.log.min.isr`.
    pub min_insync_replicas: i32,
}

/// Why nothing is known of a transaction's waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TransactionWhyError {
    /// There is no such transactional id.
    #[error("there is no such transactional id")]
    NotFound,
    /// Another broker coordinates it.
    #[error("another broker coordinates this transactional id")]
    NotCoordinator,
}

impl Broker {
    /// What a transactional id is doing and waits for; `None` while its coordinator reads the log.
    ///
    /// # Errors
    /// See [`TransactionWhyError`].
    pub fn why_transaction(
        &self,
        transactional_id: &str,
    ) -> Result<Option<TransactionWhy>, TransactionWhyError> {
        let image = self.image();
        let partition = self.transaction_partition(&image, transactional_id);
        match self.transactions().look(partition, |shard, now| shard.why(transactional_id, now)) {
            Ok(Looked { seen, held }) => {
                let mut why = seen.map_err(|_not_found| TransactionWhyError::NotFound)?;
                if held > 0 {
                    let partition = TopicPartition::new(TRANSACTIONS_TOPIC, partition);
                    why.waits.push(TransactionWait::NotCommitted { partition, replies: held });
                }
                Ok(Some(why))
            }
            Err(Unavailable::Loading) => Ok(None),
            Err(_) if self.is_about_to_lead(&image, TRANSACTIONS_TOPIC, partition) => Ok(None),
            Err(_) => Err(TransactionWhyError::NotCoordinator),
        }
    }

    /// The partition of `__transaction_state` that a transactional id belongs to.
    pub fn transaction_partition(&self, image: &MetadataImage, transactional_id: &str) -> PartitionIndex {
        let partitions = self.settings().transactions_topic.partitions;
        placement::shard_of(image, TRANSACTIONS_TOPIC, partitions, transactional_id)
    }

    /// The cluster's `transaction.version` as it is now.
    pub fn transaction_version(&self) -> TransactionVersion {
        let level = self.image().features.level(TRANSACTION_VERSION);
        // A level beyond what is known was finalized by nobody who knows this program.
        TransactionVersion::from_level(level).unwrap_or(TransactionVersion::V2)
    }

    /// Asks the shard that holds a transactional id.
    pub fn ask_transaction(
        &self,
        transactional_id: &str,
        request: TransactionRequest,
    ) -> Called<TransactionShard> {
        let image = self.image();
        let partition = self.transaction_partition(&image, transactional_id);
        // Between the election of this broker and the opening of the log, there is no shard.
        if !self.transactions().has_shard(partition)
            && self.is_about_to_lead(&image, TRANSACTIONS_TOPIC, partition)
        {
            return Called::Now(Err(Unavailable::Loading));
        }
        self.transactions().call(partition, request)
    }

    /// Asks the shard that holds a transactional id, and again with a fresh producer id where it needs one.
    ///
    /// # Errors
    /// What keeps the shard from answering; `Loading` where no producer id is to be had now, so that clients ask again.
    pub async fn ask_transaction_with_id(
        &self,
        transactional_id: &str,
        request: impl Fn(Option<ProducerId>) -> TransactionRequest,
    ) -> ShardReply<TransactionShard> {
        let reply = self.ask_transaction(transactional_id, request(None)).reply().await;
        if !matches!(&reply, Ok(reply) if needs_producer_id(reply)) {
            return reply;
        }
        let fresh = self.producer_ids().next().await.map_err(|error| {
            tracing::warn!(%error, transactional_id, "no producer id for a transactional id");
            Unavailable::Loading
        })?;
        self.ask_transaction(transactional_id, request(Some(fresh))).reply().await
    }
}

fn needs_producer_id(reply: &TransactionReply) -> bool {
    matches!(
        reply,
        TransactionReply::InitProducerId(Err(TransactionError::NeedsProducerId))
            | TransactionReply::End(Err(TransactionError::NeedsProducerId))
            | TransactionReply::AbortTimedOut(Err(TransactionError::NeedsProducerId))
    )
}
