//! A broker's services: partitions, produce, fetch, sessions, delayed operations, lifecycle.
//!
//! [`Broker`] is what handlers call. Its verbs have a file each: [`produce`], [`fetch`], `lookup`, `delete_records`,
//! [`coordinators`], [`transaction_verification`].
//! Around it stand the tasks that keep it true: [`metadata_applier`] follows the metadata log, [`log_maintenance`]
//! flushes and forgets, [`log_cleaner`] compacts, [`txn_markers`] ends transactions, [`lifecycle`] registers the broker and keeps its registration alive.
//!
//! *Invariant:* partitions change hands only in `metadata_applier`; handlers read the image that it applied last.

mod broker;
mod cluster_view;
pub mod coordinators;
mod delete_records;
mod describe_configs;
mod describe_log_dirs;
pub mod directory_assignments_driver;
pub mod fetch;
pub mod fetch_sessions;
pub mod lifecycle;
pub mod log_cleaner;
pub mod log_maintenance;
pub mod loggers;
mod lookup;
pub mod metadata_applier;
mod node_settings;
pub mod partition;
mod partition_registry;
pub mod produce;
mod producer_ids;
pub mod purgatory;
#[cfg(test)]
mod purgatory_test;
mod topic_settings;
pub mod transaction_verification;
pub mod txn_markers;
mod unopened_logs;
mod why_partition;

pub use broker::{Broker, BrokerParts, BrokerSettings, Features};
pub use config::{ConfigSource, DescribedConfig, KeyType};
pub use describe_log_dirs::{DescribedLogDir, DescribedReplica};
pub use group_coordinator;
pub use lookup::{LookupError, NodeEndpoint};
pub use partition_registry::PartitionRegistry;
pub use producer_ids::{ProducerIdBlock, ProducerIds, ProducerIdsError};
pub use purgatory::{Purgatory, TimedOut, Wait};
pub use transaction_coordinator;
pub use why_partition::{LogWhy, PartitionWhy, PartitionWhyError};
