//! AssignReplicasToDirs: a broker tells which of its directories its replicas lie in (KIP-858).
//!
//! A broker with several directories chooses one for each new replica, which the controller does not know before it is
//! told: until then the replica counts as online wherever it is.

use metadata::MetadataRecord;
use types::{BrokerEpoch, NodeId, PartitionIndex, Uuid};

use crate::{Controller, ControllerError, Decision};

/// One replica of the broker that tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DirectoryAssignment {
    /// The topic.
    pub topic_id: Uuid,
    /// The partition.
    pub partition: PartitionIndex,
    /// The directory that holds the broker's replica.
    pub directory: Uuid,
}

impl Controller {
    /// Notes directories; the results are in the order told. A replica in a directory that is not among the registered
    /// ones is offline: its broker leaves the ISR.
    ///
    /// # Errors
    /// [`ControllerError::Unsupported`] below metadata version 3.7-IV2; [`ControllerError::StaleBrokerEpoch`].
    pub fn decide_assign_directories(
        &self,
        broker: NodeId,
        epoch: BrokerEpoch,
        assignments: &[DirectoryAssignment],
    ) -> Result<Decision<Vec<Result<(), ControllerError>>>, ControllerError> {
        if !self.metadata_version().has_directory_assignment() {
            let reason = "this metadata version does not know the directories of replicas";
            return Err(ControllerError::Unsupported { reason });
        }
        self.check_broker_epoch(broker, epoch)?;
        let mut records = Vec::new();
        let assign = |assignment| {
            let record = self.assign_directory(broker, assignment)?;
            records.extend(record);
            Ok(())
        };
        let results = assignments.iter().map(assign).collect();
        Ok(Decision::sequence(records, results))
    }

    fn assign_directory(
        &self,
        broker: NodeId,
        assignment: &DirectoryAssignment,
    ) -> Result<Option<MetadataRecord>, ControllerError> {
        let DirectoryAssignment { topic_id, partition: index, directory } = *assignment;
        let topic =
            self.image().topics.by_id(topic_id).ok_or(ControllerError::UnknownTopicId { id: topic_id })?;
        let partition =
            topic.partition(index).ok_or(ControllerError::UnknownPartition { partition: index.0 })?;
        if !partition.replicas.contains(&broker) {
            return Err(ControllerError::NotAReplica { broker });
        }
        let registration = self.image().cluster.broker(broker);
        let is_online = registration.is_some_and(|broker| broker.has_online_directory(directory));
        let may_lead = |node| (node != broker || is_online) && self.can_lead(partition, node);
        Ok(self.changed(topic, index, partition, self.topic_rules(topic), &may_lead, |change| {
            change.placed = Some((broker, directory));
            if !is_online {
                change.isr.retain(|member| *member != broker);
            }
        }))
    }
}

#[cfg(test)]
mod tests {
    use metadata::DirectoryId;
    use types::ErrorCode;

    use super::*;
    use crate::fixture::{Cluster, code_of};

    fn directory(number: u64) -> Uuid {
        Uuid::from_halves(3, number)
    }

    /// Two brokers, of which the first has the directories 1 and 2; the topic `t` on both, `u` on the second.
    fn cluster() -> Cluster {
        let mut cluster = Cluster::of(0);
        cluster.register_with(NodeId(1), |broker| broker.directories = vec![directory(1), directory(2)]);
        cluster.register(NodeId(2));
        cluster.unfence(NodeId(1));
        cluster.unfence(NodeId(2));
        cluster.assign("t", &[&[1, 2]]);
        cluster.assign("u", &[&[2]]);
        cluster
    }

    fn assign(cluster: &mut Cluster, topic: &str, partition: i32, directory: Uuid) -> ErrorCode {
        let image = cluster.controller.image();
        let topic_id = image.topics.id_of(topic).expect("it was made");
        let epoch = image.cluster.broker(NodeId(1)).expect("it is registered").epoch;
        let assignment = DirectoryAssignment { topic_id, partition: PartitionIndex(partition), directory };
        let decided = cluster.controller.decide_assign_directories(NodeId(1), epoch, &[assignment]);
        let mut decided = decided.expect("the broker is known");
        cluster.append(&decided.records);
        code_of(decided.response.remove(0))
    }

    #[test]
    fn a_replica_is_unassigned_until_its_broker_tells_where_it_lies() {
        let mut cluster = cluster();
        assert_eq!(cluster.partition("t", 0).directory(NodeId(1)), Some(DirectoryId::UNASSIGNED));
        assert_eq!(assign(&mut cluster, "t", 0, directory(2)), ErrorCode::None);
        let told = cluster.partition("t", 0);
        assert_eq!(told.directory(NodeId(1)), Some(directory(2)));
        assert_eq!((told.leader, told.leader_epoch.0, told.partition_epoch), (Some(NodeId(1)), 0, 1));
        assert_eq!(assign(&mut cluster, "t", 0, directory(2)), ErrorCode::None);
        assert_eq!(cluster.partition("t", 0), told, "told again, nothing changes");
    }

    #[test]
    fn a_replica_in_a_directory_that_is_not_online_leads_no_more() {
        let mut cluster = cluster();
        assert_eq!(assign(&mut cluster, "t", 0, DirectoryId::LOST), ErrorCode::None);
        let partition = cluster.partition("t", 0);
        assert_eq!((partition.leader, partition.isr.as_slice()), (Some(NodeId(2)), [NodeId(2)].as_slice()));
        assert_eq!(partition.directory(NodeId(1)), Some(DirectoryId::LOST));
    }

    #[test]
    fn replicas_that_are_not_the_brokers_and_old_epochs_are_refused() {
        let mut cluster = cluster();
        assert_eq!(assign(&mut cluster, "u", 0, directory(1)), ErrorCode::NotLeaderOrFollower);
        assert_eq!(assign(&mut cluster, "t", 9, directory(1)), ErrorCode::UnknownTopicOrPartition);
        let nowhere = [DirectoryAssignment {
            topic_id: Uuid::from_halves(1, 1),
            partition: PartitionIndex(0),
            directory: directory(1),
        }];
        let epoch = cluster.controller.image().cluster.broker(NodeId(1)).expect("it is registered").epoch;
        let decided = cluster.controller.decide_assign_directories(NodeId(1), epoch, &nowhere);
        let mut decided = decided.expect("the broker is known");
        assert_eq!(code_of(decided.response.remove(0)), ErrorCode::UnknownTopicId);
        let stale = cluster.controller.decide_assign_directories(NodeId(1), BrokerEpoch(0), &nowhere);
        assert_eq!(code_of(stale), ErrorCode::StaleBrokerEpoch);
    }
}
