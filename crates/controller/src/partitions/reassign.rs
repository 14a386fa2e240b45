//! AlterPartitionReassignments: partitions get other replicas, or keep those they had (KIP-455).
//!
//! The new replicas are added before the old ones are removed: a partition has both until the new ones are in sync.

use std::collections::BTreeSet;

use metadata::{MetadataRecord, PartitionImage, TopicImage};
use types::{NodeId, PartitionIndex};

use super::Election;
use crate::error::AssignmentError;
use crate::{Controller, ControllerError, Decision};

/// What is to become of one partition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reassignment {
    /// The topic's name.
    pub topic: String,
    /// The partition.
    pub partition: PartitionIndex,
    /// Its replicas, preferred leader first; `None`: the reassignment under way is undone.
    pub replicas: Option<Vec<NodeId>>,
}

impl Controller {
    /// Reassigns partitions; the results are in the order asked. `may_change_factor`: another number of replicas than
    /// before is fine (KIP-860).
    pub fn decide_reassign(
        &self,
        reassignments: &[Reassignment],
        may_change_factor: bool,
    ) -> Decision<Vec<Result<(), ControllerError>>> {
        let (mut records, mut seen, mut results) = (Vec::new(), BTreeSet::new(), Vec::new());
        for asked in reassignments {
            let result = match self.reassign(asked, may_change_factor) {
                // Two changes of one partition, each made from what it is now, would not fit together.
                Ok(_) if !seen.insert((&asked.topic, asked.partition)) => {
                    let reason = format!("{}-{} is reassigned twice", asked.topic, asked.partition);
                    Err(ControllerError::InvalidRequest { reason })
                }
                Ok(record) => {
                    records.extend(record);
                    Ok(())
                }
                Err(error) => Err(error),
            };
            results.push(result);
        }
        Decision::atomic(records, results)
    }

    fn reassign(
        &self,
        asked: &Reassignment,
        may_change_factor: bool,
    ) -> Result<Option<MetadataRecord>, ControllerError> {
        let topic = self.image().topics.by_name(&asked.topic).ok_or(ControllerError::UnknownTopic)?;
        let index = asked.partition;
        let partition =
            topic.partition(index).ok_or(ControllerError::UnknownPartition { partition: index.0 })?;
        match &asked.replicas {
            None => self.undo_reassignment(topic, index, partition),
            Some(replicas) => {
                self.check_manual_assignment(replicas, None).map_err(ControllerError::InvalidAssignment)?;
                let settled =
                    partition.replicas.iter().filter(|it| !partition.removing_replicas.contains(it));
                let (from, to) = (settled.count(), replicas.len());
                if from != to && !may_change_factor {
                    return Err(ControllerError::ReplicationFactorChanged { from, to });
                }
                Ok(self.begin_reassignment(topic, index, partition, replicas))
            }
        }
    }

    /// One that is complete at once, such as another order of the replicas, ends with the same record.
    fn begin_reassignment(
        &self,
        topic: &TopicImage,
        index: PartitionIndex,
        partition: &PartitionImage,
        target: &[NodeId],
    ) -> Option<MetadataRecord> {
        let without = |these: &[NodeId], those: &[NodeId]| {
            let mut rest: Vec<_> = these.iter().copied().filter(|node| !those.contains(node)).collect();
            rest.sort();
            rest
        };
        let removing = without(&partition.replicas, target);
        let adding = without(target, &partition.replicas);
        let may_lead = |broker| self.can_lead(partition, broker);
        self.changed(topic, index, partition, self.topic_rules(topic), &may_lead, |change| {
            change.election = Election::Clean;
            change.replicas = [target, &removing].concat();
            // As Kafka does: what an earlier reassignment removes or adds stands where this one has nothing of it.
            if !removing.is_empty() {
                change.removing = removing;
            }
            if !adding.is_empty() {
                change.adding = adding;
            }
        })
    }

    fn undo_reassignment(
        &self,
        topic: &TopicImage,
        index: PartitionIndex,
        partition: &PartitionImage,
    ) -> Result<Option<MetadataRecord>, ControllerError> {
        if !partition.is_reassigning() {
            return Err(ControllerError::NoReassignmentInProgress);
        }
        let was_there = |node: &NodeId| !partition.adding_replicas.contains(node);
        let original = |nodes: &[NodeId]| nodes.iter().copied().filter(was_there).collect::<Vec<_>>();
        let (replicas, mut isr) = (original(&partition.replicas), original(&partition.isr));
        let first =
            *replicas.first().ok_or(ControllerError::InvalidAssignment(AssignmentError::NoReplicas))?;
        let rules = self.topic_rules(topic);
        if isr.is_empty() {
            // Only added replicas are in sync: going back may lose records.
            if rules.election != Election::Unclean {
                let partition = index.0;
                return Err(ControllerError::InvalidAssignment(AssignmentError::UncleanUndo { partition }));
            }
            isr.push(first);
        }
        let may_lead = |broker| self.can_lead(partition, broker);
        Ok(self.changed(topic, index, partition, rules, &may_lead, |change| {
            change.isr = isr;
            change.replicas = replicas;
            change.removing.clear();
            change.adding.clear();
        }))
    }
}

#[cfg(test)]
mod tests {
    use types::ErrorCode;

    use super::*;
    use crate::fixture::{Cluster, code_of};

    fn nodes(ids: &[i32]) -> Vec<NodeId> {
        ids.iter().copied().map(NodeId).collect()
    }

