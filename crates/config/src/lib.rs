//! Every configuration key as data, and the typed settings that the rooms above are given as arguments.
//!
//! *Boundary:* texts come in, typed settings go out; files and command lines are read by `milena`.

mod broker_layers;
mod client_metrics_keys;
mod described_config;
mod dynamic_key;
mod dynamic_validation;
mod environment;
mod group_keys;
mod group_layers;
mod key_kips;
mod key_measure;
mod known_key;
mod node_config;
mod node_docs;
mod node_error;
mod node_groups;
mod node_key;
mod node_keys;
mod node_listeners;
mod node_topic_defaults;
mod node_values;
mod properties;
mod topic_config;
mod topic_key;
mod topic_keys;
mod topic_layers;
mod transaction_config;

pub use broker_layers::BrokerLayers;
pub use client_metrics_keys::ClientMetricsKey;
pub use described_config::DescribedConfig;
pub use dynamic_key::{DynamicEffect, DynamicKey, dynamic_keys};
pub use dynamic_validation::DynamicConfigError;
pub use environment::{CLUSTER_ID_VARIABLE, key_of_variable};
pub use group_keys::GroupKey;
pub use group_layers::{GroupConfig, GroupConfigError, GroupLayers, GroupOverrides};
pub use key_measure::Measure;
pub use known_key::{KeyFamily, KeyScope, KnownKey};
pub use node_config::{
    ConnectionConfig, GroupCoordinatorConfig, LifecycleConfig, LogCleanerConfig, LogConfig,
    MetadataLogConfig, NodeConfig, ProducerConfig, RequestConfig, TopicCreationConfig,
};
pub use node_error::{ConfigError, ConfigWarning};
pub use node_groups::ConsumerGroupsConfig;
pub use node_key::{KeyType, NodeKey, Support, Valid};
pub use node_listeners::{Endpoint, HostPort, Listener, Voter};
pub use properties::Properties;
pub use topic_config::{CleanupPolicy, CompressionSetting, TimestampType, TopicConfig};
pub use topic_key::{BrokerSynonym, TopicKey, TopicOverrides, Unit};
pub use topic_layers::{ConfigEntry, ConfigSource, ConfigSynonym, TopicConfigError, TopicLayers};
pub use transaction_config::TransactionConfig;

#[cfg(test)]
mod known_key_test;
#[cfg(test)]
mod node_config_test;
#[cfg(test)]
mod node_key_test;
#[cfg(test)]
mod topic_key_test;
#[cfg(test)]
mod topic_layers_test;
