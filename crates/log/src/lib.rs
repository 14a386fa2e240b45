//! A partition's log on disk: segments, indexes, checkpoints, recovery, retention.
