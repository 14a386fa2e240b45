//! What a shard is asked and what it answers.

use crate::{
    AbortTimedOut, AddPartitions, Due, EndTransaction, InitProducerId, ListTransactions, ListedTransaction,
    MarkersWritten, Producer, TransactionDescription, TransactionError, VerifyPartitions,
};

/// One request to the shard that holds its transactional id.
#[derive(Clone, Debug)]
pub enum TransactionRequest {
    /// InitProducerId with a transactional id.
    InitProducerId(InitProducerId),
    /// AddPartitionsToTxn, for one transactional id; AddOffsetsToTxn.
    AddPartitions(AddPartitions),
    /// AddPartitionsToTxn that only verifies, for one transactional id.
    VerifyPartitions(VerifyPartitions),
    /// EndTxn.
    End(EndTransaction),
    /// DescribeTransactions, for one transactional id.
    Describe {
        /// Which.
        transactional_id: String,
    },
    /// ListTransactions, for this shard.
    List(ListTransactions),
    /// The driver waits for something to do. One waits at a time: one that waited before is replied to with nothing.
    AwaitDue {
        /// What was handed out before is handed out again; reports about it do not count any more.
        is_anew: bool,
    },
    /// The driver has written markers.
    MarkersWritten(MarkersWritten),
    /// The driver ends a transaction that took too long.
    AbortTimedOut(AbortTimedOut),
}

/// The reply to the request of the same name.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs, reason = "named like the requests")]
pub enum TransactionReply {
    InitProducerId(Result<Producer, TransactionError>),
    AddPartitions(Result<(), TransactionError>),
    /// For each partition, in the order of the request, whether it is in the transaction. Kafka says
    /// `TRANSACTION_ABORTABLE` of one that is not.
    VerifyPartitions(Result<Vec<bool>, TransactionError>),
    /// The producer to go on with; ([`types::ProducerId::NONE`], [`types::ProducerEpoch::NONE`]) where the client keeps its own.
    End(Result<Producer, TransactionError>),
    Describe(Result<TransactionDescription, TransactionError>),
    /// By transactional id.
    List(Vec<ListedTransaction>),
    AwaitDue(Due),
    /// Whether the report counted; one about what was handed out anew since does not.
    MarkersWritten(Result<bool, TransactionError>),
    AbortTimedOut(Result<(), TransactionError>),
}
