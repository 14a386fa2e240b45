//! CreatePartitions: existing topics get more partitions.

use metadata::{MetadataRecord, PartitionImage};
use types::{NodeId, PartitionIndex};

use super::counts;
use crate::error::AssignmentError;
use crate::{Controller, ControllerError, Decision, Random};

/// A topic that is to have more partitions.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PartitionsToAdd {
    /// The topic's name.
    pub topic: String,
    /// How many partitions it is to have in total.
    pub count: i32,
    /// The replicas of each new partition, in order; `None`: they are placed.
    pub assignments: Option<Vec<Vec<NodeId>>>,
}

/// Whether each topic got its partitions, by its name.
pub type PartitionsOutcome = Vec<(String, Result<(), ControllerError>)>;

impl Controller {
    /// Adds partitions, or only says whether they could be added. Repeated topics are refused.
    pub fn decide_create_partitions(
        &self,
        topics: &[PartitionsToAdd],
        validate_only: bool,
        random: Random<'_>,
    ) -> Decision<PartitionsOutcome> {
        let times = counts(topics.iter().map(|topic| &topic.topic));
        let repeated = times.iter().filter(|(_, times)| **times > 1);
        let mut outcomes: PartitionsOutcome =
            repeated.map(|(name, _)| ((*name).clone(), Err(ControllerError::DuplicateTopicName))).collect();
        let mut records = Vec::new();
        for topic in topics.iter().filter(|topic| times[&topic.topic] == 1) {
            let added = self.add_partitions(topic, random);
            let result = added.map(|mut added| records.append(&mut added));
            outcomes.push((topic.topic.clone(), result));
        }
        if validate_only {
            records.clear();
        }
        Decision::atomic(records, outcomes)
    }

    fn add_partitions(
        &self,
        wanted: &PartitionsToAdd,
        random: Random<'_>,
    ) -> Result<Vec<MetadataRecord>, ControllerError> {
        let topic = self.image().topics.by_name(&wanted.topic).ok_or(ControllerError::UnknownTopic)?;
        let present = topic.partitions.len();
        let asked = usize::try_from(wanted.count).unwrap_or(0);
        if asked == present {
            return Err(ControllerError::SamePartitionCount { count: present });
        }
        if asked < present {
            let (name, asked) = (wanted.topic.clone(), wanted.count);
            return Err(ControllerError::FewerPartitions { name, count: present, asked });
        }
        let added = asked - present;
        if added as u64 > super::PARTITIONS_PER_REQUEST_MAX {
            let allowed = super::PARTITIONS_PER_REQUEST_MAX;
            return Err(ControllerError::TooManyPartitions { asked: added as u64, allowed });
        }
        // As many replicas as the partitions there are.
        let factor = topic.partitions.values().next().map_or(1, |partition| partition.replicas.len());
        let partitions = match &wanted.assignments {
            Some(assignments) => self
                .assigned_additions(assignments, present, added, factor)
                .map_err(ControllerError::InvalidAssignment)?,
            None => self.placed(added, i16::try_from(factor).unwrap_or(i16::MAX), random)?,
        };
        let record = |(index, partition): (usize, &PartitionImage)| {
            self.partition_record(topic.id, PartitionIndex((present + index) as i32), partition)
        };
        Ok(partitions.iter().enumerate().map(record).collect())
    }

    fn assigned_additions(
        &self,
        assignments: &[Vec<NodeId>],
        present: usize,
        added: usize,
        factor: usize,
    ) -> Result<Vec<PartitionImage>, AssignmentError> {
        if assignments.len() != added {
            return Err(AssignmentError::AssignmentCount { added, assigned: assignments.len() });
        }
        let mut partitions = Vec::with_capacity(added);
        for (index, replicas) in assignments.iter().enumerate() {
            self.check_manual_assignment(replicas, Some(factor))?;
            let partition = (present + index) as i32;
            let new = self.new_partition(replicas.clone());
            partitions.push(new.ok_or(AssignmentError::NoActiveBroker { partition })?);
        }
        Ok(partitions)
    }
}

#[cfg(test)]
mod tests {
    use types::ErrorCode;

    use super::*;
    use crate::fixture::{Cluster, code_of};

    fn more(topic: &str, count: i32, assignments: Option<&[&[i32]]>) -> PartitionsToAdd {
        let replicas = |ids: &&[i32]| ids.iter().copied().map(NodeId).collect();
        let assignments = assignments.map(|rows| rows.iter().map(replicas).collect());
        PartitionsToAdd { topic: topic.to_owned(), count, assignments }
    }

    fn check(cluster: &Cluster, wanted: PartitionsToAdd, expect: ErrorCode) {
        let decided = cluster.controller.decide_create_partitions(
            std::slice::from_ref(&wanted),
            false,
            &mut cluster.random(),
        );
        assert_eq!(code_of(decided.response[0].1.clone()), expect, "{wanted:?}");
        assert_eq!(decided.records.is_empty(), expect != ErrorCode::None);
    }

    #[test]
    fn new_partitions_follow_the_old_ones() {
        let mut cluster = Cluster::of(3);
        cluster.create("t", 2, 2);
        let wanted = [more("t", 4, Some(&[&[3, 1], &[2, 3]]))];
        let decided = cluster.controller.decide_create_partitions(&wanted, false, &mut cluster.random());
        cluster.append(&decided.records);
        assert_eq!(cluster.partition("t", 2).replicas, [NodeId(3), NodeId(1)]);
        assert_eq!(cluster.partition("t", 3).leader, Some(NodeId(2)));
    }

    #[test]
    fn fewer_or_as_many_partitions_and_bad_assignments_are_refused() {
        let mut cluster = Cluster::of(2);
        cluster.create("t", 2, 2);
        check(&cluster, more("t", 3, None), ErrorCode::None);
        check(&cluster, more("t", 2, None), ErrorCode::InvalidPartitions);
        check(&cluster, more("t", 1, None), ErrorCode::InvalidPartitions);
        check(&cluster, more("t", -1, None), ErrorCode::InvalidPartitions);
        check(&cluster, more("x", 3, None), ErrorCode::UnknownTopicOrPartition);
        check(&cluster, more("t", i32::MAX, None), ErrorCode::PolicyViolation);
        check(&cluster, more("t", 4, Some(&[&[1, 2]])), ErrorCode::InvalidReplicaAssignment);
        check(&cluster, more("t", 3, Some(&[&[1]])), ErrorCode::InvalidReplicaAssignment);
        check(&cluster, more("t", 3, Some(&[&[1, 9]])), ErrorCode::InvalidReplicaAssignment);
    }

    #[test]
    fn validating_adds_nothing_and_repeated_topics_are_refused() {
        let mut cluster = Cluster::of(1);
        cluster.create("t", 1, 1);
        let twice = [more("t", 2, None), more("t", 3, None)];
        let refused = cluster.controller.decide_create_partitions(&twice, false, &mut cluster.random());
        assert_eq!(refused.response, [("t".to_owned(), Err(ControllerError::DuplicateTopicName))]);
        let once = cluster.controller.decide_create_partitions(&twice[..1], true, &mut cluster.random());
        assert_eq!((once.response, once.records), (vec![("t".to_owned(), Ok(()))], vec![]));
    }
}
