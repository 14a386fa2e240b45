//! The metadata quorum and its log.

use crate::node_key::KeyType::*;
use crate::node_key::Valid::*;
use crate::node_key::{NodeKey, implemented, not_yet};

const CLUSTERS: &str = "nodes that work together";

#[rustfmt::skip]
pub(super) const KEYS: &[NodeKey] = &[
    implemented("controller.listener.names", List, None, DistinctNotEmpty),
    not_yet("controller.quorum.append.linger.ms", Int, Some("25"), AtLeast(0), CLUSTERS),
    not_yet("controller.quorum.auto.join.enable", Boolean, Some("false"), Any, CLUSTERS),
    implemented("controller.quorum.bootstrap.servers", List, Some(""), Any),
    not_yet("controller.quorum.election.backoff.max.ms", Int, Some("1000"), AtLeast(0), CLUSTERS),
    not_yet("controller.quorum.election.timeout.ms", Int, Some("1000"), AtLeast(0), CLUSTERS),
    not_yet("controller.quorum.fetch.max.bytes", Int, Some("1048576"), AtLeast(1), CLUSTERS),
    not_yet("controller.quorum.fetch.snapshot.max.bytes", Int, Some("1048576"), AtLeast(1), CLUSTERS),
    not_yet("controller.quorum.fetch.timeout.ms", Int, Some("2000"), AtLeast(0), CLUSTERS),
    not_yet("controller.quorum.request.timeout.ms", Int, Some("2000"), AtLeast(0), CLUSTERS),
    not_yet("controller.quorum.retry.backoff.ms", Int, Some("20"), AtLeast(0), CLUSTERS),
    implemented("controller.quorum.voters", List, Some(""), Any),
    implemented("internal.metadata.delete.delay.millis", Long, Some("60000"), Any),
    implemented("internal.metadata.log.segment.bytes", Int, None, Any),
    implemented("internal.metadata.max.batch.size.in.bytes", Int, Some("8388608"), Any),
    implemented("metadata.log.dir", Text, None, Any),
    implemented("metadata.log.max.record.bytes.between.snapshots", Long, Some("20971520"), AtLeast(1)),
    implemented("metadata.log.max.snapshot.interval.ms", Long, Some("3600000"), AtLeast(0)),
    implemented("metadata.log.segment.bytes", Int, Some("1073741824"), AtLeast(8_388_608)),
    implemented("metadata.log.segment.ms", Long, Some("604800000"), Any),
    not_yet("metadata.max.idle.interval.ms", Int, Some("500"), AtLeast(0), CLUSTERS),
    implemented("metadata.max.retention.bytes", Long, Some("104857600"), Any),
    implemented("metadata.max.retention.ms", Long, Some("604800000"), Any),
];
