//! A partition's change under the rules of its topic.

use metadata::{MetadataRecord, PartitionImage, TopicImage};
use types::{NodeId, PartitionIndex};

use super::{Election, PartitionChange};
use crate::Controller;

/// What a topic's settings say of its partitions' changes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TopicRules {
    /// `min.insync.replicas`, at most the replicas there are: no more can be demanded.
    min_isr: usize,
    /// How leaders are found that nobody asked for (`unclean.leader.election.enable`).
    pub(crate) election: Election,
}

impl Controller {
    pub(crate) fn topic_rules(&self, topic: &TopicImage) -> TopicRules {
        let config = self.topic_config(topic);
        let election = match config.unclean_leader_election_enable {
            true => Election::Unclean,
            false => Election::Clean,
        };
        let replicas = topic.partitions.values().next().map_or(1, |partition| partition.replicas.len());
        let min_isr = usize::try_from(config.min_insync_replicas).unwrap_or(1).min(replicas);
        TopicRules { min_isr, election }
    }

    /// The record of what `edit` makes of a partition; `None` where nothing changes.
    pub(crate) fn changed(
        &self,
        topic: &TopicImage,
        index: PartitionIndex,
        partition: &PartitionImage,
        rules: TopicRules,
        may_lead: &dyn Fn(NodeId) -> bool,
        edit: impl FnOnce(&mut PartitionChange<'_>),
    ) -> Option<MetadataRecord> {
        let default_directory = |broker| self.default_directory(broker);
        let version = self.metadata_version();
        let mut change =
            PartitionChange::new(topic.id, index, partition, version, may_lead, &default_directory);
        change.election = rules.election;
        change.min_isr = rules.min_isr;
        change.with_eligible_leader_replicas = self.image().features.has_eligible_leader_replicas();
        edit(&mut change);
        change.record().map(MetadataRecord::from)
    }

    /// Whether a broker that neither comes nor goes may lead a partition.
    pub(crate) fn can_lead(&self, partition: &PartitionImage, broker: NodeId) -> bool {
        self.is_active(broker) && self.has_replica_online(partition, broker)
    }

    /// Whether a broker has a replica of a partition, in a directory that is online.
    pub(crate) fn has_replica_online(&self, partition: &PartitionImage, broker: NodeId) -> bool {
        let registration = self.image().cluster.broker(broker);
        let directory = partition.directory(broker);
        registration.zip(directory).is_some_and(|(broker, directory)| broker.has_online_directory(directory))
    }
}
