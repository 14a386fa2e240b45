//! The small text files beside the logs, byte for byte as Apache Kafka writes them.
//!
//! A checkpoint starts with a version line and a count line, then one entry a line. Each is replaced atomically.

#[cfg(test)]
mod checkpoint_test;
mod clean_shutdown;
mod leader_epochs;
mod meta_properties;
mod offsets;
mod partition_metadata;
mod text;

pub use clean_shutdown::CleanShutdownFile;
pub use leader_epochs::{EpochEntry, LeaderEpochCheckpoint};
pub use meta_properties::{MetaProperties, MetaPropertiesError};
pub use offsets::{OffsetCheckpoint, OffsetCheckpointKind};
pub use partition_metadata::PartitionMetadataFile;
pub use text::CheckpointError;
