//! The settings that this broker works by: its file's, and what was changed since it runs (KIP-226).

use std::sync::Arc;

use config::{BrokerLayers, NodeConfig};
use metadata::{ConfigResource, MetadataImage};
use tokio::sync::watch;

use crate::Broker;

/// Where the settings of this broker stand.
pub(crate) fn broker_layers<'a>(broker: &'a Broker, image: &'a MetadataImage) -> BrokerLayers<'a> {
    BrokerLayers {
        properties: &broker.settings().properties,
        dynamic_default: image.configs.of(&ConfigResource::broker_defaults()),
        dynamic_broker: image.configs.of(&ConfigResource::broker(broker.node_id())),
    }
}

impl Broker {
    /// The settings that this broker works by, each time they change; `None` until the metadata was read. What takes
    /// another start to change stands in them as in the node's file; the addresses of listeners are not those that were
    /// bound.
    pub fn node_config(&self) -> watch::Receiver<Option<Arc<NodeConfig>>> {
        self.node_config_sender().subscribe()
    }

    /// Works by the dynamic settings of `image` from here on. Settings that do not fit together, which only metadata
    /// written by others can hold, are told and leave all as it was.
    pub(crate) fn apply_node_settings(&self, image: &MetadataImage) {
        let layers = broker_layers(self, image);
        let config = match NodeConfig::from_properties(layers.effective(), "localhost") {
            Ok((config, _)) => config,
            Err(error) => {
                tracing::error!(%error, "dynamic settings of this broker are not taken: they do not fit together");
                return;
            }
        };
        self.log_dirs().set_producer_id_expiration_ms(config.producers.producer_id_expiration_ms.into());
        let verifies = config.transactions.transaction_partition_verification_enable;
        self.log_dirs().set_transaction_verification(verifies);
        let is_new = self.node_config_sender().borrow().as_deref() != Some(&config);
        if is_new {
            for (key, reason) in layers.without_effect() {
                tracing::warn!(key, reason, "a dynamic setting is kept and described, and has no effect");
            }
            self.node_config_sender().send_replace(Some(Arc::new(config)));
        }
    }
}
