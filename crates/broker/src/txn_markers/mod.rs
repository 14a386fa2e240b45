//! The markers that end transactions: appended to every partition of a decided one.
//!
//! | file | what |
//! |---|---|
//! | `write` | appends the marker of one transaction to one partition that this broker leads |
//! | `due` | carries out what one shard of the coordinator hands out, and reports |
//! | `markers_driver` | the task that asks the shards |
//!
//! *Invariant:* a marker is written only for a decision that is committed: shards hand out no other.

mod due;
mod markers_driver;
mod write;

pub use markers_driver::run;
pub use write::{MarkerError, MarkerWrite};
