//! The broker's keys of groups of the consumer protocol (KIP-848), and the rules between them.

use crate::node_error::ConfigError;
use crate::node_values::NodeValues;

/// Groups of the consumer protocol. What groups may set for themselves is in [`crate::GroupConfig`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConsumerGroupsConfig {
    /// Whether `group.coordinator.rebalance.protocols` names the consumer protocol.
    pub is_enabled: bool,
    /// `group.consumer.assignors` by their names, where classes were named too.
    pub assignors: Vec<String>,
    /// `group.consumer.max.size`.
    pub max_size: i32,
    /// `group.consumer.migration.policy` in lower case.
    pub migration_policy: String,
    /// `group.consumer.regex.refresh.interval.ms`.
    pub regex_refresh_interval_ms: i32,
}

/// A key, its least and its largest value.
const BOUNDED: &[(&str, &str, &str)] = &[
    (
        "group.consumer.heartbeat.interval.ms",
        "group.consumer.min.heartbeat.interval.ms",
        "group.consumer.max.heartbeat.interval.ms",
    ),
    (
        "group.consumer.session.timeout.ms",
        "group.consumer.min.session.timeout.ms",
        "group.consumer.max.session.timeout.ms",
    ),
    (
        "group.consumer.assignment.interval.ms",
        "group.consumer.min.assignment.interval.ms",
        "group.consumer.max.assignment.interval.ms",
    ),
];

/// Reads and checks them.
///
/// # Errors
/// The first rule that is broken.
pub(crate) fn consumer_groups(values: &NodeValues) -> Result<ConsumerGroupsConfig, ConfigError> {
    let protocols = values.list("group.coordinator.rebalance.protocols");
    if !protocols.iter().any(|protocol| protocol == "classic") {
        return Err(ConfigError::Conflict {
            key: "group.coordinator.rebalance.protocols",
            value: protocols.join(","),
            rule: "must name classic".to_owned(),
        });
    }
    for (key, least, largest) in BOUNDED {
        at_least(values, largest, least)?;
        at_least(values, key, least)?;
        if values.int(key) > values.int(largest) {
            return Err(conflict(
                values,
                key,
                format!("must not be above {largest}, which is {}", values.int(largest)),
            ));
        }
    }
    let (session, heartbeat) = ("group.consumer.session.timeout.ms", "group.consumer.heartbeat.interval.ms");
    if values.int(session) <= values.int(heartbeat) {
        return Err(conflict(
            values,
            session,
            format!("must be above {heartbeat}, which is {}", values.int(heartbeat)),
        ));
    }
    let name = |assignor: &String| match assignor.rsplit('.').next() {
        Some("UniformAssignor") => "uniform".to_owned(),
        Some("RangeAssignor") => "range".to_owned(),
        _ => assignor.clone(),
    };
    Ok(ConsumerGroupsConfig {
        is_enabled: protocols.iter().any(|protocol| protocol == "consumer"),
        assignors: values.list("group.consumer.assignors").iter().map(name).collect(),
        max_size: values.int("group.consumer.max.size"),
        migration_policy: values
            .text("group.consumer.migration.policy")
            .unwrap_or_default()
            .to_ascii_lowercase(),
        regex_refresh_interval_ms: values.int("group.consumer.regex.refresh.interval.ms"),
    })
}

fn at_least(values: &NodeValues, key: &'static str, least: &str) -> Result<(), ConfigError> {
    if values.int(key) >= values.int(least) {
        return Ok(());
    }
    Err(conflict(values, key, format!("must be at least {least}, which is {}", values.int(least))))
}

fn conflict(values: &NodeValues, key: &'static str, rule: String) -> ConfigError {
    ConfigError::Conflict { key, value: values.int(key).to_string(), rule }
}
