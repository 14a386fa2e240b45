//! A group's settings resolved: its own, over the brokers' keys that give their defaults.

use std::collections::BTreeMap;

use types::spelling::{nearest, or_nearest};

use crate::broker_layers::BrokerLayers;
use crate::described_config::DescribedConfig;
use crate::group_keys::{GroupKey, SESSIONS};
use crate::node_error::ConfigError;
use crate::node_key::{NodeKey, Value};
use crate::topic_key::shown;
use crate::topic_layers::{ConfigSource, ConfigSynonym};

/// A group's own settings, as they were set.
pub type GroupOverrides = BTreeMap<String, String>;

/// What brokers give to groups that do not set a key themselves.
pub type GroupLayers<'a> = BrokerLayers<'a>;

/// The effective settings of one group. Times in milliseconds.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "each field is the group key of the same name, dots for underscores")]
pub struct GroupConfig {
    pub consumer_assignment_interval_ms: i32,
    pub consumer_heartbeat_interval_ms: i32,
    pub consumer_session_timeout_ms: i32,
    pub share_assignment_interval_ms: i32,
    /// `latest`, `earliest`, or `by_duration:` and an ISO 8601 duration.
    pub share_auto_offset_reset: String,
    pub share_delivery_count_limit: i32,
    pub share_heartbeat_interval_ms: i32,
    /// `read_committed` or `read_uncommitted`.
    pub share_isolation_level: String,
    pub share_partition_max_record_locks: i32,
    pub share_record_lock_duration_ms: i32,
    pub share_renew_acknowledge_enable: bool,
    pub share_session_timeout_ms: i32,
    pub streams_assignment_interval_ms: i32,
    pub streams_heartbeat_interval_ms: i32,
    pub streams_initial_rebalance_delay_ms: i32,
    pub streams_num_standby_replicas: i32,
    pub streams_session_timeout_ms: i32,
}

/// Why a group cannot have these settings.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GroupConfigError {
    /// No group key has this name.
    #[error("no group key is named {name}{}", or_nearest(*nearest))]
    UnknownKey {
        /// As given.
        name: String,
        /// What it may have meant.
        nearest: Option<&'static str>,
    },
    /// A value, or values together, that keys do not take.
    #[error("{0}")]
    Value(#[from] ConfigError),
}

