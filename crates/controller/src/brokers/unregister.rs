//! UnregisterBroker: a broker that will not come back.

use protocol::records::unregister_broker_record::UnregisterBrokerRecord;
use types::NodeId;

use crate::partitions::BrokerEvent;
use crate::{Controller, ControllerError, Decision};

impl Controller {
    /// Removes a broker's registration; it leaves ISRs and eligible leader replicas first.
    ///
    /// # Errors
    /// [`ControllerError::UnknownBroker`].
    pub fn decide_unregister_broker(&self, id: NodeId) -> Result<Decision<()>, ControllerError> {
        let broker = self.image().cluster.broker(id).ok_or(ControllerError::UnknownBroker { id })?;
        let mut records = self.leave_isrs(id);
        let eligible = self.partition_changes(BrokerEvent::LostItsTail(id), |partition| {
            partition.eligible_leader_replicas.contains(&id)
        });
        records.extend(eligible);
        let record =
            UnregisterBrokerRecord { broker_id: id.0, broker_epoch: broker.epoch.0, ..Default::default() };
        records.push(record.into());
        Ok(Decision::sequence(records, ()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::Cluster;

    #[test]
    fn an_unregistered_broker_leads_nothing_and_is_unknown() {
        let mut cluster = Cluster::of(2);
        cluster.assign("t", &[&[1, 2]]);
        let decided = cluster.controller.decide_unregister_broker(NodeId(1)).expect("it is registered");
        cluster.append(&decided.records);
        assert_eq!(cluster.partition("t", 0).leader, Some(NodeId(2)));
        assert_eq!(cluster.controller.image().cluster.broker(NodeId(1)), None);
        let again = cluster.controller.decide_unregister_broker(NodeId(1));
        assert_eq!(again, Err(ControllerError::UnknownBroker { id: NodeId(1) }));
    }
}
