//! The node's `log.*` keys as the settings of a topic that sets none itself.

use crate::node_error::ConfigError;
use crate::node_values::NodeValues;
use crate::{CleanupPolicy, CompressionSetting, TimestampType, TopicConfig};

const HOUR_MS: i64 = 3_600_000;
const MINUTE_MS: i64 = 60_000;

pub(crate) fn topic_defaults(values: &NodeValues) -> Result<TopicConfig, ConfigError> {
    let cleanup = values.list("log.cleanup.policy");
    let has = |policy: &str| cleanup.iter().any(|entry| entry == policy);
    Ok(TopicConfig {
        cleanup_policy: CleanupPolicy { delete: has("delete"), compact: has("compact") },
        compression: compression(values),
        delete_retention_ms: values.long("log.cleaner.delete.retention.ms"),
        file_delete_delay_ms: values.long("log.segment.delete.delay.ms"),
        flush_messages: values.long("log.flush.interval.messages"),
        flush_ms: values
            .optional_long("log.flush.interval.ms")
            .unwrap_or_else(|| values.long("log.flush.scheduler.interval.ms")),
        index_interval_bytes: values.int("log.index.interval.bytes"),
        max_compaction_lag_ms: values.long("log.cleaner.max.compaction.lag.ms"),
        max_message_bytes: values.int("message.max.bytes"),
        message_timestamp_after_max_ms: values.long("log.message.timestamp.after.max.ms"),
        message_timestamp_before_max_ms: values.long("log.message.timestamp.before.max.ms"),
        message_timestamp_type: match values.text("log.message.timestamp.type").as_deref() {
            Some("LogAppendTime") => TimestampType::LogAppendTime,
            _ => TimestampType::CreateTime,
        },
        min_cleanable_dirty_ratio: values.double("log.cleaner.min.cleanable.ratio"),
        min_compaction_lag_ms: values.long("log.cleaner.min.compaction.lag.ms"),
        min_insync_replicas: values.int("min.insync.replicas"),
        preallocate: values.boolean("log.preallocate"),
        retention_bytes: values.long("log.retention.bytes"),
        retention_ms: retention_ms(values)?,
        segment_bytes: values.int("log.segment.bytes"),
        segment_index_bytes: values.int("log.index.size.max.bytes"),
        segment_jitter_ms: in_millis(values, "log.roll.jitter.ms", "log.roll.jitter.hours", 0)?,
        segment_ms: in_millis(values, "log.roll.ms", "log.roll.hours", 1)?,
        unclean_leader_election_enable: values.boolean("unclean.leader.election.enable"),
    })
}

fn compression(values: &NodeValues) -> CompressionSetting {
    match values.text("compression.type").as_deref() {
        Some("uncompressed") => CompressionSetting::Uncompressed,
        Some("gzip") => CompressionSetting::Gzip { level: values.int("compression.gzip.level") },
        Some("snappy") => CompressionSetting::Snappy,
        Some("lz4") => CompressionSetting::Lz4 { level: values.int("compression.lz4.level") },
        Some("zstd") => CompressionSetting::Zstd { level: values.int("compression.zstd.level") },
        _ => CompressionSetting::Producer,
    }
}

/// The finest unit that is set counts; every negative number means "for ever", which is −1.
fn retention_ms(values: &NodeValues) -> Result<i64, ConfigError> {
    let retention_ms = values
        .optional_long("log.retention.ms")
        .or_else(|| values.optional_long("log.retention.minutes").map(|minutes| minutes * MINUTE_MS))
        .unwrap_or_else(|| values.long("log.retention.hours") * HOUR_MS);
    if retention_ms == 0 {
        return Err(ConfigError::Conflict {
            key: "log.retention.ms",
            value: "0".to_owned(),
            rule: "must be at least 1, or -1 to keep records for ever".to_owned(),
        });
    }
    Ok(retention_ms.max(-1))
}

fn in_millis(
    values: &NodeValues,
    millis_key: &'static str,
    hours_key: &'static str,
    at_least: i64,
) -> Result<i64, ConfigError> {
    let millis = values.optional_long(millis_key).unwrap_or_else(|| values.long(hours_key) * HOUR_MS);
    if millis < at_least {
        return Err(ConfigError::Conflict {
            key: millis_key,
            value: millis.to_string(),
            rule: format!("must be at least {at_least}"),
        });
    }
    Ok(millis)
}
