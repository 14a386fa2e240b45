//! A setting as DescribeConfigs tells it.

use crate::node_key::KeyType;
use crate::topic_layers::{ConfigEntry, ConfigSource, ConfigSynonym};

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
    /// The type of the value; `None` for keys that Kafka does not have.
    pub key_type: Option<KeyType>,
    /// Whether the value is never shown.
    pub is_sensitive: bool,
    /// Whether it takes another start to change it.
    pub is_read_only: bool,
    /// What the key means, where that is written down.
    pub doc: Option<&'static str>,
}

impl From<ConfigEntry> for DescribedConfig {
    fn from(entry: ConfigEntry) -> Self {
        Self {
            name: entry.name.to_owned(),
            value: entry.value,
            source: entry.source,
            synonyms: entry.synonyms,
            key_type: Some(entry.key_type),
            is_sensitive: false,
            is_read_only: false,
            doc: Some(entry.doc),
        }
    }
}
