//! Every key of a subscription to clients' metrics (KIP-714) of Apache Kafka 4.3.1.

use crate::node_key::KeyType::{Int, List};
use crate::node_key::Valid::{Between, Distinct};
use crate::node_key::{NodeKey, refused};

/// A setting of a subscription to clients' metrics.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ClientMetricsKey {
    /// Name, type, default and valid values.
    pub key: NodeKey,
    /// What it means, in a sentence.
    pub doc: &'static str,
}

const METRICS: &str = "metrics of clients";

#[rustfmt::skip]
const KEYS: &[ClientMetricsKey] = &[
    ClientMetricsKey {
        // Kafka checks the bounds by a rule of its own.
        key: refused("interval.ms", Int, Some("300000"), Between(100, 3_600_000), METRICS),
        doc: "How often the clients that match send their metrics.",
    },
    ClientMetricsKey {
        key: refused("match", List, Some(""), Distinct, METRICS),
        doc: "Which clients send metrics, as name=pattern of what they tell of themselves; nothing means all of them.",
    },
    ClientMetricsKey {
        key: refused("metrics", List, Some(""), Distinct, METRICS),
        doc: "Which metrics are sent, by the beginnings of their names; * means all of them.",
    },
];

impl ClientMetricsKey {
    /// Every key, by name.
    pub fn all() -> &'static [ClientMetricsKey] {
        KEYS
    }
}
