//! Why the controller refuses, and the code of the protocol that says so.

use config::{ConfigError, GroupConfigError, TopicConfigError};
use types::{BrokerEpoch, ErrorCode, NodeId, TopicName, Uuid};

/// Why something was refused. The text is for whoever asked, the data for whoever maps it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[allow(missing_docs, reason = "each message says it")]
pub enum ControllerError {
    // Names.
    #[error("{name:?} cannot be a topic's name: {reason}")]
    InvalidTopicName { name: String, reason: &'static str },
    #[error(
        "{name} differs from the topic {existing} in dots and underscores only, which metrics cannot tell apart"
    )]
    CollidingTopicName { name: String, existing: TopicName },
    #[error("a topic named {name} exists")]
    TopicExists { name: String },
    #[error("{name} is the metadata log and no topic to create")]
    ProhibitedTopic { name: &'static str },
    #[error("the request names this topic more than once")]
    DuplicateTopicName,
    #[error("the request has this topic id more than once")]
    DuplicateTopicId,
    #[error("no topic has this name")]
    UnknownTopic,
    #[error("no topic has the id {id}")]
    UnknownTopicId { id: Uuid },
    #[error("neither a name nor an id says which topic is meant")]
    NoTopic,
    #[error("a topic is given by its name or by its id, not by both")]
    TopicNameAndId,
    #[error("the request has this topic by its id as well")]
    TopicNameOfSuppliedId,
    #[error("not allowed on this topic")]
    TopicAuthorization,
    #[error("topics are not deleted here: delete.topic.enable is false")]
    TopicDeletionDisabled,

    // Partitions and replicas.
    #[error("{asked} partitions in one request, at most {allowed} are allowed")]
    TooManyPartitions { asked: u64, allowed: u64 },
    #[error("{count} partitions: at least 1, or -1 for the default")]
    InvalidPartitionCount { count: i32 },
    #[error("the topic has {count} partitions already")]
    SamePartitionCount { count: usize },
    #[error("the topic {name} has {count} partitions, {asked} would be fewer")]
    FewerPartitions { name: String, count: usize, asked: i32 },
    #[error("a replication factor of {factor}: at least 1, or -1 for the default")]
    InvalidReplicationFactor { factor: i16 },
    #[error("no place for {factor} replicas of each partition: {reason}")]
    CannotReplicate { factor: i16, reason: PlacementError },
    #[error("with replicas assigned by hand, {field} must be -1")]
    AssignmentAndCount { field: &'static str },
    #[error("{0}")]
    InvalidAssignment(AssignmentError),
    #[error("the topic has no partition {partition}")]
    UnknownPartition { partition: i32 },
    #[error("broker {broker} has no replica of this partition")]
    NotAReplica { broker: NodeId },
    #[error("{from} replicas would become {to}")]
    ReplicationFactorChanged { from: usize, to: usize },
    #[error("no reassignment of this partition is under way")]
    NoReassignmentInProgress,
    #[error("the leader is the one wanted")]
    ElectionNotNeeded,
    #[error("the first replica is not in sync or not alive")]
    PreferredLeaderNotAvailable,
    #[error("no replica is alive")]
    EligibleLeadersNotAvailable,

    // Settings.
    #[error("no value is given for {names}")]
    NullTopicConfigs { names: String },
    #[error("{0}")]
    TopicConfig(#[from] TopicConfigError),
    #[error("{0}")]
    GroupConfig(#[from] GroupConfigError),
    #[error("{0}")]
    Config(#[from] ConfigError),
    #[error("{reason}")]
    InvalidConfig { reason: String },
    #[error("{reason}")]
    InvalidRequest { reason: String },
    #[error("{resource_type} settings are not served yet")]
    UnservedResource { resource_type: &'static str },

    // Brokers.
    #[error("this is cluster {expected}, not {found}")]
    InconsistentClusterId { expected: String, found: String },
    #[error(
        "a broker with the id {id} is alive; if it is an earlier start of this one, its session ends soon"
    )]
    DuplicateBroker { id: NodeId },
    #[error("no broker has registered as {id}")]
    UnknownBroker { id: NodeId },
    #[error("broker epoch {found} is not the registered one, which is {}", .registered.map_or("none".to_owned(), |it| it.to_string()))]
    StaleBrokerEpoch { registered: Option<BrokerEpoch>, found: BrokerEpoch },
    #[error("{reason}")]
    InvalidRegistration { reason: String },
    #[error("level {level} of {feature} is finalized, the node supports {min} to {max}")]
    UnsupportedFeature { feature: String, level: i16, min: i16, max: i16 },

    #[error("{feature} is not set to {level}: {reason}")]
    InvalidFeatureUpdate { feature: String, level: i16, reason: String },

    #[error("all producer ids are given away")]
    ProducerIdsExhausted,
    #[error("{reason}")]
    Unsupported { reason: &'static str },
}

/// Why no brokers are found for replicas.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[allow(missing_docs, reason = "each message says it")]
pub enum PlacementError {
    #[error("the replication factor is {factor}")]
    NotPositive { factor: i16 },
    #[error("every broker is fenced, or has all its log directories cordoned")]
    NoUsableBroker,
    #[error("every broker is fenced or about to stop")]
    NoActiveBroker,
    #[error("only {brokers} brokers are registered and take new replicas")]
    TooFewBrokers { factor: i16, brokers: usize },
}

/// What is wrong with a manual assignment.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[allow(missing_docs, reason = "each message says it")]
pub enum AssignmentError {
    #[error("a partition is assigned no replicas")]
    NoReplicas,
    #[error("a partition is assigned to broker {id}, which is not registered")]
    UnknownBroker { id: NodeId },
    #[error("a partition is assigned to broker {id} more than once")]
    RepeatedBroker { id: NodeId },
    #[error("a partition is assigned {found} replicas, others have {expected}")]
    ReplicaCount { found: usize, expected: usize },
    #[error("partition {partition} is assigned more than once")]
    RepeatedPartition { partition: i32 },
    #[error("partition {partition} is assigned to brokers that are all fenced or about to stop")]
    NoActiveBroker { partition: i32 },
    #[error("assigned partitions must be numbered from 0 without gaps")]
    NotConsecutive,
    #[error(
        "only replicas that are being added hold all records of partition {partition}; \
         unclean.leader.election.enable would allow to go back"
    )]
    UncleanUndo { partition: i32 },
    #[error("{added} partitions are added, {assigned} are assigned")]
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
            Self::UnknownTopic | Self::UnknownPartition { .. } => ErrorCode::UnknownTopicOrPartition,
            Self::NotAReplica { .. } => ErrorCode::NotLeaderOrFollower,
            Self::NoReassignmentInProgress => ErrorCode::NoReassignmentInProgress,
            Self::ElectionNotNeeded => ErrorCode::ElectionNotNeeded,
            Self::PreferredLeaderNotAvailable => ErrorCode::PreferredLeaderNotAvailable,
            Self::EligibleLeadersNotAvailable => ErrorCode::EligibleLeadersNotAvailable,
            Self::UnknownTopicId { .. } => ErrorCode::UnknownTopicId,
            Self::TopicAuthorization => ErrorCode::TopicAuthorizationFailed,
            Self::TopicDeletionDisabled => ErrorCode::TopicDeletionDisabled,
            Self::TooManyPartitions { .. } => ErrorCode::PolicyViolation,
            Self::InvalidPartitionCount { .. }
            | Self::SamePartitionCount { .. }
            | Self::FewerPartitions { .. } => ErrorCode::InvalidPartitions,
            Self::InvalidReplicationFactor { .. }
            | Self::CannotReplicate { .. }
            | Self::ReplicationFactorChanged { .. } => ErrorCode::InvalidReplicationFactor,
            Self::InvalidFeatureUpdate { .. } => ErrorCode::InvalidUpdateVersion,
            Self::InvalidAssignment(_) => ErrorCode::InvalidReplicaAssignment,
            Self::NullTopicConfigs { .. }
            | Self::TopicConfig(_)
            | Self::GroupConfig(_)
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
