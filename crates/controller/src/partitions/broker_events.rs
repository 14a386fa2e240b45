//! What becomes of partitions when a broker comes, goes, or loses a log directory.

use metadata::{MetadataRecord, PartitionImage, TopicImage};
use types::NodeId;

use crate::Controller;

/// What happens to a broker. The image does not say it yet: its record is part of the same decision.
#[derive(Clone, Copy, Debug)]
pub(crate) enum BrokerEvent {
    /// It leaves ISRs and leads no more.
    Leaves(NodeId),
    /// It may lead.
    Comes(NodeId),
    /// It lost what was not on its disk: it leaves the ISRs and the eligible leader replicas.
    LostItsTail(NodeId),
}

impl Controller {
    /// The changes that an event makes to those partitions that `concerns` picks, by topic id and partition.
    pub(crate) fn partition_changes(
        &self,
        event: BrokerEvent,
        concerns: impl Fn(&PartitionImage) -> bool,
    ) -> Vec<MetadataRecord> {
        let topics = self.image().topics.iter_by_id();
        let changes = topics.flat_map(|topic| {
            let concerned = topic.partitions.values().any(|partition| concerns(partition));
            concerned.then(|| self.changes_of_topic(topic, event, &concerns)).into_iter().flatten()
        });
        changes.collect()
    }

    fn changes_of_topic(
        &self,
        topic: &TopicImage,
        event: BrokerEvent,
        concerns: &impl Fn(&PartitionImage) -> bool,
    ) -> Vec<MetadataRecord> {
        let rules = self.topic_rules(topic);
        let concerned = topic.partitions.iter().filter(|(_, partition)| concerns(partition));
        let changes = concerned.filter_map(|(index, partition)| {
            let may_lead = |broker| self.may_lead(partition, broker, event);
            self.changed(topic, *index, partition, rules, &may_lead, |change| {
                if let BrokerEvent::Leaves(broker) | BrokerEvent::LostItsTail(broker) = event {
                    change.isr.retain(|member| *member != broker);
                }
                if let BrokerEvent::LostItsTail(broker) = event {
                    change.lost_its_tail = Some(broker);
                }
            })
        });
        changes.collect()
    }

    fn may_lead(&self, partition: &PartitionImage, broker: NodeId, event: BrokerEvent) -> bool {
        let is_active = match event {
            // One that has begun to stop leads nothing until it registers anew.
            BrokerEvent::Comes(comer) if comer == broker => {
                let registration = self.image().cluster.broker(broker);
                registration.is_some_and(|registration| !registration.in_controlled_shutdown)
            }
            BrokerEvent::Leaves(leaver) | BrokerEvent::LostItsTail(leaver) if leaver == broker => false,
            _ => self.is_active(broker),
        };
        is_active && self.has_replica_online(partition, broker)
    }
}
