//! Every configuration key as data, and the typed settings that the rooms above are given as arguments.

mod topic_config;

pub use topic_config::{CleanupPolicy, CompressionSetting, TimestampType, TopicConfig};
