//! One broker key as data: its type, default, valid values, and what Milena does with it.

use std::collections::BTreeSet;

use std::collections::BTreeMap;
use std::sync::LazyLock;

use crate::dynamic_key::ONLY_DYNAMIC;
use crate::node_docs;
use crate::node_error::ConfigError;
use crate::node_keys;
use crate::topic_key::{TopicKey, shown};

/// The type of a value, named as Kafka's documentation names them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names are Kafka's own; Text is its STRING")]
pub enum KeyType {
    Boolean,
    Int,
    Short,
    Long,
    Double,
    Text,
    /// Values separated by commas.
    List,
    /// The name of a Java class.
    Class,
    /// Text that is never shown.
    Password,
}

/// Which values of its type a key takes. Bounds are inclusive.
#[derive(Clone, Copy, Debug, PartialEq)]
#[allow(missing_docs, reason = "each variant says it")]
pub enum Valid {
    Any,
    AtLeast(i64),
    Between(i64, i64),
    BetweenOrMinusOne(i64, i64),
    BetweenDoubles(f64, f64),
    NotEmpty,
    OneOf(&'static [&'static str]),
    OneOfAnyCase(&'static [&'static str]),
    /// A list without empty entries, repeated ones count once; itself it may be empty.
    Distinct,
    DistinctNotEmpty,
    /// A list of these, repeated ones count once, not empty.
    ListOf(&'static [&'static str]),
    ListOfOrEmpty(&'static [&'static str]),
}

/// What Milena does with a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Support {
    /// The value takes effect.
    Implemented,
    /// Accepted; it means nothing here, for this reason.
    NoEffect(&'static str),
    /// Accepted and checked; takes effect once this part of Kafka is served.
    NotYet(&'static str),
    /// A value other than the default stops the start: ignoring it would be worse. Names what it asks for.
    Refused(&'static str),
}

/// A broker key of Apache Kafka 4.3.1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct NodeKey {
    /// As it stands in a properties file.
    pub name: &'static str,
    /// The type of its value.
    pub key_type: KeyType,
    /// As it would stand in a properties file; `None`: no value.
    pub default: Option<&'static str>,
    /// The values that are taken.
    pub valid: Valid,
    /// What Milena does with it.
    pub support: Support,
}

pub(crate) const fn implemented(
    name: &'static str,
    key_type: KeyType,
    default: Option<&'static str>,
    valid: Valid,
) -> NodeKey {
    NodeKey { name, key_type, default, valid, support: Support::Implemented }
}

pub(crate) const fn no_effect(
    name: &'static str,
    key_type: KeyType,
    default: Option<&'static str>,
    valid: Valid,
    reason: &'static str,
) -> NodeKey {
    NodeKey { name, key_type, default, valid, support: Support::NoEffect(reason) }
}

pub(crate) const fn not_yet(
    name: &'static str,
    key_type: KeyType,
    default: Option<&'static str>,
    valid: Valid,
    part: &'static str,
) -> NodeKey {
    NodeKey { name, key_type, default, valid, support: Support::NotYet(part) }
}

pub(crate) const fn refused(
    name: &'static str,
    key_type: KeyType,
    default: Option<&'static str>,
    valid: Valid,
    what: &'static str,
) -> NodeKey {
    NodeKey { name, key_type, default, valid, support: Support::Refused(what) }
}

/// Keys that one SASL mechanism of a listener may have of its own.
const OF_MECHANISMS: &[&str] = &[
    "sasl.jaas.config",
    "sasl.login.callback.handler.class",
    "sasl.login.class",
    "sasl.server.callback.handler.class",
    "connections.max.reauth.ms",
];

/// Keys that Kafka's documentation leaves out.
const INTERNAL: &[&str] = &[
    "controller.performance.always.log.threshold.ms",
    "controller.performance.sample.period.ms",
    "group.consumer.regex.refresh.interval.ms",
    "group.share.initialize.retry.interval.ms",
    "group.share.persister.class.name",
    "internal.metadata.delete.delay.millis",
    "internal.metadata.log.segment.bytes",
    "internal.metadata.max.batch.size.in.bytes",
    "log.initial.task.delay.ms",
    "producer.id.expiration.check.interval.ms",
    "remote.log.index.file.cache.ttl.ms",
    "remote.log.manager.task.retry.backoff.max.ms",
    "remote.log.manager.task.retry.backoff.ms",
    "remote.log.manager.task.retry.jitter",
    "server.max.startup.time.ms",
    "share.coordinator.cold.partition.snapshot.interval.ms",
    "share.coordinator.state.topic.prune.interval.ms",
    "unclean.leader.election.interval.ms",
    "unstable.api.versions.enable",
    "unstable.feature.versions.enable",
];

/// A value of its key's type.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Value {
    Boolean(bool),
    Number(i64),
    Double(f64),
    Text(String),
    List(Vec<String>),
}

