//! A broker's settings resolved: its own dynamic ones, over those of all brokers, over the node's file, over Kafka's
//! defaults (KIP-226).

use std::collections::BTreeMap;

use crate::described_config::DescribedConfig;
use crate::dynamic_key::{DynamicEffect, DynamicKey};
use crate::node_key::NodeKey;
use crate::properties::Properties;
use crate::topic_layers::{ConfigSource, ConfigSynonym};

/// Where the settings of a broker stand.
#[derive(Clone, Copy, Debug)]
pub struct BrokerLayers<'a> {
    /// The node's properties file.
    pub properties: &'a Properties,
    /// Dynamic settings for all brokers.
    pub dynamic_default: &'a BTreeMap<String, String>,
    /// Dynamic settings of this broker.
    pub dynamic_broker: &'a BTreeMap<String, String>,
}

/// The value of a key in one layer.
pub(crate) type Layer<'a> = Box<dyn Fn(&str) -> Option<String> + 'a>;

/// Keys of which the first that is set counts within a layer.
const SYNONYMS: &[&[&str]] = &[
    &["log.roll.ms", "log.roll.hours"],
    &["log.roll.jitter.ms", "log.roll.jitter.hours"],
    &["log.retention.ms", "log.retention.minutes", "log.retention.hours"],
];

/// The names that a setting may have been given by, the one that counts most first.
fn synonyms(name: &str) -> Vec<&str> {
    if name == "log.flush.interval.ms" {
        return vec![name, "log.flush.scheduler.interval.ms"];
    }
    if let Some(names) = SYNONYMS.iter().find(|names| names.contains(&name)) {
        return names.to_vec();
    }
    match NodeKey::of_listener(name) {
        Some((_, base)) => vec![name, base],
        None => vec![name],
    }
}

