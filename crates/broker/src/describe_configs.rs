//! Settings as DescribeConfigs tells them: of topics, groups and this broker.

use config::DescribedConfig;
use metadata::{ConfigResource, ConfigResourceType};

use crate::Broker;
use crate::node_settings::broker_layers;
use crate::topic_settings::layers;

impl Broker {
    /// Every setting of a topic, by name; `None` for a topic that does not exist.
    pub fn describe_topic_config(&self, topic: &str) -> Option<Vec<DescribedConfig>> {
        let image = self.image();
        image.topics.by_name(topic)?;
        let entries = layers(self, &image).entries(image.configs.of(&ConfigResource::topic(topic)));
        Some(entries.into_iter().map(DescribedConfig::from).collect())
    }

    /// Every setting of a group, by name, whether the group has members or not.
    pub fn describe_group_config(&self, group: &str) -> Vec<DescribedConfig> {
        let image = self.image();
        let resource = ConfigResource { resource_type: ConfigResourceType::Group, name: group.to_owned() };
        broker_layers(self, &image).group_entries(image.configs.of(&resource))
    }

    /// Every setting of this broker, by name.
    pub fn describe_broker_config(&self) -> Vec<DescribedConfig> {
        broker_layers(self, &self.image()).entries()
    }

    /// The dynamic settings for all brokers, by name.
    pub fn describe_broker_defaults(&self) -> Vec<DescribedConfig> {
        broker_layers(self, &self.image()).default_entries()
    }
}
