//! Segments kept in remote storage (KIP-405).

use crate::node_key::KeyType::*;
use crate::node_key::Valid::*;
use crate::node_key::{NodeKey, not_yet, refused};

const TIERED: &str = "tiered storage";

#[rustfmt::skip]
pub(super) const KEYS: &[NodeKey] = &[
    not_yet("follower.fetch.last.tiered.offset.enable", Boolean, Some("false"), Any, TIERED),
    not_yet("log.local.retention.bytes", Long, Some("-2"), AtLeast(-2), TIERED),
    not_yet("log.local.retention.ms", Long, Some("-2"), AtLeast(-2), TIERED),
    not_yet("remote.fetch.max.wait.ms", Int, Some("500"), AtLeast(1), TIERED),
    not_yet("remote.list.offsets.request.timeout.ms", Long, Some("30000"), AtLeast(1), TIERED),
    not_yet("remote.log.index.file.cache.total.size.bytes", Long, Some("1073741824"), AtLeast(1), TIERED),
    not_yet("remote.log.index.file.cache.ttl.ms", Long, Some("900000"), AtLeast(-1), TIERED),
    not_yet("remote.log.manager.copier.thread.pool.size", Int, Some("10"), AtLeast(1), TIERED),
    not_yet("remote.log.manager.copy.max.bytes.per.second", Long, Some("9223372036854775807"), AtLeast(1), TIERED),
    not_yet("remote.log.manager.copy.quota.window.num", Int, Some("11"), AtLeast(1), TIERED),
    not_yet("remote.log.manager.copy.quota.window.size.seconds", Int, Some("1"), AtLeast(1), TIERED),
    not_yet("remote.log.manager.expiration.thread.pool.size", Int, Some("10"), AtLeast(1), TIERED),
    not_yet("remote.log.manager.fetch.max.bytes.per.second", Long, Some("9223372036854775807"), AtLeast(1), TIERED),
    not_yet("remote.log.manager.fetch.quota.window.num", Int, Some("11"), AtLeast(1), TIERED),
    not_yet("remote.log.manager.fetch.quota.window.size.seconds", Int, Some("1"), AtLeast(1), TIERED),
    not_yet("remote.log.manager.follower.thread.pool.size", Int, Some("2"), AtLeast(1), TIERED),
    not_yet("remote.log.manager.task.interval.ms", Long, Some("30000"), AtLeast(1), TIERED),
    not_yet("remote.log.manager.task.retry.backoff.max.ms", Long, Some("30000"), AtLeast(1), TIERED),
    not_yet("remote.log.manager.task.retry.backoff.ms", Long, Some("500"), AtLeast(1), TIERED),
    not_yet("remote.log.manager.task.retry.jitter", Double, Some("0.2"), BetweenDoubles(0.0, 0.5), TIERED),
    not_yet("remote.log.manager.thread.pool.size", Int, Some("2"), AtLeast(1), TIERED),
    not_yet("remote.log.metadata.custom.metadata.max.bytes", Int, Some("128"), AtLeast(0), TIERED),
    refused("remote.log.metadata.manager.class.name", Text, Some("org.apache.kafka.server.log.remote.metadata.storage.TopicBasedRemoteLogMetadataManager"), NotEmpty, TIERED),
    refused("remote.log.metadata.manager.class.path", Text, None, Any, TIERED),
    not_yet("remote.log.metadata.manager.impl.prefix", Text, Some("rlmm.config."), NotEmpty, TIERED),
    not_yet("remote.log.metadata.manager.listener.name", Text, None, NotEmpty, TIERED),
    not_yet("remote.log.reader.max.pending.tasks", Int, Some("100"), AtLeast(1), TIERED),
    not_yet("remote.log.reader.threads", Int, Some("10"), AtLeast(1), TIERED),
    refused("remote.log.storage.manager.class.name", Text, None, NotEmpty, TIERED),
    refused("remote.log.storage.manager.class.path", Text, None, Any, TIERED),
    not_yet("remote.log.storage.manager.impl.prefix", Text, Some("rsm.config."), NotEmpty, TIERED),
    refused("remote.log.storage.system.enable", Boolean, Some("false"), Any, TIERED),
];
