//! Quotas, metrics and client telemetry.

use crate::node_key::KeyType::*;
use crate::node_key::Valid::*;
use crate::node_key::{NodeKey, not_yet, refused};

const PLUG_IN: &str = "a plug-in class";
const QUOTAS: &str = "quotas";
const METRICS: &str = "metrics";

#[rustfmt::skip]
pub(super) const KEYS: &[NodeKey] = &[
    not_yet("alter.log.dirs.replication.quota.window.num", Int, Some("11"), AtLeast(1), QUOTAS),
    not_yet("alter.log.dirs.replication.quota.window.size.seconds", Int, Some("1"), AtLeast(1), QUOTAS),
    refused("client.quota.callback.class", Class, None, Any, PLUG_IN),
    not_yet("controller.performance.always.log.threshold.ms", Long, Some("2000"), AtLeast(0), METRICS),
    not_yet("controller.performance.sample.period.ms", Long, Some("60000"), AtLeast(100), METRICS),
    not_yet("controller.quota.window.num", Int, Some("11"), AtLeast(1), QUOTAS),
    not_yet("controller.quota.window.size.seconds", Int, Some("1"), AtLeast(1), QUOTAS),
    not_yet("kafka.metrics.polling.interval.secs", Int, Some("10"), AtLeast(1), METRICS),
    refused("kafka.metrics.reporters", List, Some(""), Distinct, PLUG_IN),
    refused("metric.reporters", List, Some("org.apache.kafka.common.metrics.JmxReporter"), Distinct, PLUG_IN),
    not_yet("metrics.num.samples", Int, Some("2"), AtLeast(1), METRICS),
    not_yet("metrics.recording.level", Text, Some("INFO"), Any, METRICS),
    not_yet("metrics.sample.window.ms", Long, Some("30000"), AtLeast(1), METRICS),
    not_yet("quota.window.num", Int, Some("11"), AtLeast(1), QUOTAS),
    not_yet("quota.window.size.seconds", Int, Some("1"), AtLeast(1), QUOTAS),
    not_yet("replication.quota.window.num", Int, Some("11"), AtLeast(1), QUOTAS),
    not_yet("replication.quota.window.size.seconds", Int, Some("1"), AtLeast(1), QUOTAS),
    not_yet("telemetry.max.bytes", Int, Some("1048576"), AtLeast(1), METRICS),
];
