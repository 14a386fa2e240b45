//! Groups of the classic protocol: members join, one of them assigns, all sync, all send heartbeats.

mod request;

pub use request::{
    ClassicGroupDescription, Heartbeat, JoinGroup, Joined, JoinedMember, LeaveGroup, LeavingMember,
    MemberDescription, MemberLeft, Protocol, SyncGroup, Synced,
};
