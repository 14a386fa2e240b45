//! A node's properties, each checked against its key, with Kafka's defaults beneath them.

use std::collections::BTreeMap;

use crate::node_error::{ConfigError, ConfigWarning};
use crate::node_key::{NodeKey, Support, Value};
use crate::properties::Properties;

/// The typed values of all keys. A lookup names a key of the table; a misspelt one is a bug that the first test meets.
pub(crate) struct NodeValues {
    set: BTreeMap<&'static str, Value>,
    of_listeners: BTreeMap<(String, &'static str), Value>,
}

/// Keys of Kafka's own authorizer, which no table names, and the value by which they ask for nothing.
const OF_AUTHORIZERS: &[(&str, &str)] = &[("allow.everyone.if.no.acl.found", "true"), ("super.users", "")];

/// What `group.consumer.assignors` and `group.share.assignors` may name: assignors that Kafka brings along, by name or
/// class. Others are plug-ins.
const ASSIGNORS: &[(&str, &[&str])] = &[
    (
        "group.consumer.assignors",
        &[
            "uniform",
            "range",
            "org.apache.kafka.coordinator.group.assignor.UniformAssignor",
            "org.apache.kafka.coordinator.group.assignor.RangeAssignor",
        ],
    ),
    ("group.share.assignors", &["simple", "org.apache.kafka.coordinator.group.assignor.SimpleAssignor"]),
];

/// Keys that one listener may override: `listener.name.<listener>.<key>` (KIP-402).
const PER_LISTENER: &[&str] = &["max.connections"];

impl NodeValues {
    /// Checks every property on its own.
    ///
    /// # Errors
    /// The first value that its key does not take, or that asks for something that must not be ignored.
    pub(crate) fn check(properties: &Properties) -> Result<(Self, Vec<ConfigWarning>), ConfigError> {
        let mut values = Self { set: BTreeMap::new(), of_listeners: BTreeMap::new() };
        let mut warnings = Vec::new();
        for (name, text) in properties.iter() {
            if let Some((listener, key)) = split_listener_key(name) {
                values.check_listener_key(name, listener, key, text, &mut warnings)?;
            } else if let Some(key) = NodeKey::find(name) {
                values.set.insert(key.name, key.parse(text)?);
                warnings.extend(judge(key, name, text)?);
            } else if let Some((_, nothing)) = OF_AUTHORIZERS.iter().find(|(key, _)| *key == name) {
                if !text.trim().is_empty() && !text.trim().eq_ignore_ascii_case(nothing) {
                    return Err(refused(name, text, "an authorizer"));
                }
            } else {
                warnings.push(unknown(name));
            }
        }
        values.check_assignors()?;
        values.join_node_and_broker_id()?;
        Ok((values, warnings))
    }

    fn check_listener_key(
        &mut self,
        name: &str,
        listener: &str,
        key_name: &str,
        text: &str,
        warnings: &mut Vec<ConfigWarning>,
    ) -> Result<(), ConfigError> {
        // A SASL mechanism may stand before its key: listener.name.x.plain.sasl.jaas.config.
        if key_name.contains("sasl.") {
            return Err(refused(name, "[hidden]", "SASL"));
        }
        match NodeKey::find(key_name) {
            Some(key) if PER_LISTENER.contains(&key.name) => {
                self.of_listeners.insert((listener.to_ascii_uppercase(), key.name), key.parse(text)?);
            }
            Some(key) if key.support != Support::Implemented => {
                key.parse(text)?;
                warnings.extend(judge(key, name, text)?);
            }
            _ => warnings.push(unknown(name)),
        }
        Ok(())
    }

    /// Classes of others cannot run here.
    fn check_assignors(&self) -> Result<(), ConfigError> {
        for (key, known) in ASSIGNORS {
            let names = self.list(key);
            if let Some(plug_in) = names.iter().find(|name| !known.contains(&name.as_str())) {
                return Err(refused(key, plug_in, "a plug-in class"));
            }
        }
        Ok(())
    }

