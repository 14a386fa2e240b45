//! Settings as DescribeConfigs tells them: of topics and of this broker.

use config::{ConfigEntry, ConfigSource, ConfigSynonym, KeyType, NodeKey};
use metadata::ConfigResource;

use crate::Broker;
use crate::topic_settings::layers;

/// One setting, its value and where that comes from.
#[derive(Clone, Debug, PartialEq)]
pub struct DescribedConfig {
    /// The key.
    pub name: String,
    /// The effective value; `None` where there is none or it is secret.
    pub value: Option<String>,
    /// Where it comes from.
    pub source: ConfigSource,
    /// Every place where it is set, the one that counts first.
    pub synonyms: Vec<ConfigSynonym>,
    /// The type of the value.
    pub key_type: KeyType,
    /// Whether the value is never shown.
    pub is_sensitive: bool,
    /// Whether it takes another start to change it.
    pub is_read_only: bool,
    /// What the key means, where that is written down.
    pub doc: Option<&'static str>,
}

impl Broker {
    /// Every setting of a topic, by name; `None` for a topic that does not exist.
    pub fn describe_topic_config(&self, topic: &str) -> Option<Vec<DescribedConfig>> {
        let image = self.image();
        image.topics.by_name(topic)?;
        let entries = layers(self, &image).entries(image.configs.of(&ConfigResource::topic(topic)));
        Some(entries.into_iter().map(DescribedConfig::from).collect())
    }

    /// Every setting of this broker. Without dynamic settings each needs another start to change.
    pub fn describe_broker_config(&self) -> Vec<DescribedConfig> {
        NodeKey::all().map(|key| self.describe_key(key)).collect()
    }

    /// The dynamic settings for all brokers, as the metadata log holds them.
    pub fn describe_broker_defaults(&self) -> Vec<DescribedConfig> {
        let image = self.image();
        let set = image.configs.of(&ConfigResource::broker_defaults()).iter();
        let described = set.map(|(name, value)| {
            let key = NodeKey::find(name);
            let is_sensitive = key.is_none_or(NodeKey::is_sensitive);
            let value = (!is_sensitive).then(|| value.clone());
            DescribedConfig {
                name: name.clone(),
                synonyms: synonyms(name, value.as_deref(), ConfigSource::DynamicDefaultBroker),
                value,
                source: ConfigSource::DynamicDefaultBroker,
                key_type: key.map_or(KeyType::Password, |key| key.key_type),
                is_sensitive,
                is_read_only: false,
                doc: None,
            }
        });
        described.collect()
    }

    fn describe_key(&self, key: &NodeKey) -> DescribedConfig {
        let image = self.image();
        let dynamic = image.configs.of(&ConfigResource::broker_defaults()).get(key.name).map(String::as_str);
        let places = [
            (ConfigSource::DynamicDefaultBroker, dynamic),
            (ConfigSource::StaticBroker, self.settings().properties.get(key.name)),
            (ConfigSource::Default, key.default),
        ];
        let set = || places.into_iter().filter_map(|(source, value)| Some((source, value?)));
        let (source, value) =
            set().next().map_or((ConfigSource::Default, None), |(source, value)| (source, Some(value)));
        let value = value.filter(|_| !key.is_sensitive());
        DescribedConfig {
            name: key.name.to_owned(),
            value: value.map(str::to_owned),
            source,
            synonyms: match key.is_sensitive() {
                true => Vec::new(),
                false => set().flat_map(|(source, value)| synonyms(key.name, Some(value), source)).collect(),
            },
            key_type: key.key_type,
            is_sensitive: key.is_sensitive(),
            is_read_only: true,
            doc: None,
        }
    }
}

fn synonyms(name: &str, value: Option<&str>, source: ConfigSource) -> Vec<ConfigSynonym> {
    let synonym = value.map(|value| ConfigSynonym { name: name.to_owned(), value: value.to_owned(), source });
    synonym.into_iter().collect()
}

impl From<ConfigEntry> for DescribedConfig {
    fn from(entry: ConfigEntry) -> Self {
        Self {
            name: entry.name.to_owned(),
            value: entry.value,
            source: entry.source,
            synonyms: entry.synonyms,
            key_type: entry.key_type,
            is_sensitive: false,
            is_read_only: false,
            doc: Some(entry.doc),
        }
    }
}
