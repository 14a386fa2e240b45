//! The group coordinator's rules: which groups there are, who is a member, what is assigned to whom, which offsets are
//! committed. One `GroupShard` is the state of one partition of `__consumer_offsets`.
//!
//! - [`classic`]: groups of the classic protocol (JoinGroup, SyncGroup, Heartbeat, LeaveGroup).
//! - [`offsets`]: committed offsets, of groups and of clients without one.
//!
//! Record formats are Kafka's: either side reads what the other wrote.

pub mod classic;
mod error;
pub mod offsets;
mod request;
mod settings;

pub use error::GroupError;
pub use request::{GroupReply, GroupRequest, ListedGroup};
pub use settings::GroupSettings;
