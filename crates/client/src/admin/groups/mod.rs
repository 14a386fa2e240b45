//! Groups: listed, described, deleted; their committed offsets listed, altered, deleted.

mod alter_offsets;
mod coordinator;
mod delete;
mod delete_offsets;
mod describe;
mod list;
mod list_offsets;

pub use alter_offsets::OffsetToCommit;
pub use describe::{GroupDescription, GroupEpochs, GroupMember, MemberTarget};
pub use list::GroupListing;
pub use list_offsets::CommittedOffset;
