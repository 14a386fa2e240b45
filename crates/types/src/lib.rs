//! The words every room shares: numbers that must not be confused, ids, error codes.
//!
//! *Invariant:* no IO, no clock, no randomness; nothing here depends on another crate of the house.

mod error_code;
mod numbers;
pub mod spelling;
mod topic;
mod transaction_version;
mod uuid;
pub mod waits;

pub use error_code::ErrorCode;
pub use numbers::{
    BrokerEpoch, LeaderEpoch, NodeId, Offset, PartitionIndex, ProducerEpoch, ProducerId, Sequence,
};
pub use topic::{TopicIdPartition, TopicName, TopicPartition};
pub use transaction_version::TransactionVersion;
pub use uuid::{ParseUuidError, Uuid};