    fn to(topic: &str, partition: i32, replicas: Option<&[i32]>) -> Reassignment {
        let (topic, partition) = (topic.to_owned(), PartitionIndex(partition));
        Reassignment { topic, partition, replicas: replicas.map(nodes) }
    }

    fn reassign(cluster: &mut Cluster, asked: Reassignment, may_change_factor: bool) -> ErrorCode {
        let mut decided = cluster.controller.decide_reassign(&[asked], may_change_factor);
        cluster.append(&decided.records);
        code_of(decided.response.remove(0))
    }

    #[test]
    fn new_replicas_are_added_before_old_ones_are_removed() {
        let mut cluster = Cluster::of(3);
        cluster.assign("t", &[&[1, 2]]);
        assert_eq!(reassign(&mut cluster, to("t", 0, Some(&[3, 2])), true), ErrorCode::None);
        let under_way = cluster.partition("t", 0);
        assert_eq!(under_way.replicas, nodes(&[3, 2, 1]));
        assert_eq!((under_way.adding_replicas, under_way.removing_replicas), (nodes(&[3]), nodes(&[1])));
        assert_eq!((under_way.leader, under_way.directories.len()), (Some(NodeId(1)), 3));
        cluster.join_isr("t", 0, NodeId(3));
        let done = cluster.partition("t", 0);
        assert_eq!((done.replicas, done.isr), (nodes(&[3, 2]), nodes(&[2, 3])));
        assert_eq!((done.leader, done.directories.len()), (Some(NodeId(3)), 2));
        assert!(!cluster.partition("t", 0).is_reassigning());
    }

    #[test]
    fn the_same_replicas_change_nothing_and_another_order_is_done_at_once() {
        let mut cluster = Cluster::of(2);
        cluster.assign("t", &[&[1, 2]]);
        let before = cluster.partition("t", 0);
        assert_eq!(reassign(&mut cluster, to("t", 0, Some(&[1, 2])), false), ErrorCode::None);
        assert_eq!(cluster.partition("t", 0), before);
        assert_eq!(reassign(&mut cluster, to("t", 0, Some(&[2, 1])), false), ErrorCode::None);
        let turned = cluster.partition("t", 0);
        assert_eq!((turned.replicas.clone(), turned.leader), (nodes(&[2, 1]), Some(NodeId(1))));
        assert!(!turned.is_reassigning());
    }

    #[test]
    fn a_reassignment_under_way_is_undone() {
        let mut cluster = Cluster::of(3);
        cluster.assign("t", &[&[1, 2]]);
        let before = cluster.partition("t", 0);
        assert_eq!(reassign(&mut cluster, to("t", 0, None), true), ErrorCode::NoReassignmentInProgress);
        reassign(&mut cluster, to("t", 0, Some(&[3, 1])), true);
        assert_eq!(reassign(&mut cluster, to("t", 0, None), true), ErrorCode::None);
        let undone = cluster.partition("t", 0);
        assert_eq!((&undone.replicas, &undone.isr), (&before.replicas, &before.isr));
        assert!(!undone.is_reassigning());
    }

    #[test]
    fn going_back_to_replicas_that_lack_records_needs_leave() {
        let mut cluster = Cluster::of(3);
        cluster.assign("t", &[&[1]]);
        reassign(&mut cluster, to("t", 0, Some(&[2, 3])), true);
        cluster.join_isr("t", 0, NodeId(2));
        cluster.fence(NodeId(1));
        assert_eq!(cluster.partition("t", 0).isr, nodes(&[2]));
        let refused = reassign(&mut cluster, to("t", 0, None), true);
        assert_eq!(refused, ErrorCode::InvalidReplicaAssignment);
        cluster.set_topic_config("t", "unclean.leader.election.enable", "true");
        assert_eq!(reassign(&mut cluster, to("t", 0, None), true), ErrorCode::None);
        let undone = cluster.partition("t", 0);
        assert_eq!((undone.replicas, undone.isr, undone.leader), (nodes(&[1]), nodes(&[1]), None));
    }

    #[test]
    fn assignments_that_cannot_be_are_refused() {
        let mut cluster = Cluster::of(2);
        cluster.assign("t", &[&[1]]);
        let mut check = |asked, expect| assert_eq!(reassign(&mut cluster, asked, true), expect);
        check(to("x", 0, Some(&[1])), ErrorCode::UnknownTopicOrPartition);
        check(to("t", 9, Some(&[1])), ErrorCode::UnknownTopicOrPartition);
        check(to("t", 0, Some(&[])), ErrorCode::InvalidReplicaAssignment);
        check(to("t", 0, Some(&[1, 1])), ErrorCode::InvalidReplicaAssignment);
        check(to("t", 0, Some(&[7])), ErrorCode::InvalidReplicaAssignment);
        let more = reassign(&mut cluster, to("t", 0, Some(&[1, 2])), false);
        assert_eq!(more, ErrorCode::InvalidReplicationFactor);
    }

    #[test]
    fn a_partition_is_reassigned_once_in_a_request() {
        let mut cluster = Cluster::of(3);
        cluster.assign("t", &[&[1, 2]]);
        let twice = [to("t", 0, Some(&[1, 2, 3])), to("t", 0, Some(&[2, 1]))];
        let decided = cluster.controller.decide_reassign(&twice, true);
        cluster.append(&decided.records);
        assert_eq!(decided.response[0], Ok(()));
        assert_eq!(code_of(decided.response[1].clone()), ErrorCode::InvalidRequest);
    }
}