impl NodeKey {
    /// Every key, area by area.
    pub fn all() -> impl Iterator<Item = &'static NodeKey> {
        node_keys::all()
    }

    /// The key of this name.
    pub fn find(name: &str) -> Option<&'static NodeKey> {
        static BY_NAME: LazyLock<BTreeMap<&str, &NodeKey>> =
            LazyLock::new(|| NodeKey::all().map(|key| (key.name, key)).collect());
        BY_NAME.get(name).copied()
    }

    /// The key of this name for a broker: any key, one that can be set only while it runs, or one of a listener.
    pub fn of_broker(name: &str) -> Option<&'static NodeKey> {
        let only_dynamic = || ONLY_DYNAMIC.iter().find(|key| key.name == name);
        let of_listener = || Self::of_listener(name).and_then(|(_, base)| Self::find(base));
        Self::find(name).or_else(only_dynamic).or_else(of_listener)
    }

    /// `listener.name.<listener>.<key>` as listener and key. A SASL mechanism may stand before its key.
    pub fn of_listener(name: &str) -> Option<(&str, &str)> {
        let (listener, key) = name.strip_prefix("listener.name.")?.split_once('.')?;
        let of_mechanism = OF_MECHANISMS.iter().find(|base| key.ends_with(*base));
        Some((listener, of_mechanism.copied().unwrap_or(key)))
    }

    /// Whether the key is for tests and repairs: shown to nobody who has not set it.
    pub fn is_internal(&self) -> bool {
        INTERNAL.contains(&self.name)
    }

    /// What the key means, in a sentence.
    pub fn doc(&self) -> Option<&'static str> {
        node_docs::doc(self.name)
    }

    /// The value as Kafka shows it: without spaces around it, numbers in plain decimal.
    ///
    /// # Errors
    /// [`ConfigError::Invalid`] where the key does not take it.
    pub fn canonical(&self, text: &str) -> Result<String, ConfigError> {
        self.parse(text).map(|value| shown(&value))
    }

    /// The key that the writer of `name` may have meant: the one that gives topics the key of that name its default, the
    /// one that is so named but for case and underscores, else the one whose name differs least. `None` when none comes
    /// near (more than a third differs).
    pub fn nearest(name: &str) -> Option<&'static NodeKey> {
        let of_topics = || TopicKey::find(name)?.broker_synonyms.first().map(|synonym| synonym.name);
        let plain = name.trim().to_lowercase().replace('_', ".");
        let close = || types::spelling::nearest(&plain, Self::all().map(|key| key.name));
        of_topics().or_else(close).and_then(Self::find)
    }

    /// True where a value must not appear in logs or answers.
    pub fn is_sensitive(&self) -> bool {
        self.key_type == KeyType::Password
    }

    /// Whether the key takes `text`.
    ///
    /// # Errors
    /// [`ConfigError::Invalid`] where it does not.
    pub fn check(&self, text: &str) -> Result<(), ConfigError> {
        self.parse(text).map(|_| ())
    }

    /// The typed value of `text`, or why it is none.
    pub(crate) fn parse(&self, text: &str) -> Result<Value, ConfigError> {
        let mut value =
            self.parse_type(text).ok_or_else(|| self.invalid(text, self.type_name().to_owned()))?;
        if let Value::List(entries) = &mut value
            && self.valid != Valid::Any
        {
            remove_repeats(entries);
        }
        match self.complaint(&value) {
            None => Ok(value),
            Some(expected) => Err(self.invalid(text, expected)),
        }
    }

    fn parse_type(&self, text: &str) -> Option<Value> {
        let trimmed = text.trim();
        Some(match self.key_type {
            KeyType::Boolean if trimmed.eq_ignore_ascii_case("true") => Value::Boolean(true),
            KeyType::Boolean if trimmed.eq_ignore_ascii_case("false") => Value::Boolean(false),
            KeyType::Boolean => return None,
            KeyType::Int => Value::Number(trimmed.parse::<i32>().ok()?.into()),
            KeyType::Short => Value::Number(trimmed.parse::<i16>().ok()?.into()),
            KeyType::Long => Value::Number(trimmed.parse().ok()?),
            KeyType::Double => Value::Double(trimmed.parse().ok()?),
            KeyType::Text | KeyType::Class => Value::Text(trimmed.to_owned()),
            KeyType::Password => Value::Text(text.to_owned()),
            KeyType::List if trimmed.is_empty() => Value::List(Vec::new()),
            KeyType::List => Value::List(trimmed.split(',').map(|entry| entry.trim().to_owned()).collect()),
        })
    }

    fn type_name(&self) -> &'static str {
        match self.key_type {
            KeyType::Boolean => "true or false",
            KeyType::Int => "a whole number of 32 bits",
            KeyType::Short => "a whole number of 16 bits",
            KeyType::Long => "a whole number of 64 bits",
            KeyType::Double => "a number",
            KeyType::Text | KeyType::Class | KeyType::Password | KeyType::List => "text",
        }
    }

    /// What is expected instead of `value`; `None` when it is fine.
    fn complaint(&self, value: &Value) -> Option<String> {
        let (fine, expected) = match (self.valid, value) {
            (Valid::AtLeast(low), Value::Number(n)) => (*n >= low, format!("at least {low}")),
            (Valid::Between(low, high), Value::Number(n)) => {
                ((low..=high).contains(n), format!("from {low} to {high}"))
            }
            (Valid::BetweenOrMinusOne(low, high), Value::Number(n)) => {
                ((low..=high).contains(n) || *n == -1, format!("from {low} to {high}, or -1"))
            }
            (Valid::BetweenDoubles(low, high), Value::Double(n)) => {
                ((low..=high).contains(n), format!("from {low} to {high}"))
            }
            (Valid::NotEmpty, Value::Text(text)) => {
                (!text.is_empty(), "a value that is not empty".to_owned())
            }
            (Valid::OneOf(names), Value::Text(text)) => {
                (names.contains(&text.as_str()), format!("one of {}", names.join(", ")))
            }
            (Valid::OneOfAnyCase(names), Value::Text(text)) => (
                names.iter().any(|name| name.eq_ignore_ascii_case(text)),
                format!("one of {}", names.join(", ")),
            ),
            (Valid::Distinct, Value::List(entries)) => (none_is_empty(entries), NO_EMPTY_ENTRIES.to_owned()),
            (Valid::DistinctNotEmpty, Value::List(entries)) => {
                (none_is_empty(entries) && !entries.is_empty(), format!("{NO_EMPTY_ENTRIES}, at least one"))
            }
            (Valid::ListOf(names), Value::List(entries)) => (
                none_is_empty(entries) && !entries.is_empty() && all_among(entries, names),
                format!("a list of {}", names.join(", ")),
            ),
            (Valid::ListOfOrEmpty(names), Value::List(entries)) => (
                none_is_empty(entries) && all_among(entries, names),
                format!("nothing or a list of {}", names.join(", ")),
            ),
            _ => return None,
        };
        (!fine).then_some(expected)
    }

    fn invalid(&self, text: &str, expected: String) -> ConfigError {
        let value = if self.is_sensitive() { "[hidden]" } else { text };
        ConfigError::Invalid { key: self.name.to_owned(), value: value.to_owned(), expected }
    }
}

const NO_EMPTY_ENTRIES: &str = "a list without empty entries";

fn none_is_empty(entries: &[String]) -> bool {
    entries.iter().all(|entry| !entry.is_empty())
}

/// An entry counts where it stands first.
fn remove_repeats(entries: &mut Vec<String>) {
    let mut seen = BTreeSet::new();
    entries.retain(|entry| seen.insert(entry.clone()));
}

fn all_among(entries: &[String], names: &[&str]) -> bool {
    entries.iter().all(|entry| names.contains(&entry.as_str()))
}
