//! Why the controller refuses, and the code of the protocol that says so.

use config::{ConfigError, TopicConfigError};
use types::{BrokerEpoch, ErrorCode, NodeId, TopicName, Uuid};

/// Why something was refused. The text is for whoever asked, the data for whoever maps it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[allow(missing_docs, reason = "each message says it")]
pub enum ControllerError {
    // Names.
    #[error("Topic name is invalid: {reason}")]
    InvalidTopicName { reason: String },
    #[error("Topic '{name}' collides with existing topic: {existing}")]
    CollidingTopicName { name: String, existing: TopicName },
    #[error("Topic '{name}' already exists.")]
    TopicExists { name: String },
    #[error("Creation of internal topic {name} is prohibited.")]
    ProhibitedTopic { name: &'static str },
    #[error("Duplicate topic name.")]
    DuplicateTopicName,
    #[error("Duplicate topic id.")]
    DuplicateTopicId,
    #[error("This server does not host this topic-partition.")]
    UnknownTopic,
    #[error("This server does not host this topic ID.")]
    UnknownTopicId { id: Uuid },
    #[error("Neither topic name nor id were specified.")]
    NoTopic,
    #[error("You may not specify both topic name and topic id.")]
    TopicNameAndId,
    #[error("The provided topic name maps to an ID that was already supplied.")]
    TopicNameOfSuppliedId,
    #[error("Authorization failed.")]
    TopicAuthorization,
    #[error("Topic deletion is disabled.")]
    TopicDeletionDisabled,

    // Partitions and replicas.
    #[error("Excessively large number of partitions per request.")]
    TooManyPartitions { asked: u64, allowed: u64 },
    #[error("Number of partitions was set to an invalid non-positive value.")]
    InvalidPartitionCount { count: i32 },
    #[error("Topic already has {count} partition(s).")]
    SamePartitionCount { count: usize },
    #[error("The topic {name} currently has {count} partition(s); {asked} would not be an increase.")]
    FewerPartitions { name: String, count: usize, asked: i32 },
    #[error("Replication factor must be larger than 0, or -1 to use the default value.")]
    InvalidReplicationFactor { factor: i16 },
    #[error("Unable to replicate the partition {factor} time(s): {reason}")]
    CannotReplicate { factor: i16, reason: PlacementError },
    #[error("A manual partition assignment was specified, but {field} was not set to -1.")]
    AssignmentAndCount { field: &'static str },
    #[error("{0}")]
    InvalidAssignment(AssignmentError),

    // Settings.
    #[error("Null value not supported for topic configs: {names}")]
    NullTopicConfigs { names: String },
    #[error("{0}")]
    TopicConfig(#[from] TopicConfigError),
    #[error("{0}")]
    Config(#[from] ConfigError),
    #[error("{reason}")]
    InvalidConfig { reason: String },
    #[error("{reason}")]
    InvalidRequest { reason: String },
    #[error("{resource_type} settings are not served")]
    UnservedResource { resource_type: &'static str },

    // Brokers.
    #[error("Expected cluster ID {expected}, but got cluster ID {found}")]
    InconsistentClusterId { expected: String, found: String },
    #[error(
        "Another broker is registered with that broker id: {id}. After a restart this resolves itself when its session expires."
    )]
    DuplicateBroker { id: NodeId },
    #[error("Broker {id} is not registered")]
    UnknownBroker { id: NodeId },
    #[error("Expected broker epoch {registered:?}, but got broker epoch {found}")]
    StaleBrokerEpoch { registered: Option<BrokerEpoch>, found: BrokerEpoch },
    #[error("{reason}")]
    InvalidRegistration { reason: String },
    #[error(
        "Unable to register because the node does not support finalized version {level} of {feature}. It wants a \
         version between {min} and {max}, inclusive."
    )]
    UnsupportedFeature { feature: String, level: i16, min: i16, max: i16 },

    #[error("All producer ids are given away")]
    ProducerIdsExhausted,
    #[error("{reason}")]
    Unsupported { reason: &'static str },
}

/// Why no brokers are found for replicas.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[allow(missing_docs, reason = "each message says it")]
pub enum PlacementError {
    #[error("the replication factor must be positive, not {factor}")]
    NotPositive { factor: i16 },
    #[error("All brokers are currently fenced, or have all their log directories cordoned.")]
    NoUsableBroker,
    #[error("All brokers are currently fenced or in controlled shutdown.")]
    NoActiveBroker,
    #[error(
        "The target replication factor of {factor} cannot be reached because only {brokers} broker(s) are registered \
         or some brokers have all their log directories cordoned."
    )]
    TooFewBrokers { factor: i16, brokers: usize },
}

