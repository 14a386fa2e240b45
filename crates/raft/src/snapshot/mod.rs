//! The rules of snapshots (KIP-630): what their files are called, when one is due, which may go.
//!
//! A snapshot `<offset>-<epoch>` holds what all records below `offset` add up to. *Invariant:* a log that does not
//! begin at 0 has a snapshot at or after its start.

mod file_name;
mod recovery;
mod retention;
mod schedule;

pub use file_name::{SnapshotFileName, SnapshotFileState};
pub use recovery::{InconsistentSnapshots, RecoveredSnapshots, log_restarts_at};
pub use retention::{RetentionLimits, SnapshotFacts, next_log_start};
pub use schedule::SnapshotSchedule;
