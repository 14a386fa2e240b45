//! Groups of the classic protocol: members join, one of them assigns, all sync, all send heartbeats.
//!
//! ```text
//!            JoinGroup                everybody joined, or time is up         leader's SyncGroup
//!   Empty ------------> PreparingRebalance ------------> CompletingRebalance ------------> Stable
//!     ^                     |   ^    ^                            |                          |
//!     +---------------------+   |    +----------------------------+                          |
//!         nobody is left        +------------------------------------------------------------+
//!                                  a member joins, leaves, falls silent or changes its mind
//! ```
//!
//! One file for each verb; `group` has the books (who is a member, who is parked), `rebalance` what moves a group from
//! state to state, `timeout` what time does.
//!
//! *Invariant:* a rebalance costs time in proportion to the members, a heartbeat costs the same in every group.

mod assignment;
#[cfg(test)]
pub(crate) mod cast;
#[cfg(test)]
mod classic_test;
mod commit;
mod delete;
mod describe;
mod group;
mod heartbeat;
mod join;
mod leave;
mod loading;
mod member;
mod migration;
mod rebalance;
mod request;
mod static_member;
mod subscription;
mod sync;
mod timeout;
#[cfg(test)]
mod too_large_test;
mod turn;
mod why;

pub use commit::OffsetExpiry;
pub use group::{ClassicGroup, ClassicState};
pub(crate) use migration::MigratedMember;
pub use request::{
    ClassicGroupDescription, Heartbeat, JoinGroup, Joined, JoinedMember, LeaveGroup, LeavingMember,
    MemberDescription, MemberLeft, Protocol, SyncGroup, Synced,
};
pub(crate) use turn::Turn;
pub use why::{AssignedMember, GroupWhy};
