//! Committed offsets.

mod request;

pub use request::{
    CommitOffset, CommitOffsets, CommittedOffset, CommittedPartition, DeleteOffsets, DeletedPartition,
    FetchOffsets, FetchedOffset, FetchedOffsets,
};