impl GroupLayers<'_> {
    /// The effective settings of a group. A value that the brokers' bounds have left behind is moved to the bound.
    pub fn resolve_group(&self, overrides: &GroupOverrides) -> GroupConfig {
        let value = |name: &str| self.group_value(known(name), overrides);
        let int = |name: &str| match value(name) {
            Value::Number(number) => {
                let (low, high) = self.bounds(known(name));
                // A lower bound above the upper one is the operator's mistake; the upper one counts.
                let bounded = number.max(low.unwrap_or(i64::MIN)).min(high.unwrap_or(i64::MAX));
                i32::try_from(bounded).unwrap_or(i32::MAX)
            }
            other => panic!("{name} is a number, not {other:?}"),
        };
        let text = |name: &str| shown(&value(name));
        GroupConfig {
            consumer_assignment_interval_ms: int("consumer.assignment.interval.ms"),
            consumer_heartbeat_interval_ms: int("consumer.heartbeat.interval.ms"),
            consumer_session_timeout_ms: int("consumer.session.timeout.ms"),
            share_assignment_interval_ms: int("share.assignment.interval.ms"),
            share_auto_offset_reset: text("share.auto.offset.reset"),
            share_delivery_count_limit: int("share.delivery.count.limit"),
            share_heartbeat_interval_ms: int("share.heartbeat.interval.ms"),
            share_isolation_level: text("share.isolation.level"),
            share_partition_max_record_locks: int("share.partition.max.record.locks"),
            share_record_lock_duration_ms: int("share.record.lock.duration.ms"),
            share_renew_acknowledge_enable: value("share.renew.acknowledge.enable") == Value::Boolean(true),
            share_session_timeout_ms: int("share.session.timeout.ms"),
            streams_assignment_interval_ms: int("streams.assignment.interval.ms"),
            streams_heartbeat_interval_ms: int("streams.heartbeat.interval.ms"),
            streams_initial_rebalance_delay_ms: int("streams.initial.rebalance.delay.ms"),
            streams_num_standby_replicas: int("streams.num.standby.replicas"),
            streams_session_timeout_ms: int("streams.session.timeout.ms"),
        }
    }

    /// Every effective setting of a group, by name.
    pub fn group_entries(&self, overrides: &GroupOverrides) -> Vec<DescribedConfig> {
        GroupKey::all().iter().map(|key| self.group_entry(key, overrides)).collect()
    }

    fn group_entry(&self, key: &'static GroupKey, overrides: &GroupOverrides) -> DescribedConfig {
        let name = key.key.name;
        let value = shown(&self.group_value(key, overrides));
        let synonym = |value: &str, source| ConfigSynonym {
            name: name.to_owned(),
            value: Some(value.to_owned()),
            source,
        };
        let own = overrides.contains_key(name).then(|| synonym(&value, ConfigSource::Group));
        let of_brokers = match key.broker_synonym {
            Some(broker_key) => self.synonyms(broker_key, false),
            None => key.key.default.map(|text| synonym(text, ConfigSource::Default)).into_iter().collect(),
        };
        let synonyms: Vec<_> = own.into_iter().chain(of_brokers).collect();
        DescribedConfig {
            name: name.to_owned(),
            value: Some(value),
            source: synonyms.first().map_or(ConfigSource::Default, |first| first.source),
            synonyms,
            key_type: Some(key.key.key_type),
            is_sensitive: false,
            is_read_only: false,
            doc: Some(key.doc),
        }
    }

    /// Checks what a group would set, all of it together with what it inherits.
    ///
    /// # Errors
    /// The first unknown key, value that its key does not take, bound or rule between keys that is broken.
    pub fn validate_group(&self, overrides: &GroupOverrides) -> Result<(), GroupConfigError> {
        for (name, text) in overrides {
            let key = GroupKey::find(name).ok_or_else(|| GroupConfigError::UnknownKey {
                name: name.clone(),
                nearest: nearest(name, GroupKey::all().iter().map(|key| key.key.name)),
            })?;
            key.parse(text)?;
        }
        for key in GroupKey::all() {
            if !key.is_bounded_if_set || overrides.contains_key(key.key.name) {
                self.check_bounds(key, overrides)?;
            }
        }
        for (session, heartbeat) in SESSIONS {
            let (session_ms, heartbeat_ms) =
                (self.group_value(known(session), overrides), self.group_value(known(heartbeat), overrides));
            if let (Value::Number(session_ms), Value::Number(heartbeat_ms)) = (session_ms, heartbeat_ms)
                && session_ms <= heartbeat_ms
            {
                let rule = format!("must be above {heartbeat}, which is {heartbeat_ms}");
                return Err(conflict(session, session_ms, rule));
            }
        }
        Ok(())
    }

    fn check_bounds(
        &self,
        key: &'static GroupKey,
        overrides: &GroupOverrides,
    ) -> Result<(), GroupConfigError> {
        let Value::Number(value) = self.group_value(key, overrides) else { return Ok(()) };
        let (low, high) = self.bounds(key);
        match (low, high) {
            (Some(low), _) if value < low => {
                let rule = format!("must be at least {}, which is {low}", key.min.unwrap_or_default());
                Err(conflict(key.key.name, value, rule))
            }
            (_, Some(high)) if value > high => {
                let rule = format!("must be at most {}, which is {high}", key.max.unwrap_or_default());
                Err(conflict(key.key.name, value, rule))
            }
            _ => Ok(()),
        }
    }

    /// The values of the broker keys that bound a group key.
    fn bounds(&self, key: &GroupKey) -> (Option<i64>, Option<i64>) {
        let number = |name: &str| match self.broker_value(NodeKey::find(name)?) {
            Some(Value::Number(number)) => Some(number),
            _ => None,
        };
        (key.min.and_then(number), key.max.and_then(number))
    }

    /// The value that counts: the group's, else the brokers', else the default. Values that their keys do not take are
    /// passed over.
    fn group_value(&self, key: &'static GroupKey, overrides: &GroupOverrides) -> Value {
        let own = overrides.get(key.key.name).and_then(|text| key.parse(text).ok());
        let of_brokers = || self.broker_value(NodeKey::find(key.broker_synonym?)?);
        let default = || key.key.default.and_then(|text| key.parse(text).ok());
        own.or_else(of_brokers).or_else(default).expect("a group key has a default")
    }

    fn broker_value(&self, key: &'static NodeKey) -> Option<Value> {
        self.layers().find_map(|(_, layer)| key.parse(&layer(key.name)?).ok())
    }
}

