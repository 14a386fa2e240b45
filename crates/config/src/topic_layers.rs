//! A topic's settings resolved: its own, over the cluster's dynamic ones, over the node's file, over Kafka's defaults.

use std::collections::BTreeMap;

use types::spelling::{nearest, or_nearest};

use crate::broker_layers::{BrokerLayers, Layer};
use crate::node_error::ConfigError;
use crate::node_key::{KeyType, Value};
use crate::properties::Properties;
use crate::topic_key::{TopicKey, TopicOverrides, shown};
use crate::{CleanupPolicy, CompressionSetting, TimestampType, TopicConfig};

/// Where a value comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConfigSource {
    /// The topic itself.
    Topic,
    /// A dynamic setting of this broker.
    DynamicBroker,
    /// A dynamic setting for all brokers.
    DynamicDefaultBroker,
    /// The node's properties file.
    StaticBroker,
    /// Kafka's default.
    Default,
    /// The broker's loggers.
    BrokerLogger,
    /// The group itself.
    Group,
}

impl ConfigSource {
    /// Its number in DescribeConfigs and CreateTopics answers.
    pub const fn id(self) -> i8 {
        match self {
            Self::Topic => 1,
            Self::DynamicBroker => 2,
            Self::DynamicDefaultBroker => 3,
            Self::StaticBroker => 4,
            Self::Default => 5,
            Self::BrokerLogger => 6,
            Self::Group => 8,
        }
    }
}

/// A place where a value is set, and the value there.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names say it")]
pub struct ConfigSynonym {
    pub name: String,
    /// `None` where it is secret.
    pub value: Option<String>,
    pub source: ConfigSource,
}

/// One effective setting, as DescribeConfigs shows it. Topic settings are neither secret nor read-only.
#[derive(Clone, Debug, PartialEq)]
pub struct ConfigEntry {
    /// The key's name.
    pub name: &'static str,
    /// The effective value; `None` for an internal key that is not set.
    pub value: Option<String>,
    /// Where it comes from.
    pub source: ConfigSource,
    /// Every place where it is set, the one that counts first.
    pub synonyms: Vec<ConfigSynonym>,
    /// The type of the value.
    pub key_type: KeyType,
    /// What the key means.
    pub doc: &'static str,
}

impl ConfigEntry {
    /// Whether nobody has set it.
    pub fn is_default(&self) -> bool {
        self.source == ConfigSource::Default
    }
}

/// What brokers give to topics that do not set a key themselves.
#[derive(Clone, Copy, Debug)]
pub struct TopicLayers<'a> {
    /// The node's properties file.
    pub properties: &'a Properties,
    /// Dynamic settings for all brokers.
    pub dynamic_default: &'a BTreeMap<String, String>,
    /// Dynamic settings of this broker.
    pub dynamic_broker: &'a BTreeMap<String, String>,
}

impl<'a> TopicLayers<'a> {
    /// The effective settings of a topic.
    ///
    /// Values that their keys do not take are passed over: they were checked when they were set, and what a newer
    /// version of the cluster allows must not stop this one.
    pub fn resolve(&self, overrides: &TopicOverrides) -> TopicConfig {
        let value = |name: &str| self.effective(known(name), overrides);
        let long = |name: &str| match value(name) {
            Some(Value::Number(number)) => number,
            other => panic!("{name} is a number with a default, not {other:?}"),
        };
        // INT keys were checked for 32 bits.
        let int = |name: &str| i32::try_from(long(name)).unwrap_or(i32::MAX);
        let boolean = |name: &str| value(name) == Some(Value::Boolean(true));
        let text = |name: &str| value(name).map(|value| shown(&value)).unwrap_or_default();
        let policies = text("cleanup.policy");
        let has = |policy: &str| policies.split(',').any(|entry| entry == policy);
        TopicConfig {
            cleanup_policy: CleanupPolicy { delete: has("delete"), compact: has("compact") },
            compression: match text("compression.type").as_str() {
                "uncompressed" => CompressionSetting::Uncompressed,
                "gzip" => CompressionSetting::Gzip { level: int("compression.gzip.level") },
                "snappy" => CompressionSetting::Snappy,
                "lz4" => CompressionSetting::Lz4 { level: int("compression.lz4.level") },
                "zstd" => CompressionSetting::Zstd { level: int("compression.zstd.level") },
                _ => CompressionSetting::Producer,
            },
            delete_retention_ms: long("delete.retention.ms"),
            file_delete_delay_ms: long("file.delete.delay.ms"),
            flush_messages: long("flush.messages"),
            flush_ms: long("flush.ms"),
            index_interval_bytes: int("index.interval.bytes"),
            max_compaction_lag_ms: long("max.compaction.lag.ms"),
            max_message_bytes: int("max.message.bytes"),
            message_timestamp_after_max_ms: long("message.timestamp.after.max.ms"),
            message_timestamp_before_max_ms: long("message.timestamp.before.max.ms"),
            message_timestamp_type: match text("message.timestamp.type").as_str() {
                "LogAppendTime" => TimestampType::LogAppendTime,
                _ => TimestampType::CreateTime,
            },
            min_cleanable_dirty_ratio: match value("min.cleanable.dirty.ratio") {
                Some(Value::Double(ratio)) => ratio,
                other => panic!("min.cleanable.dirty.ratio has a default, not {other:?}"),
            },
            min_compaction_lag_ms: long("min.compaction.lag.ms"),
            min_insync_replicas: int("min.insync.replicas"),
            preallocate: boolean("preallocate"),
            retention_bytes: long("retention.bytes"),
            retention_ms: long("retention.ms"),
            segment_bytes: match value("internal.segment.bytes") {
                Some(Value::Number(_)) => int("internal.segment.bytes"),
                _ => int("segment.bytes"),
            },
            segment_index_bytes: int("segment.index.bytes"),
            segment_jitter_ms: long("segment.jitter.ms"),
            segment_ms: long("segment.ms"),
            unclean_leader_election_enable: boolean("unclean.leader.election.enable"),
        }
    }

