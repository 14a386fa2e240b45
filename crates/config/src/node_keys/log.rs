//! Data directories, segments, retention, flushing, and the defaults of topics.

use crate::node_key::KeyType::*;
use crate::node_key::Valid::*;
use crate::node_key::{NodeKey, implemented, no_effect, not_yet};

const CLUSTERS: &str = "nodes that work together";
const COMPACTION: &str = "log compaction";

#[rustfmt::skip]
pub(super) const KEYS: &[NodeKey] = &[
    implemented("auto.create.topics.enable", Boolean, Some("true"), Any),
    implemented("compression.gzip.level", Int, Some("-1"), BetweenOrMinusOne(1, 9)),
    no_effect("compression.lz4.level", Int, Some("9"), Between(1, 17), "the lz4 library has one level"),
    implemented("compression.type", Text, Some("producer"), OneOf(&["uncompressed", "zstd", "lz4", "snappy", "gzip", "producer"])),
    implemented("compression.zstd.level", Int, Some("3"), Between(-131_072, 22)),
    not_yet("cordoned.log.dirs", List, Some(""), Distinct, "moving replicas between directories"),
    not_yet("log.cleaner.backoff.ms", Long, Some("15000"), AtLeast(0), COMPACTION),
    not_yet("log.cleaner.dedupe.buffer.size", Long, Some("134217728"), Any, COMPACTION),
    not_yet("log.cleaner.delete.retention.ms", Long, Some("86400000"), AtLeast(0), COMPACTION),
    not_yet("log.cleaner.enable", Boolean, Some("true"), Any, COMPACTION),
    not_yet("log.cleaner.io.buffer.load.factor", Double, Some("0.9"), Any, COMPACTION),
    not_yet("log.cleaner.io.buffer.size", Int, Some("524288"), AtLeast(0), COMPACTION),
    not_yet("log.cleaner.io.max.bytes.per.second", Double, Some("1.7976931348623157E308"), Any, COMPACTION),
    not_yet("log.cleaner.max.compaction.lag.ms", Long, Some("9223372036854775807"), AtLeast(1), COMPACTION),
    not_yet("log.cleaner.min.cleanable.ratio", Double, Some("0.5"), BetweenDoubles(0.0, 1.0), COMPACTION),
    not_yet("log.cleaner.min.compaction.lag.ms", Long, Some("0"), AtLeast(0), COMPACTION),
    not_yet("log.cleaner.threads", Int, Some("1"), AtLeast(0), COMPACTION),
    implemented("log.cleanup.policy", List, Some("delete"), ListOfOrEmpty(&["compact", "delete"])),
    implemented("log.dir", List, Some("/tmp/kafka-logs"), DistinctNotEmpty),
    not_yet("log.dir.failure.timeout.ms", Long, Some("30000"), AtLeast(1), CLUSTERS),
    implemented("log.dirs", List, None, DistinctNotEmpty),
    implemented("log.flush.interval.messages", Long, Some("9223372036854775807"), AtLeast(1)),
    implemented("log.flush.interval.ms", Long, None, Any),
    implemented("log.flush.offset.checkpoint.interval.ms", Int, Some("60000"), AtLeast(0)),
    implemented("log.flush.scheduler.interval.ms", Long, Some("9223372036854775807"), Any),
    implemented("log.flush.start.offset.checkpoint.interval.ms", Int, Some("60000"), AtLeast(0)),
    implemented("log.index.interval.bytes", Int, Some("4096"), AtLeast(0)),
    implemented("log.index.size.max.bytes", Int, Some("10485760"), AtLeast(4)),
    implemented("log.initial.task.delay.ms", Long, Some("30000"), AtLeast(0)),
    implemented("log.message.timestamp.after.max.ms", Long, Some("3600000"), AtLeast(0)),
    implemented("log.message.timestamp.before.max.ms", Long, Some("9223372036854775807"), AtLeast(0)),
    implemented("log.message.timestamp.type", Text, Some("CreateTime"), OneOf(&["CreateTime", "LogAppendTime"])),
    no_effect("log.preallocate", Boolean, Some("false"), Any, "segment files grow with their data"),
    implemented("log.retention.bytes", Long, Some("-1"), Any),
    implemented("log.retention.check.interval.ms", Long, Some("300000"), AtLeast(1)),
    implemented("log.retention.hours", Int, Some("168"), Any),
    implemented("log.retention.minutes", Int, None, Any),
    implemented("log.retention.ms", Long, None, Any),
    implemented("log.roll.hours", Int, Some("168"), AtLeast(1)),
    implemented("log.roll.jitter.hours", Int, Some("0"), AtLeast(0)),
    implemented("log.roll.jitter.ms", Long, None, Any),
    implemented("log.roll.ms", Long, None, Any),
    implemented("log.segment.bytes", Int, Some("1073741824"), AtLeast(1_048_576)),
    implemented("log.segment.delete.delay.ms", Long, Some("60000"), AtLeast(0)),
    implemented("message.max.bytes", Int, Some("1048588"), AtLeast(0)),
    implemented("min.insync.replicas", Int, Some("1"), AtLeast(1)),
    implemented("num.partitions", Int, Some("1"), AtLeast(1)),
    implemented("num.recovery.threads.per.data.dir", Int, Some("2"), AtLeast(1)),
    not_yet("num.replica.alter.log.dirs.threads", Int, None, Any, "moving replicas between directories"),
];
