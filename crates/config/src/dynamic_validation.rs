//! Whether broker settings can be altered while the broker runs: key by key, and together as at a start.

use std::collections::BTreeMap;

use types::spelling::or_nearest;

use crate::broker_layers::BrokerLayers;
use crate::dynamic_key::{DynamicEffect, DynamicKey};
use crate::node_config::NodeConfig;
use crate::node_error::ConfigError;
use crate::node_key::NodeKey;
use crate::properties::Properties;
use crate::topic_layers::TopicLayers;

/// Why a broker cannot have these settings.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DynamicConfigError {
    /// No broker key has this name.
    #[error("no broker key is named {key}{}", or_nearest(*nearest))]
    UnknownKey {
        /// As given.
        key: String,
        /// The key it resembles.
        nearest: Option<&'static str>,
    },
    /// The key is read at the start.
    #[error("{key} cannot be changed while the broker runs: set it in its properties file and start it anew")]
    ReadOnly {
        /// The key.
        key: String,
    },
    /// The key belongs to each broker.
    #[error("{key} is a setting of single brokers: name the broker's id")]
    OfOneBroker {
        /// The key.
        key: String,
    },
    /// The key asks for something that is not served.
    #[error("{key} asks for {what}, which is not served")]
    NotServed {
        /// The key.
        key: String,
        /// What it asks for.
        what: &'static str,
    },
    /// A value, or values together, that a node would not start with.
    #[error("{0}")]
    Value(#[from] ConfigError),
    /// Threads at most double, and at most halve, in one step.
    #[error("{key}={value}: from {low} to {high} in one step, it is {old} now")]
    TooLargeStep {
        /// The key.
        key: &'static str,
        /// As given.
        value: i64,
        /// What holds now.
        old: i64,
        /// The least that is taken.
        low: i64,
        /// The most that is taken.
        high: i64,
    },
}

const THREADS: &[&str] = &[
    "background.threads",
    "log.cleaner.threads",
    "num.io.threads",
    "num.network.threads",
    "num.recovery.threads.per.data.dir",
    "num.replica.fetchers",
];

/// Keys that take 0 in a file, and not while the broker runs.
const NOT_ZERO: &[&str] = &["max.connections", "max.connection.creation.rate"];

impl BrokerLayers<'_> {
    /// Whether the settings in `set`, which are part of these layers already, may be set. `before`: what the broker works
    /// by now. `of_all`: they are meant for all brokers.
    ///
    /// # Errors
    /// The first of them that may not.
    pub fn validate(
        &self,
        set: &BTreeMap<&str, &str>,
        before: &Properties,
        of_all: bool,
    ) -> Result<(), DynamicConfigError> {
        for name in set.keys() {
            if NodeKey::of_broker(name).is_none() {
                let nearest = NodeKey::nearest(name).map(|key| key.name);
                return Err(DynamicConfigError::UnknownKey { key: (*name).to_owned(), nearest });
            }
        }
        for (name, value) in set {
            let key = (*name).to_owned();
            let found = DynamicKey::find(name);
            let Some(found) = found else { return Err(DynamicConfigError::ReadOnly { key }) };
            found.key.check(value)?;
            match found.effect {
                _ if of_all && found.is_per_broker => return Err(DynamicConfigError::OfOneBroker { key }),
                DynamicEffect::Refused(what) => return Err(DynamicConfigError::NotServed { key, what }),
                DynamicEffect::AtOnce | DynamicEffect::Kept(_) => {}
            }
            if NOT_ZERO.contains(&found.key.name) && value.trim().parse() == Ok(0) {
                let expected = "at least 1".to_owned();
                return Err(ConfigError::Invalid { key, value: (*value).to_owned(), expected }.into());
            }
        }
        let after = self.effective();
        // The host's name is told to clients, and no rule looks at it.
        NodeConfig::from_properties(after.clone(), "localhost")?;
        check_steps(before, &after)?;
        self.check_local_retention(&after)
    }

    /// What stays on local disk is a part of what is retained.
    fn check_local_retention(&self, after: &Properties) -> Result<(), DynamicConfigError> {
        let Self { properties, dynamic_default, dynamic_broker } = *self;
        let retained = TopicLayers { properties, dynamic_default, dynamic_broker }.resolve(&BTreeMap::new());
        for (key, whole) in [
            ("log.local.retention.ms", retained.retention_ms),
            ("log.local.retention.bytes", retained.retention_bytes),
        ] {
            let local = number(after, key);
            if whole > -1 && local != -2 && (local == -1 || local > whole) {
                let rule = format!("must not be above what is retained at all, which is {whole}");
                return Err(ConfigError::Conflict { key, value: local.to_string(), rule }.into());
            }
        }
        Ok(())
    }
}

