//! The effective settings of topics: their own over the cluster's over the node's file.

use config::{TopicConfig, TopicLayers};
use metadata::{ConfigResource, MetadataImage};

use crate::Broker;

/// The settings of one topic.
pub(crate) fn topic_config(broker: &Broker, image: &MetadataImage, topic: &str) -> TopicConfig {
    layers(broker, image).resolve(image.configs.of(&ConfigResource::topic(topic)))
}

/// The settings of a topic that sets nothing itself.
pub(crate) fn cluster_topic_config(broker: &Broker, image: &MetadataImage) -> TopicConfig {
    layers(broker, image).resolve(&Default::default())
}

/// What topics get from above.
pub(crate) fn layers<'a>(broker: &'a Broker, image: &'a MetadataImage) -> TopicLayers<'a> {
    TopicLayers {
        properties: &broker.settings().properties,
        dynamic_default: image.configs.of(&ConfigResource::broker_defaults()),
        dynamic_broker: image.configs.of(&ConfigResource::broker(broker.node_id())),
    }
}
