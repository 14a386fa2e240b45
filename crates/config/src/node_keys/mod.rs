//! Every broker key of Apache Kafka 4.3.1, one table per area: name, type, default, valid values, and whether Milena serves it.

mod coordinators;
mod listeners;
mod log;
mod metadata;
mod node;
mod quotas_and_metrics;
mod replication;
mod security;
mod tiered_storage;

use crate::node_key::NodeKey;

const AREAS: &[&[NodeKey]] = &[
    node::KEYS,
    listeners::KEYS,
    log::KEYS,
    metadata::KEYS,
    replication::KEYS,
    coordinators::KEYS,
    quotas_and_metrics::KEYS,
    security::KEYS,
    tiered_storage::KEYS,
];

/// Every key, area by area.
pub(crate) fn all() -> impl Iterator<Item = &'static NodeKey> {
    AREAS.iter().copied().flatten()
}