    /// `broker.id` is the older name of `node.id`; whichever is missing follows the other.
    fn join_node_and_broker_id(&mut self) -> Result<(), ConfigError> {
        match (self.set.get("node.id"), self.set.get("broker.id")) {
            (Some(Value::Number(node)), Some(Value::Number(broker))) if node != broker => {
                Err(ConfigError::Conflict {
                    key: "broker.id",
                    value: broker.to_string(),
                    rule: format!("must be the same as node.id, which is {node}"),
                })
            }
            (None, Some(broker)) => {
                self.set.insert("node.id", broker.clone());
                Ok(())
            }
            _ => Ok(()),
        }
    }

    pub(crate) fn is_set(&self, name: &str) -> bool {
        self.set.contains_key(name)
    }

    pub(crate) fn boolean(&self, name: &str) -> bool {
        match self.value(name) {
            Some(Value::Boolean(value)) => value,
            other => panic!("{name} is a boolean key, not {other:?}"),
        }
    }

    pub(crate) fn double(&self, name: &str) -> f64 {
        match self.value(name) {
            Some(Value::Double(value)) => value,
            other => panic!("{name} is a double key with a default, not {other:?}"),
        }
    }

    pub(crate) fn optional_long(&self, name: &str) -> Option<i64> {
        self.value(name).map(|value| match value {
            Value::Number(number) => number,
            other => panic!("{name} is a number key, not {other:?}"),
        })
    }

    pub(crate) fn long(&self, name: &str) -> i64 {
        self.optional_long(name).expect("the key has a default")
    }

    pub(crate) fn int(&self, name: &str) -> i32 {
        i32::try_from(self.long(name)).expect("an INT key was checked for 32 bits")
    }

    /// The text of `name`; an empty one counts as none.
    pub(crate) fn text(&self, name: &str) -> Option<String> {
        match self.value(name)? {
            Value::Text(text) if text.is_empty() => None,
            Value::Text(text) => Some(text),
            other => panic!("{name} is a text key, not {other:?}"),
        }
    }

    /// The entries of `name`; none where it is not set and has no default.
    pub(crate) fn list(&self, name: &str) -> Vec<String> {
        match self.value(name) {
            None => Vec::new(),
            Some(Value::List(entries)) => entries,
            Some(other) => panic!("{name} is a list key, not {other:?}"),
        }
    }

    /// The bound that `name` sets for one listener; `i32::MAX` where it sets none.
    pub(crate) fn int_of_listener(&self, listener: &str, name: &'static str) -> i32 {
        match self.of_listeners.get(&(listener.to_owned(), name)) {
            Some(Value::Number(number)) => {
                i32::try_from(*number).expect("an INT key was checked for 32 bits")
            }
            _ => i32::MAX,
        }
    }

    fn value(&self, name: &str) -> Option<Value> {
        if let Some(value) = self.set.get(name) {
            return Some(value.clone());
        }
        let key = NodeKey::find(name).expect("the table has every key that is looked up");
        key.default.map(|text| key.parse(text).expect("a default is a valid value of its key"))
    }
}

/// `listener.name.<listener>.<key>` as listener and key.
fn split_listener_key(name: &str) -> Option<(&str, &str)> {
    name.strip_prefix("listener.name.")?.split_once('.')
}

fn judge(key: &'static NodeKey, name: &str, text: &str) -> Result<Option<ConfigWarning>, ConfigError> {
    Ok(match key.support {
        Support::Implemented => None,
        Support::NoEffect(reason) => Some(ConfigWarning::NoEffect { key: name.to_owned(), reason }),
        Support::NotYet(part) => Some(ConfigWarning::NotYet { key: name.to_owned(), part }),
        // What is empty or says what holds anyway asks for nothing.
        Support::Refused(_) if text.trim().is_empty() || Some(text.trim()) == key.default => None,
        Support::Refused(what) => {
            return Err(refused(name, if key.is_sensitive() { "[hidden]" } else { text }, what));
        }
    })
}

fn refused(name: &str, value: &str, what: &str) -> ConfigError {
    ConfigError::Refused { key: name.to_owned(), value: value.to_owned(), what: what.to_owned() }
}

fn unknown(name: &str) -> ConfigWarning {
    ConfigWarning::Unknown { key: name.to_owned(), nearest: NodeKey::nearest(name).map(|key| key.name) }
}