impl<'a> BrokerLayers<'a> {
    /// The layers from the highest on, each as a lookup.
    pub(crate) fn layers(&self) -> impl Iterator<Item = (ConfigSource, Layer<'a>)> + use<'a> {
        let Self { properties, dynamic_default, dynamic_broker } = *self;
        let layers: [(ConfigSource, Layer<'a>); 4] = [
            (ConfigSource::DynamicBroker, Box::new(|name| dynamic_broker.get(name).cloned())),
            (ConfigSource::DynamicDefaultBroker, Box::new(|name| dynamic_default.get(name).cloned())),
            (ConfigSource::StaticBroker, Box::new(|name| of_file(properties, name))),
            (
                ConfigSource::Default,
                Box::new(|name| NodeKey::find(name).and_then(|key| key.default).map(str::to_owned)),
            ),
        ];
        layers.into_iter()
    }

    /// The properties that the broker works by: the file's, overridden by what is dynamic. What cannot be dynamic, and
    /// values that their keys do not take, are passed over: metadata may have been written by others.
    pub fn effective(&self) -> Properties {
        let mut effective = self.properties.clone();
        for layer in [self.dynamic_default, self.dynamic_broker] {
            for (name, value) in layer.iter().filter(|(name, value)| is_taken(name, value)) {
                // A setting given in hours makes way for one given in milliseconds; one of all listeners stays.
                if NodeKey::of_listener(name).is_none() {
                    synonyms(name).into_iter().for_each(|synonym| effective.remove(synonym));
                }
                effective.set(name.clone(), value.clone());
            }
        }
        effective
    }

    /// The dynamic settings that are kept although nothing here acts on them yet, each with its reason.
    pub fn without_effect(&self) -> Vec<(String, &'static str)> {
        let names = self.dynamic_default.keys().chain(self.dynamic_broker.keys());
        let reason = |name: &String| match DynamicKey::find(name)?.effect {
            DynamicEffect::AtOnce => None,
            DynamicEffect::Kept(reason) | DynamicEffect::Refused(reason) => Some((name.clone(), reason)),
        };
        let found: BTreeMap<_, _> = names.filter_map(reason).collect();
        found.into_iter().collect()
    }

    /// Every setting of the broker, by name: what Kafka has but for its internal keys, and whatever else is set.
    pub fn entries(&self) -> Vec<DescribedConfig> {
        let effective = self.effective();
        let known = NodeKey::all().filter(|key| !key.is_internal()).map(|key| key.name);
        let names: BTreeMap<&str, ()> =
            known.chain(effective.iter().map(|(name, _)| name)).map(|name| (name, ())).collect();
        names.into_keys().map(|name| self.entry(name, &effective)).collect()
    }

    fn entry(&self, name: &str, effective: &Properties) -> DescribedConfig {
        let key = NodeKey::of_broker(name);
        let is_sensitive = key.is_none_or(NodeKey::is_sensitive);
        let text = of_file(effective, name).or_else(|| key.and_then(|key| key.default).map(str::to_owned));
        let shown = |text: String| key.and_then(|key| key.canonical(&text).ok()).unwrap_or(text);
        let synonyms = self.synonyms(name, is_sensitive);
        DescribedConfig {
            name: name.to_owned(),
            value: text.filter(|_| !is_sensitive).map(shown),
            source: synonyms.first().map_or(ConfigSource::Default, |first| first.source),
            synonyms,
            key_type: key.map(|key| key.key_type),
            is_sensitive,
            is_read_only: is_read_only(name),
            doc: doc(name),
        }
    }

    /// The dynamic settings for all brokers, by name, as they were set.
    pub fn default_entries(&self) -> Vec<DescribedConfig> {
        let is_dynamic = |name: &str| NodeKey::of_broker(name).is_none() || DynamicKey::find(name).is_some();
        let set = self.dynamic_default.iter().filter(|(name, _)| is_dynamic(name));
        set.map(|(name, value)| {
            let key = NodeKey::of_broker(name);
            let is_sensitive = key.is_none_or(NodeKey::is_sensitive);
            let mut synonyms = self.synonyms(name, is_sensitive);
            synonyms.retain(|synonym| synonym.source == ConfigSource::DynamicDefaultBroker);
            DescribedConfig {
                name: name.clone(),
                value: (!is_sensitive).then(|| value.clone()),
                source: ConfigSource::DynamicDefaultBroker,
                synonyms,
                key_type: key.map(|key| key.key_type),
                is_sensitive,
                is_read_only: is_read_only(name),
                doc: doc(name),
            }
        })
        .collect()
    }

    /// Every place where a setting is given, the one that counts first. Kafka shows them from the first that bears the
    /// setting's own name on, and so does this.
    pub(crate) fn synonyms(&self, name: &str, is_sensitive: bool) -> Vec<ConfigSynonym> {
        let names = synonyms(name);
        let set = self.layers().flat_map(|(source, layer)| {
            let in_layer = names.iter().filter_map(|synonym| {
                let value = layer(synonym)?;
                let value = (!is_sensitive).then_some(value);
                Some(ConfigSynonym { name: (*synonym).to_owned(), value, source })
            });
            in_layer.collect::<Vec<_>>()
        });
        set.skip_while(|synonym| synonym.name != name).collect()
    }
}

/// The value in the properties file. `broker.id` and `node.id` are one; whichever is missing follows the other.
fn of_file(properties: &Properties, name: &str) -> Option<String> {
    let other = match name {
        "broker.id" => properties.get("node.id"),
        "node.id" => properties.get("broker.id"),
        _ => None,
    };
    properties.get(name).or(other).map(str::to_owned)
}

/// Kafka tells a listener's key as read-only, although some can be altered.
fn is_read_only(name: &str) -> bool {
    NodeKey::of_listener(name).is_some() || DynamicKey::find(name).is_none_or(|key| key.is_refused())
}

/// Kafka has no documentation for keys of listeners, nor for those that can only be set while the broker runs.
fn doc(name: &str) -> Option<&'static str> {
    NodeKey::find(name).and_then(NodeKey::doc)
}

fn is_taken(name: &str, value: &str) -> bool {
    DynamicKey::find(name).is_some_and(|found| !found.is_refused() && found.key.check(value).is_ok())
}
