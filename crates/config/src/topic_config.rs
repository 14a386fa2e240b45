//! The effective settings of one topic, typed.

/// What happens to old records (`cleanup.policy`). Both may be set; neither means: keep forever (KIP-1161).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CleanupPolicy {
    /// Old segments are deleted.
    pub delete: bool,
    /// Only the last record of each key is kept.
    pub compact: bool,
}

/// Which clock a record's timestamp shows (`message.timestamp.type`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TimestampType {
    /// The producer's.
    CreateTime,
    /// The broker's, at append.
    LogAppendTime,
}

/// How batches are compressed on disk (`compression.type` and the levels).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CompressionSetting {
    /// As the producer sent them.
    Producer,
    /// Not at all.
    Uncompressed,
    /// gzip at a level of 1–9, or −1 for the library's default.
    Gzip {
        /// `compression.gzip.level`.
        level: i32,
    },
    /// snappy.
    Snappy,
    /// lz4 at a level of 1–17.
    Lz4 {
        /// `compression.lz4.level`.
        level: i32,
    },
    /// zstd at a level of −131072–22.
    Zstd {
        /// `compression.zstd.level`.
        level: i32,
    },
}

/// The settings of one topic after broker defaults and overrides are merged. Times in milliseconds, sizes in bytes.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs, reason = "each field is the topic key of the same name, dots for underscores")]
pub struct TopicConfig {
    pub cleanup_policy: CleanupPolicy,
    pub compression: CompressionSetting,
    pub delete_retention_ms: i64,
    pub file_delete_delay_ms: i64,
    pub flush_messages: i64,
    pub flush_ms: i64,
    pub index_interval_bytes: i32,
    pub max_compaction_lag_ms: i64,
    pub max_message_bytes: i32,
    pub message_timestamp_after_max_ms: i64,
    pub message_timestamp_before_max_ms: i64,
    pub message_timestamp_type: TimestampType,
    pub min_cleanable_dirty_ratio: f64,
    pub min_compaction_lag_ms: i64,
    pub min_insync_replicas: i32,
    pub preallocate: bool,
    /// −1: no bound.
    pub retention_bytes: i64,
    /// −1: no bound.
    pub retention_ms: i64,
    pub segment_bytes: i32,
    pub segment_index_bytes: i32,
    pub segment_jitter_ms: i64,
    pub segment_ms: i64,
    pub unclean_leader_election_enable: bool,
}

impl Default for TopicConfig {
    /// Apache Kafka 4.3.1's defaults.
    fn default() -> Self {
        Self {
            cleanup_policy: CleanupPolicy { delete: true, compact: false },
            compression: CompressionSetting::Producer,
            delete_retention_ms: 86_400_000,
            file_delete_delay_ms: 60_000,
            flush_messages: i64::MAX,
            flush_ms: i64::MAX,
            index_interval_bytes: 4096,
            max_compaction_lag_ms: i64::MAX,
            max_message_bytes: 1_048_588,
            message_timestamp_after_max_ms: 3_600_000,
            message_timestamp_before_max_ms: i64::MAX,
            message_timestamp_type: TimestampType::CreateTime,
            min_cleanable_dirty_ratio: 0.5,
            min_compaction_lag_ms: 0,
            min_insync_replicas: 1,
            preallocate: false,
            retention_bytes: -1,
            retention_ms: 604_800_000,
            segment_bytes: 1_073_741_824,
            segment_index_bytes: 10_485_760,
            segment_jitter_ms: 0,
            segment_ms: 604_800_000,
            unclean_leader_election_enable: false,
        }
    }
}
