//! ConsumerGroupDescribe, for one group.

use types::{PartitionIndex, Uuid};

use super::member::{Member, Owned};
use super::{ConsumerGroup, ConsumerGroupDescription, ConsumerMemberDescription, NamedPartitions};
use crate::assignors::{Assignment, ServerAssignor};
use crate::cluster::ClusterView;

impl ConsumerGroup {
    /// Topics that do not exist any more are left out.
    pub(crate) fn describe(
        &self,
        default_assignor: ServerAssignor,
        cluster: &ClusterView,
    ) -> ConsumerGroupDescription {
        let member = |member: &Member| {
            let target = self.targets.get(&member.id).map(|target| &**target);
            ConsumerMemberDescription {
                member_id: member.id.to_string(),
                group_instance_id: member.says.group_instance_id.as_deref().map(str::to_owned),
                rack_id: member.says.rack_id.clone(),
                member_epoch: member.epoch(),
                client_id: member.says.client_id.clone(),
                client_host: member.says.client_host.clone(),
                subscribed_topics: member.says.subscription.names.clone(),
                subscribed_regex: member.says.subscription.pattern.as_deref().map(str::to_owned),
                assignment: held(member, cluster),
                target: target.map(|target| named(target, cluster)).unwrap_or_default(),
                is_classic: member.is_classic(),
            }
        };
        ConsumerGroupDescription {
            state: self.state_name(),
            group_epoch: self.epoch(),
            assignment_epoch: self.assignment_epoch(),
            assignor: self.assignor_name().unwrap_or(default_assignor.name()).to_owned(),
            members: self.members().map(member).collect(),
        }
    }
}

/// What the member has, and what it is still to give up, for which it is responsible until then.
fn held(member: &Member, cluster: &ClusterView) -> Vec<NamedPartitions> {
    let mut held = Owned::new();
    for (topic, partitions) in member.current.assigned.iter().chain(&member.current.revoking) {
        held.entry(*topic).or_default().extend(partitions);
    }
    let partitions = held.into_iter().map(|(topic, partitions)| (topic, partitions.into_keys().collect()));
    partitions.filter_map(|(topic, partitions)| of_topic(topic, partitions, cluster)).collect()
}

fn named(target: &Assignment, cluster: &ClusterView) -> Vec<NamedPartitions> {
    let mut named: Vec<_> = target
        .topics
        .iter()
        .filter_map(|topic| of_topic(topic.topic_id, topic.partitions.clone(), cluster))
        .collect();
    named.sort_by_key(|topic| topic.topic_id);
    named
}

fn of_topic(
    topic_id: Uuid,
    mut partitions: Vec<PartitionIndex>,
    cluster: &ClusterView,
) -> Option<NamedPartitions> {
    partitions.sort_unstable();
    Some(NamedPartitions { topic_id, topic_name: cluster.topic_name(topic_id)?, partitions })
}