fn known(name: &str) -> &'static GroupKey {
    GroupKey::find(name).expect("the table has every key that is looked up")
}

fn conflict(key: &'static str, value: i64, rule: String) -> GroupConfigError {
    ConfigError::Conflict { key, value: value.to_string(), rule }.into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Properties;

    fn settings(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
    }

    fn with_layers<R>(file: &[(&str, &str)], look: impl FnOnce(GroupLayers<'_>) -> R) -> R {
        let mut properties = Properties::default();
        file.iter().for_each(|(key, value)| properties.set(*key, *value));
        let none = BTreeMap::new();
        look(GroupLayers { properties: &properties, dynamic_default: &none, dynamic_broker: &none })
    }

    #[test]
    fn a_group_without_settings_has_the_brokers() {
        let file =
            [("group.consumer.session.timeout.ms", "50000"), ("group.share.delivery.count.limit", "7")];
        let config = with_layers(&file, |layers| layers.resolve_group(&settings(&[])));
        assert_eq!((config.consumer_session_timeout_ms, config.share_delivery_count_limit), (50_000, 7));
        assert_eq!(config.streams_initial_rebalance_delay_ms, 3000);
    }

    #[test]
    fn a_value_that_bounds_have_left_behind_is_moved_to_the_bound() {
        let file = [("group.consumer.max.session.timeout.ms", "46000")];
        let own = settings(&[("consumer.session.timeout.ms", "60000")]);
        let config = with_layers(&file, |layers| layers.resolve_group(&own));
        assert_eq!(config.consumer_session_timeout_ms, 46_000);
    }

    #[test]
    fn values_must_be_known_valid_within_bounds_and_fit_together() {
        let check = |own: &[(&str, &str)], fine: bool| {
            let verdict = with_layers(&[], |layers| layers.validate_group(&settings(own)));
            assert_eq!(verdict.is_ok(), fine, "{own:?}: {verdict:?}");
        };
        check(&[], true);
        check(&[("consumer.session.timeout.ms", "45000")], true);
        check(&[("consumer.session.timeout.ms", "44999")], false);
        check(&[("consumer.session.timeout.ms", "60001")], false);
        check(&[("consumer.session.timeout.ms", "long")], false);
        check(&[("consumer.assignment.interval.ms", "15000")], true);
        check(&[("consumer.assignment.interval.ms", "15001")], false);
        check(&[("streams.num.standby.replicas", "3")], false);
        check(&[("share.isolation.level", "serializable")], false);
        check(&[("share.auto.offset.reset", "by_duration:PT5M")], true);
        check(&[("share.auto.offset.reset", "sometimes")], false);
        check(&[("no.such.key", "1")], false);
        let bounds = [("group.consumer.max.heartbeat.interval.ms", "90000")];
        let own = settings(&[("consumer.heartbeat.interval.ms", "50000")]);
        let verdict = with_layers(&bounds, |layers| layers.validate_group(&own));
        assert!(verdict.is_err(), "a heartbeat must be shorter than a session: {verdict:?}");
    }

    #[test]
    fn an_entry_tells_where_its_value_comes_from() {
        let own = settings(&[("share.isolation.level", "read_committed")]);
        let file = [("group.consumer.session.timeout.ms", "50000")];
        let entries = with_layers(&file, |layers| layers.group_entries(&own));
        let entry = |name: &str| entries.iter().find(|entry| entry.name == name).expect("it is described");
        let sources = |name| entry(name).synonyms.iter().map(|it| it.source).collect::<Vec<_>>();
        assert_eq!(sources("share.isolation.level"), [ConfigSource::Group, ConfigSource::Default]);
        let session = entry("consumer.session.timeout.ms");
        assert_eq!((session.source, session.value.as_deref()), (ConfigSource::StaticBroker, Some("50000")));
        assert_eq!(session.synonyms[0].name, "group.consumer.session.timeout.ms");
    }
}
