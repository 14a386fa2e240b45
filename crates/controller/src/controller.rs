//! The state that decisions read.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use config::{Properties, TopicConfig, TopicLayers};
use metadata::{
    ConfigResource, ImageLoader, MetadataImage, MetadataRecord, MetadataVersion, ReplayError, TopicImage,
};
use types::{NodeId, Offset};

use crate::brokers::BrokerSessions;

/// What a controller is told about itself and its defaults.
#[derive(Clone, Debug)]
pub struct ControllerSettings {
    /// The cluster's id; brokers of another one are refused.
    pub cluster_id: String,
    /// This controller's `node.id`.
    pub node_id: NodeId,
    /// `num.partitions`, at least 1.
    pub num_partitions: i32,
    /// `default.replication.factor`.
    pub default_replication_factor: i16,
    /// `delete.topic.enable`.
    pub delete_topic_enable: bool,
    /// `broker.session.timeout.ms`: a broker not heard of for so long is fenced.
    pub broker_session_timeout: Duration,
    /// The node's properties file, for what topics inherit.
    pub properties: Properties,
}

/// The controller: the metadata image with everything appended so far, committed or not, and the brokers' sessions.
#[derive(Clone, Debug)]
pub struct Controller {
    pub(crate) settings: ControllerSettings,
    loader: ImageLoader,
    pub(crate) sessions: BrokerSessions,
    /// Offset of each broker's latest RegisterBrokerRecord: a broker that has read it knows its registration.
    pub(crate) registered_at: BTreeMap<NodeId, Offset>,
}

impl Controller {
    /// A controller at the end of what `loader` has loaded.
    pub fn new(settings: ControllerSettings, loader: ImageLoader) -> Self {
        // What a snapshot says of registrations, a broker that has read the snapshot knows.
        let loaded = loader.latest().provenance.offset;
        let registered_at = loader.latest().cluster.brokers().map(|broker| (broker.id, loaded)).collect();
        Self { settings, loader, sessions: BrokerSessions::default(), registered_at }
    }

    /// The image with everything appended so far, even what is not committed or in an open transaction.
    pub fn image(&self) -> &MetadataImage {
        self.loader.latest()
    }

    /// The image that others may see once everything appended is committed.
    pub fn image_to_publish(&self) -> Arc<MetadataImage> {
        self.loader.image()
    }

    /// Where the transaction of the log that has not ended began.
    pub fn transaction_began_at(&self) -> Option<Offset> {
        self.loader.transaction_began_at()
    }

    /// Applies the record at `offset`.
    ///
    /// # Errors
    /// When the record contradicts what came before it; the controller must then be loaded anew.
    pub fn replay(&mut self, record: &MetadataRecord, offset: Offset) -> Result<(), ReplayError> {
        self.sessions.replay(self.loader.latest(), record, offset);
        self.loader.replay(record, offset)?;
        match record {
            MetadataRecord::RegisterBroker(record) => {
                self.registered_at.insert(NodeId(record.broker_id), offset);
            }
            MetadataRecord::UnregisterBroker(record) => {
                self.registered_at.remove(&NodeId(record.broker_id));
            }
            _ => {}
        }
        Ok(())
    }

    /// Says who wrote the batch whose records were replayed last, and when.
    pub fn set_batch(&mut self, epoch: i32, append_time_ms: i64) {
        self.loader.set_batch(epoch, append_time_ms);
    }

    /// The version at which records are written.
    pub(crate) fn metadata_version(&self) -> MetadataVersion {
        self.image().metadata_version()
    }

    /// What brokers give to topics that do not set a key themselves.
    pub fn topic_layers(&self) -> TopicLayers<'_> {
        let configs = &self.image().configs;
        TopicLayers {
            properties: &self.settings.properties,
            dynamic_default: configs.of(&ConfigResource::broker_defaults()),
            dynamic_broker: configs.of(&ConfigResource::broker(self.settings.node_id)),
        }
    }

    /// The effective settings of an existing topic.
    pub(crate) fn topic_config(&self, topic: &TopicImage) -> TopicConfig {
        let overrides = self.image().configs.of(&ConfigResource::topic(&*topic.name));
        self.topic_layers().resolve(overrides)
    }
}
