//! Every topic key of Apache Kafka 4.3.1 with its broker synonyms.

use crate::node_key::KeyType::*;
use crate::node_key::Support::{NoEffect, NotYet, Refused};
use crate::node_key::Valid::*;
use crate::topic_key::Unit::{Hours, MillisOrForever, Minutes, Same};
use crate::topic_key::{BrokerSynonym, TopicKey, Unit, topic_key};

const fn of(name: &'static str, unit: Unit) -> BrokerSynonym {
    BrokerSynonym { name, unit }
}

const CLUSTERS: &str = "nodes that work together";
const TIERED: &str = "tiered storage";
const LEADER_THROTTLED: &str = "leader.replication.throttled.replicas";
const FOLLOWER_THROTTLED: &str = "follower.replication.throttled.replicas";

/// Keys whose values name replicas; they have a validity of their own.
pub(crate) fn is_throttled_replicas(name: &str) -> bool {
    name == LEADER_THROTTLED || name == FOLLOWER_THROTTLED
}

#[rustfmt::skip]
pub(crate) const KEYS: &[TopicKey] = &[
    topic_key("cleanup.policy", List, Some("delete"), ListOfOrEmpty(&["compact", "delete"]),
        &[of("log.cleanup.policy", Same)],
        "What happens to old records: `delete` drops old segments, `compact` keeps the last record of each key, both do both, nothing keeps everything."),
    topic_key("compression.gzip.level", Int, Some("-1"), BetweenOrMinusOne(1, 9),
        &[of("compression.gzip.level", Same)],
        "How hard gzip tries where compression.type is gzip; -1 leaves it to the library."),
    topic_key("compression.lz4.level", Int, Some("9"), Between(1, 17),
        &[of("compression.lz4.level", Same)],
        "How hard lz4 tries where compression.type is lz4.").but(NoEffect("the lz4 library has one level")),
    topic_key("compression.type", Text, Some("producer"), OneOf(&["uncompressed", "zstd", "lz4", "snappy", "gzip", "producer"]),
        &[of("compression.type", Same)],
        "The codec of the batches on disk; `producer` keeps the one they came with."),
    topic_key("compression.zstd.level", Int, Some("3"), Between(-131_072, 22),
        &[of("compression.zstd.level", Same)],
        "How hard zstd tries where compression.type is zstd."),
    topic_key("delete.retention.ms", Long, Some("86400000"), AtLeast(0),
        &[of("log.cleaner.delete.retention.ms", Same)],
        "How long a tombstone stays in a compacted log, so that a reader from the beginning still meets it."),
    topic_key("file.delete.delay.ms", Long, Some("60000"), AtLeast(0),
        &[of("log.segment.delete.delay.ms", Same)],
        "How long a dropped segment's files stay on disk before they are removed."),
    topic_key("flush.messages", Long, Some("9223372036854775807"), AtLeast(1),
        &[of("log.flush.interval.messages", Same)],
        "After how many records the log is forced to disk."),
    topic_key("flush.ms", Long, Some("9223372036854775807"), AtLeast(0),
        &[of("log.flush.interval.ms", Same), of("log.flush.scheduler.interval.ms", Same)],
        "How long a record may wait before the log is forced to disk."),
    topic_key(FOLLOWER_THROTTLED, List, Some(""), Any, &[],
        "Replicas whose fetching is slowed down, as partition:broker, or * for all.").but(NotYet(CLUSTERS)),
    topic_key("index.interval.bytes", Int, Some("4096"), AtLeast(0),
        &[of("log.index.interval.bytes", Same)],
        "How many bytes of the log lie between two entries of its index."),
    TopicKey {
        is_internal: true,
        ..topic_key("internal.segment.bytes", Int, None, Any, &[],
            "Overrides segment.bytes without its lower bound; for tests.")
    },
    topic_key(LEADER_THROTTLED, List, Some(""), Any, &[],
        "Replicas whose being fetched from is slowed down, as partition:broker, or * for all.").but(NotYet(CLUSTERS)),
    topic_key("local.retention.bytes", Long, Some("-2"), AtLeast(-2),
        &[of("log.local.retention.bytes", Same)],
        "How many bytes of a tiered partition stay on local disk; -2 means retention.bytes.").but(NotYet(TIERED)),
    topic_key("local.retention.ms", Long, Some("-2"), AtLeast(-2),
        &[of("log.local.retention.ms", Same)],
        "How long records of a tiered partition stay on local disk; -2 means retention.ms.").but(NotYet(TIERED)),
    topic_key("max.compaction.lag.ms", Long, Some("9223372036854775807"), AtLeast(1),
        &[of("log.cleaner.max.compaction.lag.ms", Same)],
        "After how long a record must be looked at by compaction."),
    topic_key("max.message.bytes", Int, Some("1048588"), AtLeast(0),
        &[of("message.max.bytes", Same)],
        "The largest batch of records that is accepted, as it lies on disk."),
    topic_key("message.timestamp.after.max.ms", Long, Some("3600000"), AtLeast(0),
        &[of("log.message.timestamp.after.max.ms", Same)],
        "How far a record's timestamp may lie in the future; ignored for LogAppendTime."),
    topic_key("message.timestamp.before.max.ms", Long, Some("9223372036854775807"), AtLeast(0),
        &[of("log.message.timestamp.before.max.ms", Same)],
        "How far a record's timestamp may lie in the past; ignored for LogAppendTime."),
    topic_key("message.timestamp.type", Text, Some("CreateTime"), OneOf(&["CreateTime", "LogAppendTime"]),
        &[of("log.message.timestamp.type", Same)],
        "Whether a record's timestamp is the producer's or the broker's."),
    topic_key("min.cleanable.dirty.ratio", Double, Some("0.5"), BetweenDoubles(0.0, 1.0),
        &[of("log.cleaner.min.cleanable.ratio", Same)],
        "Which part of a log must be new before it is compacted again."),
    topic_key("min.compaction.lag.ms", Long, Some("0"), AtLeast(0),
        &[of("log.cleaner.min.compaction.lag.ms", Same)],
        "How long a record is safe from compaction."),
    topic_key("min.insync.replicas", Int, Some("1"), AtLeast(1),
        &[of("min.insync.replicas", Same)],
        "How many replicas must hold a record before it counts as written for acks=all."),
    topic_key("preallocate", Boolean, Some("false"), Any,
        &[of("log.preallocate", Same)],
        "Whether a segment's file takes its full size when it is created.").but(NoEffect("segment files grow with their data")),
    topic_key("remote.log.copy.disable", Boolean, Some("false"), Any, &[],
        "Nothing more is copied to remote storage; what is there can still be read.").but(NotYet(TIERED)),
    topic_key("remote.log.delete.on.disable", Boolean, Some("false"), Any, &[],
        "Remote data is deleted when remote storage is switched off.").but(NotYet(TIERED)),
    topic_key("remote.storage.enable", Boolean, Some("false"), Any, &[],
        "Whether old segments move to remote storage.").but(Refused(TIERED)),
    topic_key("retention.bytes", Long, Some("-1"), Any,
        &[of("log.retention.bytes", Same)],
        "How large a partition may grow before old segments are dropped; -1 for no bound."),
    topic_key("retention.ms", Long, Some("604800000"), AtLeast(-1),
        &[of("log.retention.ms", MillisOrForever), of("log.retention.minutes", Minutes), of("log.retention.hours", Hours)],
        "How long records are kept; -1 for ever."),
    topic_key("segment.bytes", Int, Some("1073741824"), AtLeast(1_048_576),
        &[of("log.segment.bytes", Same)],
        "The size of a segment file after which a new one is begun."),
    topic_key("segment.index.bytes", Int, Some("10485760"), AtLeast(4),
        &[of("log.index.size.max.bytes", Same)],
        "The size of an offset index after which a new segment is begun."),
    topic_key("segment.jitter.ms", Long, Some("0"), AtLeast(0),
        &[of("log.roll.jitter.ms", Same), of("log.roll.jitter.hours", Hours)],
        "The most by which segment.ms is shortened at random, so that logs do not roll all at once."),
    topic_key("segment.ms", Long, Some("604800000"), AtLeast(1),
        &[of("log.roll.ms", Same), of("log.roll.hours", Hours)],
        "The age of a segment after which a new one is begun, full or not."),
    topic_key("unclean.leader.election.enable", Boolean, Some("false"), Any,
        &[of("unclean.leader.election.enable", Same)],
        "Whether a replica outside the ISR may lead as a last resort, at the price of lost records."),
];