/// What is wrong with a manual assignment.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[allow(missing_docs, reason = "each message says it")]
pub enum AssignmentError {
    #[error("The manual partition assignment includes an empty replica list.")]
    NoReplicas,
    #[error("The manual partition assignment includes broker {id}, but no such broker is registered.")]
    UnknownBroker { id: NodeId },
    #[error("The manual partition assignment includes the broker {id} more than once.")]
    RepeatedBroker { id: NodeId },
    #[error(
        "The manual partition assignment includes a partition with {found} replica(s), but this is not consistent \
         with previous partitions, which have {expected} replica(s)."
    )]
    ReplicaCount { found: usize, expected: usize },
    #[error("Found multiple manual partition assignments for partition {partition}")]
    RepeatedPartition { partition: i32 },
    #[error(
        "All brokers specified in the manual partition assignment for partition {partition} are fenced or in \
         controlled shutdown."
    )]
    NoActiveBroker { partition: i32 },
    #[error("partitions should be a consecutive 0-based integer sequence")]
    NotConsecutive,
    #[error(
        "Attempted to add {added} additional partition(s), but only {assigned} assignment(s) were specified."
    )]
    AssignmentCount { added: usize, assigned: usize },
}

impl ControllerError {
    /// The protocol's code.
    pub fn code(&self) -> ErrorCode {
        match self {
            Self::InvalidTopicName { .. } | Self::CollidingTopicName { .. } => {
                ErrorCode::InvalidTopicException
            }
            Self::TopicExists { .. } => ErrorCode::TopicAlreadyExists,
            Self::ProhibitedTopic { .. }
            | Self::DuplicateTopicName
            | Self::DuplicateTopicId
            | Self::NoTopic
            | Self::TopicNameAndId
            | Self::TopicNameOfSuppliedId
            | Self::AssignmentAndCount { .. }
            | Self::InvalidRequest { .. } => ErrorCode::InvalidRequest,
            Self::UnknownTopic => ErrorCode::UnknownTopicOrPartition,
            Self::UnknownTopicId { .. } => ErrorCode::UnknownTopicId,
            Self::TopicAuthorization => ErrorCode::TopicAuthorizationFailed,
            Self::TopicDeletionDisabled => ErrorCode::TopicDeletionDisabled,
            Self::TooManyPartitions { .. } => ErrorCode::PolicyViolation,
            Self::InvalidPartitionCount { .. }
            | Self::SamePartitionCount { .. }
            | Self::FewerPartitions { .. } => ErrorCode::InvalidPartitions,
            Self::InvalidReplicationFactor { .. } | Self::CannotReplicate { .. } => {
                ErrorCode::InvalidReplicationFactor
            }
            Self::InvalidAssignment(_) => ErrorCode::InvalidReplicaAssignment,
            Self::NullTopicConfigs { .. }
            | Self::TopicConfig(_)
            | Self::Config(_)
            | Self::InvalidConfig { .. } => ErrorCode::InvalidConfig,
            Self::InconsistentClusterId { .. } => ErrorCode::InconsistentClusterId,
            Self::DuplicateBroker { .. } => ErrorCode::DuplicateBrokerRegistration,
            Self::UnknownBroker { .. } => ErrorCode::BrokerIdNotRegistered,
            Self::StaleBrokerEpoch { .. } => ErrorCode::StaleBrokerEpoch,
            Self::InvalidRegistration { .. } => ErrorCode::InvalidRegistration,
            Self::UnsupportedFeature { .. } | Self::UnservedResource { .. } | Self::Unsupported { .. } => {
                ErrorCode::UnsupportedVersion
            }
            Self::ProducerIdsExhausted => ErrorCode::UnknownServerError,
        }
    }
}
