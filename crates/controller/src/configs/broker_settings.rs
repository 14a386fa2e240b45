//! What brokers may be set to while they run.

use std::collections::BTreeMap;

use config::{BrokerLayers, GroupLayers};
use metadata::ConfigResource;

use super::incremental_alter::{MIN_INSYNC_REPLICAS, invalid_request};
use super::{ConfigChange, ConfigOperation};
use crate::{Controller, ControllerError};

impl Controller {
    /// What brokers give to groups that do not set a key themselves.
    pub fn group_layers(&self) -> GroupLayers<'_> {
        let configs = &self.image().configs;
        GroupLayers {
            properties: &self.settings.properties,
            dynamic_default: configs.of(&ConfigResource::broker_defaults()),
            dynamic_broker: configs.of(&ConfigResource::broker(self.settings.node_id)),
        }
    }

    /// Whether a broker, or all brokers, may have the settings `after`. What stood there before and is not touched was
    /// judged when it was set, or by another version.
    pub(super) fn check_broker_settings(
        &self,
        resource: &ConfigResource,
        changes: &[ConfigChange],
        after: &BTreeMap<String, String>,
    ) -> Result<(), ControllerError> {
        let of_all = resource.name.is_empty();
        let before = self.broker_layers(resource);
        let layers = match of_all {
            true => BrokerLayers { dynamic_default: after, ..before },
            false => BrokerLayers { dynamic_broker: after, ..before },
        };
        let names = changes.iter().filter(|change| change.operation != ConfigOperation::Delete);
        let set = names.filter_map(|change| {
            let (name, value) = after.get_key_value(&change.name)?;
            Some((name.as_str(), value.as_str()))
        });
        layers.validate(&set.collect(), &before.effective(), of_all)?;
        match changes.iter().any(|change| change.name == MIN_INSYNC_REPLICAS) {
            true if self.image().features.has_eligible_leader_replicas() => self.check_min_isr(of_all, after),
            _ => Ok(()),
        }
    }

    /// Where the settings of the broker stand that `resource` names; for all brokers, those of this node.
    fn broker_layers(&self, resource: &ConfigResource) -> BrokerLayers<'_> {
        let configs = &self.image().configs;
        let own = ConfigResource::broker(self.settings.node_id);
        BrokerLayers {
            properties: &self.settings.properties,
            dynamic_default: configs.of(&ConfigResource::broker_defaults()),
            dynamic_broker: configs.of(if resource.name.is_empty() { &own } else { resource }),
        }
    }

    /// With eligible leader replicas all brokers must agree on the minimum.
    fn check_min_isr(&self, of_all: bool, after: &BTreeMap<String, String>) -> Result<(), ControllerError> {
        let forbidden = match of_all {
            true if after.contains_key(MIN_INSYNC_REPLICAS) => return Ok(()),
            true => "with eligible leader replicas, the cluster must keep a min.insync.replicas",
            false => "with eligible leader replicas, all brokers share one min.insync.replicas",
        };
        Err(ControllerError::InvalidConfig { reason: forbidden.to_owned() })
    }
}

impl From<config::DynamicConfigError> for ControllerError {
    /// A broker's setting that is refused is an invalid request to Kafka, whatever is wrong with it (KAFKA-13609).
    fn from(error: config::DynamicConfigError) -> Self {
        match error {
            config::DynamicConfigError::UnknownKey { .. } => {
                Self::InvalidConfig { reason: error.to_string() }
            }
            _ => invalid_request(error.to_string()),
        }
    }
}
