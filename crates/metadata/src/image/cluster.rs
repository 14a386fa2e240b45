//! The brokers and controllers that are registered.

use std::collections::BTreeMap;
use std::sync::Arc;

use protocol::records::broker_registration_change_record::BrokerRegistrationChangeRecord;
use protocol::records::fence_broker_record::FenceBrokerRecord;
use protocol::records::register_broker_record::RegisterBrokerRecord;
use protocol::records::register_controller_record::RegisterControllerRecord;
use protocol::records::unfence_broker_record::UnfenceBrokerRecord;
use protocol::records::unregister_broker_record::UnregisterBrokerRecord;
use types::{BrokerEpoch, NodeId};

use super::{BrokerRegistration, ControllerRegistration};
use crate::{MetadataRecord, MetadataVersion, ReplayError};

/// Registrations by node id.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ClusterImage {
    brokers: Arc<BTreeMap<NodeId, Arc<BrokerRegistration>>>,
    controllers: Arc<BTreeMap<NodeId, Arc<ControllerRegistration>>>,
}

impl ClusterImage {
    /// The broker of this id, fenced or not.
    pub fn broker(&self, id: NodeId) -> Option<&Arc<BrokerRegistration>> {
        self.brokers.get(&id)
    }

    /// Every broker, fenced or not, by id.
    pub fn brokers(&self) -> impl Iterator<Item = &Arc<BrokerRegistration>> {
        self.brokers.values()
    }

    /// Every broker that clients may be sent to.
    pub fn unfenced_brokers(&self) -> impl Iterator<Item = &Arc<BrokerRegistration>> {
        self.brokers().filter(|broker| !broker.fenced)
    }

    /// The controller of this id.
    pub fn controller(&self, id: NodeId) -> Option<&Arc<ControllerRegistration>> {
        self.controllers.get(&id)
    }

    /// Every controller, by id.
    pub fn controllers(&self) -> impl Iterator<Item = &Arc<ControllerRegistration>> {
        self.controllers.values()
    }

    pub(super) fn register_broker(&mut self, record: &RegisterBrokerRecord) -> Result<(), ReplayError> {
        let broker = BrokerRegistration::from_record(record)?;
        Arc::make_mut(&mut self.brokers).insert(broker.id, Arc::new(broker));
        Ok(())
    }

    pub(super) fn unregister_broker(&mut self, record: &UnregisterBrokerRecord) {
        Arc::make_mut(&mut self.brokers).remove(&NodeId(record.broker_id));
    }

    pub(super) fn register_controller(
        &mut self,
        record: &RegisterControllerRecord,
    ) -> Result<(), ReplayError> {
        let controller = ControllerRegistration::from_record(record)?;
        Arc::make_mut(&mut self.controllers).insert(controller.id, Arc::new(controller));
        Ok(())
    }

    pub(super) fn fence_broker(&mut self, record: &FenceBrokerRecord) -> Result<(), ReplayError> {
        self.change_broker(record.id, record.epoch, |broker| broker.fenced = true)
    }

    pub(super) fn unfence_broker(&mut self, record: &UnfenceBrokerRecord) -> Result<(), ReplayError> {
        self.change_broker(record.id, record.epoch, |broker| broker.fenced = false)
    }

    pub(super) fn change_registration(
        &mut self,
        record: &BrokerRegistrationChangeRecord,
    ) -> Result<(), ReplayError> {
        let fenced = match record.fenced {
            0 => None,
            1 => Some(true),
            -1 => Some(false),
            value => {
                return Err(ReplayError::UnknownValue { field: "a change of fencing", value: value.into() });
            }
        };
        let in_controlled_shutdown = match record.in_controlled_shutdown {
            0 => None,
            1 => Some(true),
            value => {
                return Err(ReplayError::UnknownValue {
                    field: "a change of controlled shutdown",
                    value: value.into(),
                });
            }
        };
        self.change_broker(record.broker_id, record.broker_epoch, |broker| {
            broker.fenced = fenced.unwrap_or(broker.fenced);
            broker.in_controlled_shutdown = in_controlled_shutdown.unwrap_or(broker.in_controlled_shutdown);
            if !record.log_dirs.is_empty() {
                broker.directories.clone_from(&record.log_dirs);
                broker.directories.sort();
            }
            if record.cordoned_log_dirs.is_some() {
                broker.cordoned_directories.clone_from(&record.cordoned_log_dirs);
            }
        })
    }

    fn change_broker(
        &mut self,
        id: i32,
        epoch: i64,
        change: impl FnOnce(&mut BrokerRegistration),
    ) -> Result<(), ReplayError> {
        let (id, found) = (NodeId(id), BrokerEpoch(epoch));
        let registered = self.broker(id).ok_or(ReplayError::UnknownBroker { id })?.epoch;
        if registered != found {
            return Err(ReplayError::StaleBrokerEpoch { id, found, registered });
        }
        if let Some(broker) = Arc::make_mut(&mut self.brokers).get_mut(&id) {
            change(Arc::make_mut(broker));
        }
        Ok(())
    }

    pub(super) fn records(&self, version: MetadataVersion) -> impl Iterator<Item = MetadataRecord> {
        let brokers = self.brokers().map(move |broker| broker.to_record(version).into());
        let controllers = version.has_controller_registration().then(|| self.controllers());
        brokers.chain(controllers.into_iter().flatten().map(|controller| controller.to_record().into()))
    }
}
