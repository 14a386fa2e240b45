//! Why something asked of a cluster was not done.

use std::time::Duration;

use types::{ErrorCode, Offset};

/// An error of a client. Cloneable, since all records of a batch share one.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ClientError {
    /// No address to begin with.
    #[error("no bootstrap server is given")]
    NoBootstrapServer,
    /// A connection could not be opened: nothing was sent.
    #[error("broker {address} cannot be reached: {reason}")]
    Unreachable {
        /// host:port.
        address: String,
        /// What the system said.
        reason: String,
    },
    /// A connection was lost while an answer was awaited: the request may have been served.
    #[error("broker {address} is gone: {reason}")]
    Disconnected {
        /// host:port.
        address: String,
        /// What the system said.
        reason: String,
    },
    /// The answer did not come in time; the connection is given up.
    #[error("broker {address} did not answer {api} within {} ms", after.as_millis())]
    Timeout {
        /// host:port.
        address: String,
        /// Kafka's name of the API.
        api: &'static str,
        /// `request.timeout.ms`.
        after: Duration,
    },
    /// The broker serves no version of an API that this client speaks.
    #[error("broker {address} serves no version of {api} that this client speaks")]
    UnsupportedApi {
        /// host:port.
        address: String,
        /// Kafka's name of the API.
        api: &'static str,
    },
    /// A node closed the connection when it was asked what Milena alone can tell.
    #[error("broker {address} cannot tell: it is Apache Kafka, or a Milena of another version")]
    NotMilena {
        /// host:port.
        address: String,
    },
    /// Bytes that are no message, or a request that its version cannot carry.
    #[error("{api}: {reason}")]
    Malformed {
        /// Kafka's name of the API.
        api: &'static str,
        /// What is wrong with it.
        reason: String,
    },
    /// The broker answered with an error for the whole request.
    #[error("{api}: {code}")]
    Server {
        /// Kafka's name of the API.
        api: &'static str,
        /// What it answered.
        code: ErrorCode,
    },
    /// The broker answered with an error for one topic or partition.
    #[error("{subject}: {code}{}", text(message))]
    Topic {
        /// The topic, or topic and partition.
        subject: String,
        /// What it answered.
        code: ErrorCode,
        /// Why, in the broker's words.
        message: Option<String>,
    },
    /// A partition that the topic does not have.
    #[error("{topic} has partitions 0 to {}, not {partition}", partitions - 1)]
    NoSuchPartition {
        /// The topic.
        topic: String,
        /// The partition asked for.
        partition: i32,
        /// How many it has.
        partitions: i32,
    },
    /// A record that no request could carry.
    #[error("a record of {size} bytes is larger than max.request.size, which is {limit}")]
    RecordTooLarge {
        /// Bytes of the record, uncompressed.
        size: usize,
        /// Bytes that are taken.
        limit: usize,
    },
    /// Records could not be put into a batch.
    #[error("records cannot be batched: {reason}")]
    Batch {
        /// Why.
        reason: String,
    },
    /// Batches that are none, or whose checksum does not fit.
    #[error("{subject}: damaged records at offset {offset}: {reason}")]
    CorruptRecords {
        /// Topic and partition.
        subject: String,
        /// The offset that was asked for.
        offset: i64,
        /// What is wrong.
        reason: String,
    },
    /// `buffer.memory` was used up for as long as `max.block.ms`.
    #[error("no room for a record of {size} bytes within {} ms: buffer.memory is used up by records under way", after.as_millis())]
    BufferExhausted {
        /// Bytes of the record.
        size: usize,
        /// `max.block.ms`.
        after: Duration,
    },
    /// A key or value that its serializer does not take, or its deserializer does not make sense of.
    #[error("{what}: {reason}")]
    Serialization {
        /// Key or value, of which topic.
        what: String,
        /// Why.
        reason: String,
    },
    /// A record was not acknowledged within `delivery.timeout.ms`; whether it was written is unknown.
    #[error("not acknowledged within {} ms; the last problem: {last}", after.as_millis())]
    DeliveryTimeout {
        /// `delivery.timeout.ms`.
        after: Duration,
        /// What kept it.
        last: String,
    },
    /// Nothing is committed for a partition, or its offset does not exist, and `auto.offset.reset` is `none`.
    #[error("no offset to read {partition} from, and auto.offset.reset is none")]
    NoOffset {
        /// Topic and partition.
        partition: String,
    },
    /// Records that were read are not in the log of the new leader (KIP-320), and `auto.offset.reset` is `none`.
    #[error("{partition} was read up to offset {position}, which its leader does not have any more")]
    LogTruncated {
        /// Topic and partition.
        partition: String,
        /// Where reading was.
        position: Offset,
        /// Up to where the logs agree, where that is known.
        diverges_at: Option<Offset>,
    },
    /// A partition that this consumer does not own.
    #[error("{partition} is not assigned to this consumer")]
    NotAssigned {
        /// Topic and partition.
        partition: String,
    },
    /// A consumer that is to read nothing.
    #[error("the consumer is neither subscribed to a topic nor assigned a partition")]
    NotSubscribed,
    /// Subscribed topics and assigned partitions exclude each other: unsubscribe first.
    #[error("a consumer is either subscribed to topics or assigned partitions; unsubscribe first")]
    OtherSubscription,
    /// A pattern of topics that is no regular expression.
    #[error("{pattern:?} is no pattern: {reason}")]
    Pattern {
        /// As it was given.
        pattern: String,
        /// What is wrong with it.
        reason: String,
    },
    /// What needs a group, without `group.id`.
    #[error("group.id is not set")]
    NoGroup,
    /// Offsets were not committed: the partitions belong to somebody else by now.
    #[error("not committed, the group has rebalanced: {code}")]
    CommitFailed {
        /// What the coordinator said, or would have.
        code: ErrorCode,
    },
    /// A call did not come to its end within `default.api.timeout.ms`.
    #[error("{what} took longer than {} ms", after.as_millis())]
    CallTimeout {
        /// What was asked.
        what: &'static str,
        /// `default.api.timeout.ms`.
        after: Duration,
    },
    /// A producer with `transactional.id` sends records in transactions only, from its `init_transactions` on.
    #[error("a producer with transactional.id sends records in transactions only")]
    NotInTransaction,
    /// Transactions, without `transactional.id`.
    #[error("transactional.id is not set")]
    NoTransactionalId,
    /// The record belongs to a transaction that was aborted before it was sent.
    #[error("the transaction was aborted")]
    TransactionAborted,
    /// The producer or consumer was closed.
    #[error("the client is closed")]
    Closed,
}

