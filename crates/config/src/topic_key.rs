//! One topic key as data: what it takes, what it means, and which broker keys give it its default.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use crate::node_error::ConfigError;
use crate::node_key::{KeyType, NodeKey, Support, Valid, Value};
use crate::topic_keys;

/// How a broker key's value becomes the topic key's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// As it is.
    Same,
    /// Milliseconds, of which every negative number means for ever.
    MillisOrForever,
    /// Minutes become milliseconds.
    Minutes,
    /// Hours become milliseconds.
    Hours,
}

/// A broker key that gives a topic key its default.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BrokerSynonym {
    /// The broker key's name.
    pub name: &'static str,
    /// How its value is read.
    pub unit: Unit,
}

/// A topic key of Apache Kafka 4.3.1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TopicKey {
    /// Name, type, default and valid values.
    pub key: NodeKey,
    /// What it means, in a sentence.
    pub doc: &'static str,
    /// The broker keys that give it its default, the one that counts most first.
    pub broker_synonyms: &'static [BrokerSynonym],
    /// Not shown to anybody who has not set it.
    pub is_internal: bool,
}

impl TopicKey {
    /// Every key, by name.
    pub fn all() -> &'static [TopicKey] {
        topic_keys::KEYS
    }

    /// The key of this name.
    pub fn find(name: &str) -> Option<&'static TopicKey> {
        static BY_NAME: LazyLock<BTreeMap<&str, &TopicKey>> =
            LazyLock::new(|| TopicKey::all().iter().map(|key| (key.name(), key)).collect());
        BY_NAME.get(name).copied()
    }

    /// The key's name.
    pub const fn name(&self) -> &'static str {
        self.key.name
    }

    /// The key with another answer to what Milena does with it.
    pub(crate) const fn but(mut self, support: Support) -> Self {
        self.key.support = support;
        self
    }

    /// Whether values can be appended and subtracted.
    pub fn is_list(&self) -> bool {
        self.key.key_type == KeyType::List
    }

    /// The value as Kafka shows it: without spaces around it, numbers in plain decimal.
    ///
    /// # Errors
    /// [`ConfigError::Invalid`] where the key does not take it.
    pub fn canonical(&self, text: &str) -> Result<String, ConfigError> {
        self.parse(text).map(|value| shown(&value))
    }

    pub(crate) fn parse(&self, text: &str) -> Result<Value, ConfigError> {
        let value = self.key.parse(text)?;
        match (&value, topic_keys::is_throttled_replicas(self.name())) {
            (Value::List(entries), true) if !are_throttled_replicas(entries) => Err(ConfigError::Invalid {
                key: self.name().to_owned(),
                value: text.to_owned(),
                expected: "* or a list of partition:broker".to_owned(),
            }),
            _ => Ok(value),
        }
    }

    /// The default when no broker key is set anywhere.
    pub(crate) fn default_value(&self) -> Option<Value> {
        self.key.default.map(|text| self.key.parse(text).expect("a default is a valid value of its key"))
    }
}

impl BrokerSynonym {
    /// The topic's value that a broker key's text stands for; `None` where it is no valid one.
    pub(crate) fn convert(&self, text: &str) -> Option<String> {
        let unit_ms = match self.unit {
            Unit::Same => return Some(text.to_owned()),
            Unit::MillisOrForever => 1,
            Unit::Minutes => 60_000,
            Unit::Hours => 3_600_000,
        };
        text.trim().parse::<i64>().ok().map(|count| count.saturating_mul(unit_ms).max(-1).to_string())
    }
}

fn are_throttled_replicas(entries: &[String]) -> bool {
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let is_replica = |entry: &String| {
        entry.is_empty()
            || entry
                .split_once(':')
                .is_some_and(|(partition, broker)| is_number(partition) && is_number(broker))
    };
    entries.concat() == "*" || entries.iter().all(is_replica)
}

/// A value as Kafka writes it.
pub(crate) fn shown(value: &Value) -> String {
    match value {
        Value::Boolean(value) => value.to_string(),
        Value::Number(value) => value.to_string(),
        Value::Double(value) => shown_double(*value),
        Value::Text(value) => value.clone(),
        Value::List(entries) => entries.join(","),
    }
}

/// A double as Java writes it: with at least one digit after the point, and an exponent where it is large or small.
fn shown_double(value: f64) -> String {
    let with_point = |text: String| if text.contains('.') { text } else { format!("{text}.0") };
    if !value.is_finite() {
        return match value {
            f64::INFINITY => "Infinity".to_owned(),
            f64::NEG_INFINITY => "-Infinity".to_owned(),
            _ => "NaN".to_owned(),
        };
    }
    if value == 0.0 || (1e-3..1e7).contains(&value.abs()) {
        return with_point(value.to_string());
    }
    let scientific = format!("{value:e}");
    match scientific.split_once('e') {
        Some((digits, exponent)) => format!("{}E{exponent}", with_point(digits.to_owned())),
        None => scientific,
    }
}

pub(crate) const fn topic_key(
    name: &'static str,
    key_type: KeyType,
    default: Option<&'static str>,
    valid: Valid,
    broker_synonyms: &'static [BrokerSynonym],
    doc: &'static str,
) -> TopicKey {
    let key = NodeKey { name, key_type, default, valid, support: Support::Implemented };
    TopicKey { key, doc, broker_synonyms, is_internal: false }
}

/// A topic's own settings, as they were set.
pub type TopicOverrides = BTreeMap<String, String>;

#[cfg(test)]
mod tests {
    use super::shown_double;

    #[test]
    fn doubles_are_written_as_java_writes_them() {
        for (value, text) in [
            (0.0, "0.0"),
            (0.5, "0.5"),
            (1.0, "1.0"),
            (9_999_999.0, "9999999.0"),
            (1e7, "1.0E7"),
            (0.001, "0.001"),
            (0.000_12, "1.2E-4"),
            (f64::MAX, "1.7976931348623157E308"),
            (-2.5e10, "-2.5E10"),
            (f64::INFINITY, "Infinity"),
        ] {
            assert_eq!(shown_double(value), text);
        }
    }
}
