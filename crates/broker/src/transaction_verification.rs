//! Whether a transaction holds a partition, before its first records are appended there (KIP-890): a Produce that was
//! delayed must not land after the end of its transaction, where nobody would ever end it.
//!
//! The partition gives a guard, the coordinator of transactions is asked, and the records are appended with the guard: a
//! marker that is written in between makes it worthless. A partition in which the transaction is open already is not
//! asked for.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use coordinator::Unavailable;
use tokio::time::Instant;
use transaction_coordinator::{
    AddPartitions, Producer, TransactionError, TransactionReply, TransactionRequest, VerifyPartitions,
};
use types::{TopicPartition, TransactionVersion};

use crate::Broker;
use crate::coordinators::transactions::TRANSACTIONS_TOPIC;
use crate::partition::{LeadershipError, Partition, VerificationGuard};

/// How long a partition that joins a transaction waits for the one before, whose markers are being written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct JoinPatience {
    /// Between two tries: `add.partitions.to.txn.retry.backoff.ms`.
    pub back_off: Duration,
    /// No try begins after it: `add.partitions.to.txn.retry.backoff.max.ms`.
    pub longest: Duration,
}

/// What a client's request does to the transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Joining {
    /// Nothing: partitions must have been added before.
    Never,
    /// Partitions join by being written to (Produce 12, TxnOffsetCommit 5, and above).
    ByWriting,
}

/// A partition that is about to be written to.
#[derive(Debug)]
pub struct ToVerify {
    /// Which.
    pub partition: Arc<Partition>,
    /// First sequence of the records; −1 where they have none.
    pub sequence: i32,
}

/// Why records of a transaction are not appended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum VerificationError {
    /// This broker does not lead the partition.
    #[error(transparent)]
    Leadership(#[from] LeadershipError),
    /// The partition is not in the transaction.
    #[error("the partition is not in the transaction")]
    NotInTransaction,
    /// The coordinator refuses.
    #[error(transparent)]
    Refused(#[from] TransactionError),
    /// The coordinator does not answer.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
}

/// For each partition the guard that its append has to show, if it needs one.
pub type Verified = Vec<Result<Option<VerificationGuard>, VerificationError>>;

impl Broker {
    /// Verifies that records of a transaction may be appended to partitions, or makes the partitions join it.
    pub async fn verify_transaction(
        &self,
        transactional_id: &str,
        producer: Producer,
        partitions: &[ToVerify],
        joining: Joining,
    ) -> Verified {
        if joining == Joining::Never && !self.log_dirs().verifies_transactions() {
            return partitions.iter().map(|_| Ok(None)).collect();
        }
        let began = Instant::now();
        let patience = self.settings().join_patience;
        loop {
            let verified = self.verify_once(transactional_id, producer, partitions, joining).await;
            let is_early = |one: &Result<_, _>| {
                matches!(one, Err(VerificationError::Refused(TransactionError::ConcurrentTransactions)))
            };
            if joining == Joining::Never
                || began.elapsed() >= patience.longest
                || !verified.iter().any(is_early)
            {
                return verified;
            }
            tokio::time::sleep(patience.back_off).await;
        }
    }

    async fn verify_once(
        &self,
        transactional_id: &str,
        producer: Producer,
        partitions: &[ToVerify],
        joining: Joining,
    ) -> Verified {
        let now_ms = self.clock().now_ms();
        let who = (producer.id, producer.epoch);
        let bumps = joining == Joining::ByWriting;
        let begin = |one: &ToVerify| {
            let guard = one.partition.start_verification(who, one.sequence, bumps, now_ms);
            guard.map_err(VerificationError::from)
        };
        let mut verified: Verified = partitions.iter().map(begin).collect();
        let asked: Vec<usize> =
            (0..partitions.len()).filter(|at| matches!(verified[*at], Ok(Some(_)))).collect();
        if asked.is_empty() {
            return verified;
        }
        let names: Vec<TopicPartition> =
            asked.iter().map(|at| partitions[*at].partition.name().clone()).collect();
        let told = self.ask_about(transactional_id, producer, names, joining).await;
        for (nth, at) in asked.into_iter().enumerate() {
            match &told {
                Ok(is_in) if is_in[nth] => {}
                Ok(_) => verified[at] = Err(VerificationError::NotInTransaction),
                Err(error) => verified[at] = Err(*error),
            }
        }
        verified
    }

    /// Whether each of the partitions is in the transaction.
    async fn ask_about(
        &self,
        transactional_id: &str,
        producer: Producer,
        names: Vec<TopicPartition>,
        joining: Joining,
    ) -> Result<Vec<bool>, VerificationError> {
        if self.image().topics.by_name(TRANSACTIONS_TOPIC).is_none() {
            return Err(Unavailable::NotAvailable.into());
        }
        let count = names.len();
        let transactional_id = transactional_id.to_owned();
        let request = match joining {
            Joining::Never => TransactionRequest::VerifyPartitions(VerifyPartitions {
                transactional_id: transactional_id.clone(),
                producer,
                partitions: names,
            }),
            Joining::ByWriting => TransactionRequest::AddPartitions(AddPartitions {
                transactional_id: transactional_id.clone(),
                producer,
                partitions: BTreeSet::from_iter(names),
                client_version: TransactionVersion::V2,
                server_version: self.transaction_version(),
            }),
        };
        match self.ask_transaction(&transactional_id, request).reply().await? {
            TransactionReply::VerifyPartitions(is_in) => Ok(is_in?),
            TransactionReply::AddPartitions(joined) => {
                joined?;
                Ok(vec![true; count])
            }
            other => {
                tracing::error!(?other, "a transaction shard replied to something else than it was asked");
                Err(Unavailable::NotAvailable.into())
            }
        }
    }
}
