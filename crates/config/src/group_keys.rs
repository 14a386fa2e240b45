//! Every group key of Apache Kafka 4.3.1: the broker key that gives its default, and the broker keys that bound it.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use crate::node_error::ConfigError;
use crate::node_key::KeyType::{self, *};
use crate::node_key::Valid::{self, *};
use crate::node_key::{NodeKey, Support, Value};

/// A setting of a group (KIP-848, KIP-932, KIP-1071).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct GroupKey {
    /// Name, type, default and valid values.
    pub key: NodeKey,
    /// What it means, in a sentence.
    pub doc: &'static str,
    /// The broker key that gives it its default.
    pub broker_synonym: Option<&'static str>,
    /// The broker key below whose value it must not fall.
    pub min: Option<&'static str>,
    /// The broker key above whose value it must not rise.
    pub max: Option<&'static str>,
    /// Only a value of the group itself is held against the bounds, not one that it inherits.
    pub is_bounded_if_set: bool,
}

const fn group_key(
    name: &'static str,
    key_type: KeyType,
    default: &'static str,
    valid: Valid,
    broker_synonym: Option<&'static str>,
    bounds: (Option<&'static str>, Option<&'static str>),
    doc: &'static str,
) -> GroupKey {
    let support = Support::NotYet("groups of the newer protocols (share, streams)");
    let key = NodeKey { name, key_type, default: Some(default), valid, support };
    GroupKey { key, doc, broker_synonym, min: bounds.0, max: bounds.1, is_bounded_if_set: false }
}

/// A key that counts.
const fn served(key: GroupKey) -> GroupKey {
    GroupKey { key: NodeKey { support: Support::Implemented, ..key.key }, ..key }
}

/// An interval between assignments, which is bounded only where a group sets one.
const fn assignment_interval(
    name: &'static str,
    broker_synonym: &'static str,
    min: &'static str,
    max: &'static str,
    doc: &'static str,
) -> GroupKey {
    let bounds = (Some(min), Some(max));
    let key = group_key(name, Int, "1000", AtLeast(0), Some(broker_synonym), bounds, doc);
    GroupKey { is_bounded_if_set: true, ..key }
}

#[rustfmt::skip]
const KEYS: &[GroupKey] = &[
    served(assignment_interval("consumer.assignment.interval.ms",
        "group.consumer.assignment.interval.ms", "group.consumer.min.assignment.interval.ms", "group.consumer.max.assignment.interval.ms",
        "How long a consumer group keeps an assignment at least before it makes a new one.")),
    served(group_key("consumer.heartbeat.interval.ms", Int, "5000", AtLeast(1), Some("group.consumer.heartbeat.interval.ms"),
        (Some("group.consumer.min.heartbeat.interval.ms"), Some("group.consumer.max.heartbeat.interval.ms")),
        "How often members of a consumer group are told to send a heartbeat.")),
    served(group_key("consumer.session.timeout.ms", Int, "45000", AtLeast(1), Some("group.consumer.session.timeout.ms"),
        (Some("group.consumer.min.session.timeout.ms"), Some("group.consumer.max.session.timeout.ms")),
        "How long a member of a consumer group may be silent before it is removed.")),
    assignment_interval("share.assignment.interval.ms",
        "group.share.assignment.interval.ms", "group.share.min.assignment.interval.ms", "group.share.max.assignment.interval.ms",
        "How long a share group keeps an assignment at least before it makes a new one."),
    group_key("share.auto.offset.reset", Text, "latest", Any, None, (None, None),
        "Where a share group begins in a partition it has not read: latest, earliest, or by_duration:<ISO 8601 duration> before now."),
    group_key("share.delivery.count.limit", Int, "5", AtLeast(2), Some("group.share.delivery.count.limit"),
        (Some("group.share.min.delivery.count.limit"), Some("group.share.max.delivery.count.limit")),
        "How often a record is delivered before it is given up."),
    group_key("share.heartbeat.interval.ms", Int, "5000", AtLeast(1), Some("group.share.heartbeat.interval.ms"),
        (Some("group.share.min.heartbeat.interval.ms"), Some("group.share.max.heartbeat.interval.ms")),
        "How often members of a share group are told to send a heartbeat."),
    group_key("share.isolation.level", Text, "read_uncommitted", OneOf(&["read_committed", "read_uncommitted"]), None, (None, None),
        "Whether a share group waits for transactions to commit before it delivers their records."),
    group_key("share.partition.max.record.locks", Int, "2000", AtLeast(100), Some("group.share.partition.max.record.locks"),
        (Some("group.share.min.partition.max.record.locks"), Some("group.share.max.partition.max.record.locks")),
        "How many records of a partition a share group may have in hand at a time."),
    group_key("share.record.lock.duration.ms", Int, "30000", AtLeast(1000), Some("group.share.record.lock.duration.ms"),
        (Some("group.share.min.record.lock.duration.ms"), Some("group.share.max.record.lock.duration.ms")),
        "How long a record is reserved for the member of a share group that was given it."),
    group_key("share.renew.acknowledge.enable", Boolean, "true", Any, None, (None, None),
        "Whether members of a share group may ask for more time with a record."),
    group_key("share.session.timeout.ms", Int, "45000", AtLeast(1), Some("group.share.session.timeout.ms"),
        (Some("group.share.min.session.timeout.ms"), Some("group.share.max.session.timeout.ms")),
        "How long a member of a share group may be silent before it is removed."),
    assignment_interval("streams.assignment.interval.ms",
        "group.streams.assignment.interval.ms", "group.streams.min.assignment.interval.ms", "group.streams.max.assignment.interval.ms",
        "How long a streams group keeps an assignment at least before it makes a new one."),
    group_key("streams.heartbeat.interval.ms", Int, "5000", AtLeast(1), Some("group.streams.heartbeat.interval.ms"),
        (Some("group.streams.min.heartbeat.interval.ms"), Some("group.streams.max.heartbeat.interval.ms")),
        "How often members of a streams group are told to send a heartbeat."),
    group_key("streams.initial.rebalance.delay.ms", Int, "3000", AtLeast(0), Some("group.streams.initial.rebalance.delay.ms"), (None, None),
        "How long a new streams group waits for further members before its first assignment."),
    group_key("streams.num.standby.replicas", Int, "0", AtLeast(0), Some("group.streams.num.standby.replicas"),
        (None, Some("group.streams.max.standby.replicas")),
        "How many further members keep a copy of each task's state."),
    group_key("streams.session.timeout.ms", Int, "45000", AtLeast(1), Some("group.streams.session.timeout.ms"),
        (Some("group.streams.min.session.timeout.ms"), Some("group.streams.max.session.timeout.ms")),
        "How long a member of a streams group may be silent before it is removed."),
];

