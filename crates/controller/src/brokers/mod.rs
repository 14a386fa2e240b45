//! Brokers: registered, heard of, fenced, gone.

pub mod fence;
pub mod heartbeat;
pub mod register;
mod sessions;
pub mod unregister;

pub(crate) use sessions::BrokerSessions;

use protocol::records::broker_registration_change_record::BrokerRegistrationChangeRecord;
use types::{BrokerEpoch, NodeId};

use crate::partitions::BrokerEvent;
use crate::{Controller, ControllerError};
use metadata::{BrokerRegistration, MetadataRecord};

impl Controller {
    /// Refuses what an earlier start of a broker asks for.
    pub(crate) fn check_broker_epoch(&self, id: NodeId, epoch: BrokerEpoch) -> Result<(), ControllerError> {
        let registered = self.image().cluster.broker(id).map(|broker| broker.epoch);
        if registered != Some(epoch) {
            return Err(ControllerError::StaleBrokerEpoch { registered, found: epoch });
        }
        Ok(())
    }

    /// Fencing a broker: first its partitions find other leaders, then it is marked.
    pub(crate) fn fence_records(&self, broker: &BrokerRegistration) -> Vec<MetadataRecord> {
        let mut records = self.leave_isrs(broker.id);
        records.push(BrokerRegistrationChangeRecord { fenced: 1, ..change_of(broker) }.into());
        records
    }

    /// What becomes of the partitions whose ISR a broker leaves.
    pub(crate) fn leave_isrs(&self, id: NodeId) -> Vec<MetadataRecord> {
        self.partition_changes(BrokerEvent::Leaves(id), |partition| partition.isr.contains(&id))
    }
}

/// A record that changes nothing of this registration yet.
pub(crate) fn change_of(broker: &BrokerRegistration) -> BrokerRegistrationChangeRecord {
    BrokerRegistrationChangeRecord {
        broker_id: broker.id.0,
        broker_epoch: broker.epoch.0,
        ..Default::default()
    }
}
