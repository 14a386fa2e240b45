//! The group coordinator's rules: which groups there are, who is a member, what is assigned to whom, which offsets are
//! committed. One `GroupShard` is the state of one partition of `__consumer_offsets`.
//!
//! - [`classic`]: groups of the classic protocol (JoinGroup, SyncGroup, Heartbeat, LeaveGroup).
//! - [`consumer`]: groups of the consumer protocol (ConsumerGroupHeartbeat, KIP-848).
//! - [`assignors`]: who reads what in groups whose partitions the coordinator assigns (KIP-848).
//! - [`offsets`]: committed offsets, of groups and of clients without one.
//!
//! Record formats are Kafka's: either side reads what the other wrote.

pub mod assignors;
pub mod classic;
mod cluster;
pub mod consumer;
mod error;
mod groups;
mod list;
mod modern;
pub mod offsets;
mod records;
mod request;
mod settings;
mod shard;
mod timers;
mod topic_hash;
pub mod topic_pattern;

pub use cluster::{Cluster, ClusterView, Topic};
pub use error::GroupError;
pub use groups::{Group, Groups};
pub use modern::{ModernGroup, ModernKind};
pub use request::{GroupReply, GroupRequest, ListedGroup};
pub use settings::GroupSettings;
pub use shard::GroupShard;
pub use topic_hash::{group_hash, topic_hash};