fn check_steps(before: &Properties, after: &Properties) -> Result<(), DynamicConfigError> {
    for key in THREADS {
        let (old, value) = (number(before, key), number(after, key));
        let (low, high) = ((old / 2).max(1), old.saturating_mul(2));
        if value != old && !(low..=high).contains(&value) {
            return Err(DynamicConfigError::TooLargeStep { key, value, old, low, high });
        }
    }
    Ok(())
}

/// The number that a key is set to, or its default.
fn number(properties: &Properties, key: &str) -> i64 {
    let default = NodeKey::find(key).and_then(|key| key.default);
    let text = properties.get(key).or(default).unwrap_or_default();
    text.trim().parse().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(set: &[(&str, &str)], of_all: bool) -> Result<(), DynamicConfigError> {
        let properties = NodeConfig::embedded_defaults();
        let none = BTreeMap::new();
        let after: BTreeMap<_, _> =
            set.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
        let (dynamic_default, dynamic_broker) = if of_all { (&after, &none) } else { (&none, &after) };
        let layers = BrokerLayers { properties: &properties, dynamic_default, dynamic_broker };
        layers.validate(&set.iter().copied().collect(), &properties, of_all)
    }

    #[test]
    fn what_takes_effect_or_waits_for_its_part_is_taken() {
        for set in [
            ("log.retention.ms", "1000"),
            ("max.connections", "7"),
            ("listener.name.plaintext.max.connections", "7"),
            ("max.connections.per.ip.overrides", "127.0.0.1:9"),
            ("num.io.threads", "16"),
            ("log.cleaner.threads", "2"),
            ("leader.replication.throttled.rate", "1000"),
            ("log.local.retention.ms", "1000"),
        ] {
            assert_eq!(check(&[set], true), Ok(()), "{set:?}");
            assert_eq!(check(&[set], false), Ok(()), "{set:?}");
        }
    }

    #[test]
    fn each_refusal_says_why() {
        use DynamicConfigError as E;
        let refused = |set: &[(&str, &str)], of_all| check(set, of_all).expect_err("refused");
        assert!(matches!(refused(&[("no.such.key", "1")], true), E::UnknownKey { nearest: None, .. }));
        assert!(matches!(refused(&[("node.id", "1")], false), E::ReadOnly { .. }));
        assert!(matches!(refused(&[("log.retention.hours", "1")], true), E::ReadOnly { .. }));
        assert!(matches!(refused(&[("listeners", "PLAINTEXT://:1")], true), E::OfOneBroker { .. }));
        assert!(matches!(refused(&[("listeners", "PLAINTEXT://:1")], false), E::NotServed { .. }));
        assert!(matches!(refused(&[("cordoned.log.dirs", "/x")], false), E::NotServed { .. }));
        assert!(matches!(refused(&[("log.retention.ms", "soon")], true), E::Value(_)));
        assert!(matches!(refused(&[("max.connections", "0")], true), E::Value(_)));
        assert!(matches!(refused(&[("num.io.threads", "17")], true), E::TooLargeStep { old: 8, .. }));
        assert!(matches!(refused(&[("num.io.threads", "3")], true), E::TooLargeStep { low: 4, .. }));
    }

    #[test]
    fn settings_must_fit_together_as_at_a_start() {
        let refused = |set: &[(&str, &str)]| {
            assert!(matches!(check(set, true), Err(DynamicConfigError::Value(_))), "{set:?}");
        };
        refused(&[("log.retention.ms", "0")]);
        refused(&[("log.roll.ms", "0")]);
        refused(&[("max.connections.per.ip", "0")]);
        refused(&[("log.retention.ms", "1000"), ("log.local.retention.ms", "1001")]);
        refused(&[("log.retention.bytes", "1000"), ("log.local.retention.bytes", "-1")]);
        let both = [("max.connections.per.ip", "0"), ("max.connections.per.ip.overrides", "127.0.0.1:5")];
        assert_eq!(check(&both, true), Ok(()));
    }
}
