//! Replicas, leaders and what waits for them.

use crate::node_key::KeyType::*;
use crate::node_key::Valid::*;
use crate::node_key::{NodeKey, implemented, no_effect, not_yet};

const CLUSTERS: &str = "nodes that work together";

#[rustfmt::skip]
pub(super) const KEYS: &[NodeKey] = &[
    not_yet("auto.leader.rebalance.enable", Boolean, Some("true"), Any, CLUSTERS),
    not_yet("controller.socket.timeout.ms", Int, Some("30000"), Any, CLUSTERS),
    implemented("default.replication.factor", Int, Some("1"), Any),
    no_effect("delete.records.purgatory.purge.interval.requests", Int, Some("1"), Any, "a wait is removed when it ends, so nothing is left to purge"),
    no_effect("fetch.purgatory.purge.interval.requests", Int, Some("1000"), Any, "a wait is removed when it ends, so nothing is left to purge"),
    not_yet("leader.imbalance.check.interval.seconds", Long, Some("300"), AtLeast(1), CLUSTERS),
    not_yet("num.replica.fetchers", Int, Some("1"), AtLeast(1), CLUSTERS),
    no_effect("producer.purgatory.purge.interval.requests", Int, Some("1000"), Any, "a wait is removed when it ends, so nothing is left to purge"),
    not_yet("replica.fetch.backoff.ms", Int, Some("1000"), AtLeast(0), CLUSTERS),
    not_yet("replica.fetch.max.bytes", Int, Some("1048576"), AtLeast(0), CLUSTERS),
    not_yet("replica.fetch.min.bytes", Int, Some("1"), Any, CLUSTERS),
    not_yet("replica.fetch.response.max.bytes", Int, Some("10485760"), AtLeast(0), CLUSTERS),
    not_yet("replica.fetch.wait.max.ms", Int, Some("500"), Any, CLUSTERS),
    implemented("replica.high.watermark.checkpoint.interval.ms", Long, Some("5000"), Any),
    not_yet("replica.lag.time.max.ms", Long, Some("30000"), Any, CLUSTERS),
    not_yet("replica.socket.receive.buffer.bytes", Int, Some("65536"), Any, CLUSTERS),
    not_yet("replica.socket.timeout.ms", Int, Some("30000"), Any, CLUSTERS),
    implemented("unclean.leader.election.enable", Boolean, Some("false"), Any),
    not_yet("unclean.leader.election.interval.ms", Long, Some("300000"), AtLeast(1), CLUSTERS),
];
