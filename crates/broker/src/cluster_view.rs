//! What the group coordinator knows of the cluster: the metadata that this broker works by, and the settings of groups.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use config::{BrokerLayers, GroupConfig, GroupOverrides, Properties};
use group_coordinator::consumer::ConsumerGroupSettings;
use group_coordinator::{Cluster, ClusterView, GroupRequest, Topic};
use metadata::{ConfigResource, ConfigResourceType, MetadataImage, TopicChange};
use types::{NodeId, PartitionIndex, TopicName, Uuid};

use crate::Broker;

/// The cluster as one image of the metadata has it.
pub(crate) struct BrokerCluster {
    image: Arc<MetadataImage>,
    properties: Arc<Properties>,
    node_id: NodeId,
    /// Of groups that set nothing themselves.
    defaults: ConsumerGroupSettings,
}

impl fmt::Debug for BrokerCluster {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BrokerCluster").field("version", &self.version()).finish_non_exhaustive()
    }
}

impl BrokerCluster {
    pub(crate) fn new(image: Arc<MetadataImage>, properties: Arc<Properties>, node_id: NodeId) -> Self {
        let defaults = ConsumerGroupSettings::DEFAULT;
        let cluster = Self { image, properties, node_id, defaults };
        let defaults = cluster.resolve(&GroupOverrides::new());
        Self { defaults, ..cluster }
    }

    fn resolve(&self, own: &GroupOverrides) -> ConsumerGroupSettings {
        let layers = BrokerLayers {
            properties: &self.properties,
            dynamic_default: self.image.configs.of(&ConfigResource::broker_defaults()),
            dynamic_broker: self.image.configs.of(&ConfigResource::broker(self.node_id)),
        };
        let GroupConfig {
            consumer_session_timeout_ms: session_timeout_ms,
            consumer_heartbeat_interval_ms: heartbeat_interval_ms,
            consumer_assignment_interval_ms: assignment_interval_ms,
            ..
        } = layers.resolve_group(own);
        ConsumerGroupSettings { session_timeout_ms, heartbeat_interval_ms, assignment_interval_ms }
    }
}

impl Cluster for BrokerCluster {
    fn version(&self) -> i64 {
        self.image.provenance.offset.0
    }

    fn topic(&self, name: &str) -> Option<Topic> {
        let topic = self.image.topics.by_name(name)?;
        let partitions = i32::try_from(topic.partitions.len()).unwrap_or(i32::MAX);
        Some(Topic { id: topic.id, name: topic.name.clone(), partitions })
    }

    fn topic_name(&self, id: Uuid) -> Option<TopicName> {
        self.image.topics.by_id(id).map(|topic| topic.name.clone())
    }

    fn topic_names(&self) -> Box<dyn Iterator<Item = TopicName> + '_> {
        Box::new(self.image.topics.iter().map(|topic| topic.name.clone()))
    }

    fn racks(&self, topic: Uuid, partition: PartitionIndex) -> Vec<String> {
        let Some(partition) = self.image.topics.partition(topic, partition) else { return Vec::new() };
        let rack = |broker| self.image.cluster.broker(broker)?.rack.clone();
        partition.replicas.iter().copied().filter_map(rack).collect()
    }

    fn consumer_group_settings(&self, group_id: &str) -> ConsumerGroupSettings {
        let resource = ConfigResource { resource_type: ConfigResourceType::Group, name: group_id.to_owned() };
        let own = self.image.configs.of(&resource);
        if own.is_empty() { self.defaults } else { self.resolve(own) }
    }
}

impl Broker {
    /// Tells the shards of groups that the cluster looks otherwise: as this broker's image has it.
    pub(crate) fn tell_groups_of_cluster(&self, changes: &[TopicChange]) {
        let changed: Arc<BTreeSet<TopicName>> = Arc::new(changes.iter().map(changed_name).collect());
        let has_new_topics = changes.iter().any(|change| matches!(change, TopicChange::Created(_)));
        let cluster = ClusterView::new(self.cluster());
        self.groups().tell_all(|| GroupRequest::ClusterChanged {
            cluster: cluster.clone(),
            changed: changed.clone(),
            has_new_topics,
        });
    }
}

fn changed_name(change: &TopicChange) -> TopicName {
    match change {
        TopicChange::Created(topic)
        | TopicChange::Deleted(topic)
        | TopicChange::Changed { after: topic, .. } => topic.name.clone(),
    }
}