    /// Every effective setting of a topic, by name; internal ones only where the topic sets them.
    pub fn entries(&self, overrides: &TopicOverrides) -> Vec<ConfigEntry> {
        let listed = TopicKey::all().iter();
        let listed = listed.filter(|key| !key.is_internal || overrides.contains_key(key.name()));
        listed.map(|key| self.entry(key, overrides)).collect()
    }

    fn entry(&self, key: &'static TopicKey, overrides: &TopicOverrides) -> ConfigEntry {
        let value = self.effective(key, overrides).map(|value| shown(&value));
        let own = overrides.get(key.name()).map(|_| ConfigSynonym {
            name: key.name().to_owned(),
            value: Some(value.clone().unwrap_or_default()),
            source: ConfigSource::Topic,
        });
        let synonyms: Vec<_> = own.into_iter().chain(self.broker_synonyms(key)).collect();
        ConfigEntry {
            name: key.name(),
            value,
            source: synonyms.first().map_or(ConfigSource::Default, |first| first.source),
            synonyms,
            key_type: key.key.key_type,
            doc: key.doc,
        }
    }

    /// Every place among the brokers' settings where a key is set. Kafka shows them from the first that bears the
    /// name of the most important synonym on, and so does this.
    fn broker_synonyms(&self, key: &'static TopicKey) -> impl Iterator<Item = ConfigSynonym> {
        let shown_from = key.broker_synonyms.first().map_or("", |synonym| synonym.name);
        let set = self.layers().flat_map(move |(source, layer)| {
            key.broker_synonyms.iter().filter_map(move |synonym| {
                let value = Some(layer(synonym.name)?);
                Some(ConfigSynonym { name: synonym.name.to_owned(), value, source })
            })
        });
        set.skip_while(move |synonym| synonym.name != shown_from)
    }

    /// The value that counts: of the topic, else of the highest layer that sets any synonym.
    fn effective(&self, key: &'static TopicKey, overrides: &TopicOverrides) -> Option<Value> {
        let own = overrides.get(key.name()).and_then(|text| key.parse(text).ok());
        let of_brokers = || {
            self.layers().find_map(|(_, layer)| {
                key.broker_synonyms.iter().find_map(|synonym| {
                    let text = synonym.convert(&layer(synonym.name)?)?;
                    key.parse(&text).ok()
                })
            })
        };
        own.or_else(of_brokers).or_else(|| key.default_value())
    }

    /// The brokers' layers from the highest on, each as a lookup.
    fn layers(&self) -> impl Iterator<Item = (ConfigSource, Layer<'a>)> + use<'a> {
        let Self { properties, dynamic_default, dynamic_broker } = *self;
        BrokerLayers { properties, dynamic_default, dynamic_broker }.layers()
    }

    /// Checks what a topic would set, all of it together.
    ///
    /// # Errors
    /// The first unknown key, value that its key does not take, or rule between keys that is broken.
    pub fn validate(
        &self,
        overrides: &TopicOverrides,
        existing: &TopicOverrides,
    ) -> Result<(), TopicConfigError> {
        for (name, text) in overrides {
            let key = TopicKey::find(name).ok_or_else(|| TopicConfigError::UnknownKey {
                name: name.clone(),
                nearest: nearest(name, TopicKey::all().iter().map(TopicKey::name)),
            })?;
            key.parse(text)?;
        }
        let config = self.resolve(overrides);
        if config.min_compaction_lag_ms > config.max_compaction_lag_ms {
            return Err(conflict(
                "min.compaction.lag.ms",
                config.min_compaction_lag_ms,
                format!("must not be above max.compaction.lag.ms, which is {}", config.max_compaction_lag_ms),
            ));
        }
        let remote = |settings: &TopicOverrides| {
            settings.get("remote.storage.enable").is_some_and(|text| text.trim().eq_ignore_ascii_case("true"))
        };
        if remote(overrides) {
            return Err(TopicConfigError::TieredStorageDisabled);
        }
        let deletes = self.effective(known("remote.log.delete.on.disable"), overrides);
        if remote(existing) && deletes != Some(Value::Boolean(true)) {
            return Err(TopicConfigError::RemoteDataWouldBeLost);
        }
        Ok(())
    }
}

fn known(name: &str) -> &'static TopicKey {
    TopicKey::find(name).expect("the table has every key that is looked up")
}

fn conflict(key: &'static str, value: i64, rule: String) -> TopicConfigError {
    ConfigError::Conflict { key, value: value.to_string(), rule }.into()
}

/// Why a topic cannot have these settings.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TopicConfigError {
    /// No topic key has this name.
    #[error("no topic key is named {name}{}", or_nearest(*nearest))]
    UnknownKey {
        /// As given.
        name: String,
        /// What it may have meant.
        nearest: Option<&'static str>,
    },
    /// A value, or values together, that keys do not take.
    #[error("{0}")]
    Value(#[from] ConfigError),
    /// The cluster has no remote storage.
    #[error("remote.storage.enable=true: this cluster has no remote storage")]
    TieredStorageDisabled,
    /// Switching remote storage off must say what becomes of the data there.
    #[error(
        "remote.storage.enable=false: set remote.log.delete.on.disable=true to delete the remote data, or keep it \
         readable with remote.storage.enable=true,remote.log.copy.disable=true"
    )]
    RemoteDataWouldBeLost,
}
