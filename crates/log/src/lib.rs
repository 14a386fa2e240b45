//! A partition's log on disk: segments, indexes, checkpoints, recovery, retention.

pub mod checkpoint;
pub mod log_dirs;