/// Kinds of groups whose sessions must last longer than the time between two heartbeats: session, heartbeat.
pub(crate) const SESSIONS: &[(&str, &str)] = &[
    ("consumer.session.timeout.ms", "consumer.heartbeat.interval.ms"),
    ("share.session.timeout.ms", "share.heartbeat.interval.ms"),
    ("streams.session.timeout.ms", "streams.heartbeat.interval.ms"),
];

impl GroupKey {
    /// Every key, by name.
    pub fn all() -> &'static [GroupKey] {
        KEYS
    }

    /// The key of this name.
    pub fn find(name: &str) -> Option<&'static GroupKey> {
        static BY_NAME: LazyLock<BTreeMap<&str, &GroupKey>> =
            LazyLock::new(|| GroupKey::all().iter().map(|key| (key.key.name, key)).collect());
        BY_NAME.get(name).copied()
    }

    pub(crate) fn parse(&self, text: &str) -> Result<Value, ConfigError> {
        let value = self.key.parse(text)?;
        match &value {
            Value::Text(strategy) if self.key.name == "share.auto.offset.reset" && !is_reset(strategy) => {
                Err(ConfigError::Invalid {
                    key: self.key.name.to_owned(),
                    value: text.to_owned(),
                    expected: "latest, earliest or by_duration:<ISO 8601 duration>, such as by_duration:PT1H"
                        .to_owned(),
                })
            }
            _ => Ok(value),
        }
    }
}

/// Where a share group may begin.
fn is_reset(strategy: &str) -> bool {
    matches!(strategy, "latest" | "earliest")
        || strategy.strip_prefix("by_duration:").is_some_and(is_duration)
}

/// An ISO 8601 duration of days, hours, minutes and seconds that is not negative, such as `P1DT2H3M4.5S`.
fn is_duration(text: &str) -> bool {
    let text = text.to_ascii_uppercase();
    let Some(text) = text.strip_prefix('+').unwrap_or(&text).strip_prefix('P') else { return false };
    let (days, time) = match text.split_once('T') {
        Some((days, time)) => (days, Some(time)),
        None => (text, None),
    };
    let has_days = days.strip_suffix('D').is_some_and(is_whole);
    match time {
        None => has_days,
        Some(time) => (has_days || days.is_empty()) && !time.is_empty() && is_time(time),
    }
}

fn is_time(mut rest: &str) -> bool {
    for unit in ['H', 'M'] {
        if let Some((number, after)) = rest.split_once(unit) {
            if !is_whole(number) {
                return false;
            }
            rest = after;
        }
    }
    let Some(seconds) = rest.strip_suffix('S') else { return rest.is_empty() };
    match seconds.split_once(['.', ',']) {
        None => is_whole(seconds),
        Some((whole, fraction)) => {
            is_whole(whole) && fraction.len() <= 9 && fraction.bytes().all(|byte| byte.is_ascii_digit())
        }
    }
}

/// A whole number that is not negative, small enough for any unit.
fn is_whole(text: &str) -> bool {
    text.parse::<i64>().is_ok_and(|number| (0..=i64::MAX / 86_400).contains(&number))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_sorted_and_their_broker_keys_exist() {
        assert!(KEYS.is_sorted_by_key(|key| key.key.name));
        for key in KEYS {
            for name in [key.broker_synonym, key.min, key.max].into_iter().flatten() {
                let broker_key = NodeKey::find(name).unwrap_or_else(|| panic!("{name}"));
                assert_eq!(broker_key.key_type, key.key.key_type, "{name}");
            }
            if let Some(synonym) = key.broker_synonym {
                assert_eq!(NodeKey::find(synonym).and_then(|key| key.default), key.key.default, "{synonym}");
            }
            key.parse(key.key.default.expect("each has one")).expect("a default is a valid value");
        }
    }

    #[test]
    fn a_share_group_begins_somewhere() {
        for good in ["latest", "earliest", "by_duration:PT1H", "by_duration:P1DT2H3M4.5S", "by_duration:PT0S"]
        {
            assert!(is_reset(good), "{good}");
        }
        for bad in
            ["", "none", "LATEST", "by_duration:", "by_duration:P", "by_duration:PT", "by_duration:-PT1H"]
        {
            assert!(!is_reset(bad), "{bad}");
        }
    }
}
