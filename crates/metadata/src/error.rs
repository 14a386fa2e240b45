//! Why bytes are no metadata record, and why a record does not fit the image.

use protocol::{DecodeError, EncodeError};
use types::{BrokerEpoch, NodeId, Offset, PartitionIndex, TopicName, Uuid};

/// Why bytes are no metadata record, or a record has no bytes.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RecordError {
    /// Only frame version 1 is spoken.
    #[error("metadata record with the frame version {0}, only 1 is known")]
    FrameVersion(u32),
    /// No record has this type.
    #[error("no metadata record has the type {0}")]
    UnknownType(u32),
    /// The record's body, or the frame before it, is damaged.
    #[error("metadata record: {0}")]
    Decode(#[from] DecodeError),
    /// The record cannot be written at the version that the metadata version asks for.
    #[error("metadata record: {0}")]
    Encode(#[from] EncodeError),
}

/// Why a record cannot be applied: the log contradicts itself, or was written by something newer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[allow(missing_docs, reason = "the fields are named in each message")]
pub enum ReplayError {
    #[error("topic {name} is created as {new_id} while it exists as {id}")]
    TopicExists { name: TopicName, id: Uuid, new_id: Uuid },
    #[error("no topic has the id {id}")]
    UnknownTopic { id: Uuid },
    #[error("no topic has the name {name}")]
    UnknownTopicName { name: String },
    #[error("topic {topic_id} has no partition {partition}")]
    UnknownPartition { topic_id: Uuid, partition: PartitionIndex },
    #[error(
        "partition {partition} of topic {topic_id} lists {directories} directories for {replicas} replicas"
    )]
    DirectoryCount { topic_id: Uuid, partition: PartitionIndex, directories: usize, replicas: usize },
    #[error("broker {id} is changed but not registered")]
    UnknownBroker { id: NodeId },
    #[error("broker {id} is changed at epoch {found} while it is registered at epoch {registered}")]
    StaleBrokerEpoch { id: NodeId, found: BrokerEpoch, registered: BrokerEpoch },
    #[error("no access control entry has the id {id}")]
    UnknownAcl { id: Uuid },
    #[error("{field} cannot be {value}")]
    UnknownValue { field: &'static str, value: i64 },
    #[error("metadata version {level} is not known; this version serves {min} to {max}")]
    UnknownMetadataVersion { level: i16, min: i16, max: i16 },
    #[error("a transaction begins while the one from offset {began_at} is open")]
    NestedTransaction { began_at: Offset },
    #[error("a transaction ends or is aborted while none is open")]
    NoTransaction,
    #[error("a record of type {0} cannot stand alone in an image")]
    OutsideOfLoader(i16),
}
