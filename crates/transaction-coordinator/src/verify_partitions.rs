//! AddPartitionsToTxn that only verifies: are the partitions in the transaction? Asked before what a producer sent is
//! appended, so that a late Produce cannot land after its transaction (KIP-890).

use types::TopicPartition;

use crate::{Producer, TransactionError, TransactionShard};

/// Asks whether partitions are in the transaction of a producer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifyPartitions {
    /// The transactional id.
    pub transactional_id: String,
    /// Who is about to write.
    pub producer: Producer,
    /// Where to.
    pub partitions: Vec<TopicPartition>,
}

impl TransactionShard {
    pub(crate) fn verify_partitions(
        &self,
        request: &VerifyPartitions,
    ) -> Result<Vec<bool>, TransactionError> {
        let known = self.known(&request.transactional_id)?;
        known.validate_producer(request.producer)?;
        if known.state.is_prepared() {
            return Err(TransactionError::ConcurrentTransactions);
        }
        Ok(request.partitions.iter().map(|partition| known.partitions.contains(partition)).collect())
    }
}

#[cfg(test)]
#[path = "verify_partitions_test.rs"]
mod tests;