impl ClientError {
    /// Whether the same request may succeed later, perhaps elsewhere.
    pub fn is_retriable(&self) -> bool {
        match self {
            Self::Server { code, .. } | Self::Topic { code, .. } => {
                // A member's next heartbeat brings the epoch that it lacks.
                code.is_retriable() || *code == ErrorCode::StaleMemberEpoch
            }
            _ => self.is_about_connection(),
        }
    }

    /// What a broker answered, where that is the error.
    pub fn code(&self) -> Option<ErrorCode> {
        match self {
            Self::Server { code, .. } | Self::Topic { code, .. } | Self::CommitFailed { code } => Some(*code),
            _ => None,
        }
    }

    /// Whether a broker was not reached, or did not answer.
    pub fn is_about_connection(&self) -> bool {
        matches!(self, Self::Unreachable { .. } | Self::Disconnected { .. } | Self::Timeout { .. })
    }
}

fn text(message: &Option<String>) -> String {
    message.as_ref().map_or_else(String::new, |message| format!(" ({message})"))
}

/// The error code of a number on the wire; one that is not known counts as UNKNOWN_SERVER_ERROR, as in Kafka.
pub(crate) fn error_code(code: i16) -> ErrorCode {
    ErrorCode::from_code(code).unwrap_or(ErrorCode::UnknownServerError)
}
