//! Which brokers get the replicas of new partitions.

mod manual;
mod striped;

pub use striped::{UsableBroker, place};

use metadata::{BrokerRegistration, DirectoryId, LeaderRecoveryState, PartitionImage};
use types::{LeaderEpoch, NodeId, Uuid};

use crate::Controller;

impl Controller {
    /// Whether a broker is registered, not fenced and not about to stop.
    pub(crate) fn is_active(&self, broker: NodeId) -> bool {
        self.image().cluster.broker(broker).is_some_and(|broker| broker.is_active())
    }

    /// Brokers that may get new replicas: fenced ones as well, though they will not lead.
    pub(crate) fn usable_brokers(&self) -> Vec<UsableBroker> {
        let is_usable = |broker: &&std::sync::Arc<BrokerRegistration>| {
            !broker.in_controlled_shutdown && broker.has_uncordoned_directories()
        };
        let usable = |broker: &std::sync::Arc<BrokerRegistration>| UsableBroker {
            id: broker.id,
            rack: broker.rack.clone(),
            fenced: broker.fenced,
        };
        self.image().cluster.brokers().filter(is_usable).map(usable).collect()
    }

    /// The directory of a new replica: the broker's only one, else the broker's choice.
    pub(crate) fn default_directory(&self, broker: NodeId) -> Uuid {
        match self.image().cluster.broker(broker).map(|broker| broker.directories.as_slice()) {
            None => DirectoryId::UNASSIGNED,
            Some([]) => DirectoryId::MIGRATING,
            Some([only]) => *only,
            Some(_) => DirectoryId::UNASSIGNED,
        }
    }

    /// A new partition with these replicas, led by the first active one; `None` where none is active.
    pub(crate) fn new_partition(&self, replicas: Vec<NodeId>) -> Option<PartitionImage> {
        let isr: Vec<_> = replicas.iter().copied().filter(|broker| self.is_active(*broker)).collect();
        let leader = *isr.first()?;
        Some(PartitionImage {
            directories: replicas.iter().map(|broker| self.default_directory(*broker)).collect(),
            replicas,
            isr,
            leader: Some(leader),
            leader_recovery_state: LeaderRecoveryState::Recovered,
            leader_epoch: LeaderEpoch(0),
            partition_epoch: 0,
            ..PartitionImage::default()
        })
    }
}
