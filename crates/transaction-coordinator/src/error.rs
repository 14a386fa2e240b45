//! Why a transaction's request is refused.

/// Refusals, one for each of Kafka's error codes that transactions use; `handlers` has the mapping.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TransactionError {
    /// A fresh producer id is needed and none came along: ask again with one. Never reaches a client.
    #[error("a fresh producer id is needed")]
    NeedsProducerId,
    /// An empty transactional id (`INVALID_REQUEST`).
    #[error("the transactional id is empty")]
    EmptyTransactionalId,
    /// Two-phase commit is not switched on (`TRANSACTIONAL_ID_AUTHORIZATION_FAILED`, KIP-939).
    #[error("two-phase commit is not enabled (transaction.two.phase.commit.enable)")]
    TwoPhaseCommitDisabled,
    /// What the request asks for is not there at this `transaction.version`, or in Kafka 4.3 at all
    /// (`UNSUPPORTED_VERSION`).
    #[error("not supported at this transaction.version")]
    UnsupportedVersion,
    /// The timeout is not positive, or beyond `transaction.max.timeout.ms` (`INVALID_TRANSACTION_TIMEOUT`).
    #[error("the transaction timeout is out of bounds")]
    InvalidTransactionTimeout,
    /// The transaction before is not complete yet: ask again soon (`CONCURRENT_TRANSACTIONS`).
    #[error("the transaction before is not complete yet")]
    ConcurrentTransactions,
    /// Another producer goes by the transactional id now (`PRODUCER_FENCED`; `INVALID_PRODUCER_EPOCH` to old clients).
    #[error("a newer producer goes by this transactional id")]
    ProducerFenced,
    /// The transactional id is not known, or has another producer id (`INVALID_PRODUCER_ID_MAPPING`).
    #[error("the transactional id does not have this producer id")]
    InvalidProducerIdMapping,
    /// The transaction cannot end so, as it stands (`INVALID_TXN_STATE`).
    #[error("the transaction is in a state in which it cannot do this")]
    InvalidTransactionState,
    /// There is no such transactional id (`TRANSACTIONAL_ID_NOT_FOUND`).
    #[error("there is no such transactional id")]
    TransactionalIdNotFound,
    /// What the log would have to say does not fit into a batch of the internal topic. Nothing is written
    /// (`UNKNOWN_SERVER_ERROR`, as Kafka answers it).
    #[error("the record is larger than a batch may be")]
    TooLarge,
}
