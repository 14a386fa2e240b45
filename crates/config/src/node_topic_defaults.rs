//! The node's `log.*` keys as the settings of a topic that sets none itself.

use std::collections::BTreeMap;

use crate::node_error::ConfigError;
use crate::properties::Properties;
use crate::{TopicConfig, TopicLayers, TopicOverrides};

/// The settings that topics inherit from a properties file, whose values were checked one by one.
///
/// # Errors
/// For lengths of time that Kafka refuses to start with although the keys take them.
pub(crate) fn topic_defaults(properties: &Properties) -> Result<TopicConfig, ConfigError> {
    at_least(properties, "log.roll.ms", 1, "must be at least 1")?;
    at_least(properties, "log.roll.jitter.ms", 0, "must be at least 0")?;
    let none = BTreeMap::new();
    let layers = TopicLayers { properties, dynamic_default: &none, dynamic_broker: &none };
    let config = layers.resolve(&TopicOverrides::new());
    if config.retention_ms == 0 {
        return Err(ConfigError::Conflict {
            key: "log.retention.ms",
            value: "0".to_owned(),
            rule: "must be at least 1, or -1 to keep records for ever".to_owned(),
        });
    }
    Ok(config)
}

fn at_least(
    properties: &Properties,
    key: &'static str,
    low: i64,
    rule: &'static str,
) -> Result<(), ConfigError> {
    let set = properties.get(key).and_then(|text| text.trim().parse::<i64>().ok());
    match set {
        Some(value) if value < low => {
            Err(ConfigError::Conflict { key, value: value.to_string(), rule: rule.to_owned() })
        }
        _ => Ok(()),
    }
}
