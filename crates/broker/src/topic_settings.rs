//! The effective settings of topics: their own over the cluster's over the node's file.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use config::{TopicConfig, TopicLayers};
use metadata::{ConfigResource, MetadataImage};

use crate::Broker;

/// The settings that topics without any of their own share, and what they were resolved from.
#[derive(Debug, Default)]
pub(crate) struct ClusterTopicConfig {
    cached: Mutex<Option<Cached>>,
}

#[derive(Debug)]
struct Cached {
    dynamic_default: BTreeMap<String, String>,
    dynamic_broker: BTreeMap<String, String>,
    config: Arc<TopicConfig>,
}

/// The settings of one topic. Topics that set nothing themselves share theirs.
pub(crate) fn topic_config(broker: &Broker, image: &MetadataImage, topic: &str) -> Arc<TopicConfig> {
    let overrides = image.configs.of(&ConfigResource::topic(topic));
    match overrides.is_empty() {
        true => cluster_topic_config(broker, image),
        false => Arc::new(layers(broker, image).resolve(overrides)),
    }
}

/// The settings of a topic that sets nothing itself.
pub(crate) fn cluster_topic_config(broker: &Broker, image: &MetadataImage) -> Arc<TopicConfig> {
    let layers = layers(broker, image);
    let mut cached = broker.cluster_topic_config().cached.lock().unwrap_or_else(PoisonError::into_inner);
    match &*cached {
        Some(cached)
            if cached.dynamic_default == *layers.dynamic_default
                && cached.dynamic_broker == *layers.dynamic_broker =>
        {
            cached.config.clone()
        }
        _ => {
            let config = Arc::new(layers.resolve(&BTreeMap::new()));
            *cached = Some(Cached {
                dynamic_default: layers.dynamic_default.clone(),
                dynamic_broker: layers.dynamic_broker.clone(),
                config: config.clone(),
            });
            config
        }
    }
}

/// What topics get from above.
pub(crate) fn layers<'a>(broker: &'a Broker, image: &'a MetadataImage) -> TopicLayers<'a> {
    TopicLayers {
        properties: &broker.settings().properties,
        dynamic_default: image.configs.of(&ConfigResource::broker_defaults()),
        dynamic_broker: image.configs.of(&ConfigResource::broker(broker.node_id())),
    }
}
