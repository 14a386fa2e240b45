//! Drives the quorum and the controller: the tasks that do their input and output.
//!
//! | to | use |
//! |---|---|
//! | make fresh data directories a node's own | [`format::format_if_fresh`] |
//! | load the metadata, lead the quorum, serve | [`ControllerNode::start`] |
//! | ask the controller | [`ControllerHandle`] |
//!
//! One task owns consensus, controller and metadata log: requests come through a bounded channel, decisions that wait
//! together share a flush, replies leave when what was decided is durable and the image is published.
//!
//! *Invariant:* what a caller was told is in the log, whatever happens to process or power afterwards.
//! *Boundary:* no rule of Kafka lives here: they are in `raft`, `controller` and `metadata`.

pub mod bootstrap_file;
mod controller_driver;
#[cfg(test)]
mod controller_driver_test;
mod controller_handle;
mod controller_node;
mod decision_batches;
pub mod format;
#[cfg(test)]
mod format_test;
mod image_publisher;
mod metadata_batch;
mod metadata_log;
#[cfg(test)]
mod oracle_directory_test;
mod quorum_state_file;
mod raft_driver;
#[cfg(test)]
mod raft_driver_test;
#[cfg(test)]
mod simulation_test;
mod snapshot_file;
mod snapshot_taker;
#[cfg(test)]
mod test_node;

// The words of the handle's verbs.
pub use controller::bootstrap::{FeatureChoiceError, default_records, records_at};
pub use controller::brokers::heartbeat::{Heartbeat, HeartbeatReply};
pub use controller::brokers::register::NewBroker;
pub use controller::client_quotas::{CLIENT_ID, IP, QuotaAlteration, QuotaChange, QuotaOutcome, USER};
pub use controller::configs::{
    AlterOutcome, ConfigChange, ConfigOperation, ResourceChanges, ResourceSettings,
};
pub use controller::controllers::NewController;
pub use controller::partitions::assign_directories::DirectoryAssignment;
pub use controller::partitions::elect_leaders::{ElectionKind, ElectionOutcome, TopicPartitions};
pub use controller::partitions::reassign::Reassignment;
pub use controller::topics::create::{NewTopic, TopicDescription, TopicOutcome};
pub use controller::topics::create_partitions::{PartitionsOutcome, PartitionsToAdd};
pub use controller::topics::delete::{DeleteAccess, DeleteOutcome, TopicToDelete};
pub use controller::topics::name_rules::check_name;
pub use controller::update_features::{FeatureUpdate, UpgradeType};
pub use controller::{ControllerError, ControllerSettings, supported_features};
pub use controller_driver::ControllerFailure;
pub use controller_handle::{CallError, ControllerHandle};
pub use controller_node::{ControllerNode, ControllerOptions};
pub use decision_batches::UnwritableDecision;
pub use metadata_batch::{BatchContent, MetadataBatch, MetadataBatchError};
pub use metadata_log::{MetadataAppender, MetadataLog, MetadataLogError};
pub use quorum_state_file::{QuorumStateError, QuorumStateFile};
pub use raft::{Endpoint, Endpoints, LocalVoter, ReplicaKey, VoterSet};
pub use raft_driver::{Loaded, QuorumError, QuorumInfo, QuorumOptions, RaftDriver};
pub use snapshot_file::{Snapshot, SnapshotError, SnapshotHead, SnapshotWriter};

/// Name of the metadata log's directory: partition 0 of the internal topic `__cluster_metadata`.
pub const METADATA_LOG_DIRECTORY: &str = "__cluster_metadata-0";
