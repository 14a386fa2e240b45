//! Drives the quorum and the controller: the tasks that do their input and output.
//!
//! | to | use |
//! |---|---|
//! | make fresh data directories a node's own | [`format::format_if_fresh`] |

pub mod bootstrap_file;
pub mod format;
#[cfg(test)]
mod format_test;
mod metadata_batch;
mod metadata_log;
mod quorum_state_file;
mod raft_driver;
#[cfg(test)]
mod raft_driver_test;
mod snapshot_file;

pub use metadata_batch::{BatchContent, MetadataBatch, MetadataBatchError};
pub use metadata_log::{MetadataAppender, MetadataLog, MetadataLogError};
pub use quorum_state_file::{QuorumStateError, QuorumStateFile};
pub use raft_driver::{Loaded, QuorumError, QuorumInfo, QuorumOptions, RaftDriver};
pub use snapshot_file::{Snapshot, SnapshotError, SnapshotHead, SnapshotWriter};

/// Name of the metadata log's directory: partition 0 of the internal topic `__cluster_metadata`.
pub const METADATA_LOG_DIRECTORY: &str = "__cluster_metadata-0";
