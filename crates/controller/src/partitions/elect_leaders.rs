//! ElectLeaders: somebody asks for leaders (KIP-183, KIP-460).

use metadata::{MetadataRecord, TopicImage};
use types::PartitionIndex;

use super::Election;
use crate::{Controller, ControllerError, Decision};

/// Which leader is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ElectionKind {
    /// The first replica, if it is in sync.
    Preferred,
    /// Any replica, for a partition without a leader: records may be lost.
    Unclean,
}

impl ElectionKind {
    /// The kind of this number.
    pub const fn from_id(id: i8) -> Option<Self> {
        match id {
            0 => Some(Self::Preferred),
            1 => Some(Self::Unclean),
            _ => None,
        }
    }
}

/// Partitions of one topic, by its name.
pub type TopicPartitions = (String, Vec<PartitionIndex>);

/// What became of each partition, by topic, in the order asked.
pub type ElectionOutcome = Vec<(String, Vec<(PartitionIndex, Result<(), ControllerError>)>)>;

impl Controller {
    /// Elects leaders; `None` for every partition of every topic, of which those that need no election are not told.
    pub fn decide_elect_leaders(
        &self,
        kind: ElectionKind,
        topics: Option<&[TopicPartitions]>,
    ) -> Decision<ElectionOutcome> {
        let mut records: Vec<MetadataRecord> = Vec::new();
        let mut elect = |topic: &str, index| {
            let elected = self.elect_leader(kind, topic, index);
            elected.map(|record| {
                // Of a partition that is asked for twice.
                if !records.contains(&record) {
                    records.push(record);
                }
            })
        };
        let outcome = match topics {
            Some(topics) => {
                let of_topic = |(name, partitions): &TopicPartitions| {
                    let results = partitions.iter().map(|index| (*index, elect(name, *index)));
                    (name.clone(), results.collect())
                };
                topics.iter().map(of_topic).collect()
            }
            None => {
                let of_topic = |topic: &std::sync::Arc<TopicImage>| {
                    let results = topic.partitions.keys().map(|index| (*index, elect(&topic.name, *index)));
                    let told =
                        results.filter(|(_, result)| *result != Err(ControllerError::ElectionNotNeeded));
                    (topic.name.to_string(), told.collect())
                };
                self.image().topics.iter().map(of_topic).collect()
            }
        };
        Decision::sequence(records, outcome)
    }

    fn elect_leader(
        &self,
        kind: ElectionKind,
        topic: &str,
        index: PartitionIndex,
    ) -> Result<MetadataRecord, ControllerError> {
        let topic = self.image().topics.by_name(topic).ok_or(ControllerError::UnknownTopic)?;
        let partition =
            topic.partition(index).ok_or(ControllerError::UnknownPartition { partition: index.0 })?;
        let (is_needed, election, unavailable) = match kind {
            ElectionKind::Preferred => (
                partition.leader != partition.preferred_leader(),
                Election::Preferred,
                ControllerError::PreferredLeaderNotAvailable,
            ),
            ElectionKind::Unclean => {
                (partition.leader.is_none(), Election::Unclean, ControllerError::EligibleLeadersNotAvailable)
            }
        };
        if !is_needed {
            return Err(ControllerError::ElectionNotNeeded);
        }
        let may_lead = |broker| self.can_lead(partition, broker);
        let rules = self.topic_rules(topic);
        let record =
            self.changed(topic, index, partition, rules, &may_lead, |change| change.election = election);
        record.ok_or(unavailable)
    }
}

#[cfg(test)]
mod tests {
    use types::{ErrorCode, NodeId};

    use super::*;
    use crate::fixture::{Cluster, code_of};

    fn elect(cluster: &mut Cluster, kind: ElectionKind, topic: &str, partition: i32) -> ErrorCode {
        let asked = [(topic.to_owned(), vec![PartitionIndex(partition)])];
        let mut decided = cluster.controller.decide_elect_leaders(kind, Some(&asked));
        cluster.append(&decided.records);
        let (name, mut results) = decided.response.remove(0);
        assert_eq!((name.as_str(), results.len()), (topic, 1));
        code_of(results.remove(0).1)
    }

    #[test]
    fn the_preferred_leader_is_elected_when_it_is_back() {
        let mut cluster = Cluster::of(2);
        cluster.assign("t", &[&[1, 2]]);
        assert_eq!(elect(&mut cluster, ElectionKind::Preferred, "t", 0), ErrorCode::ElectionNotNeeded);
        cluster.fence(NodeId(1));
        assert_eq!(cluster.partition("t", 0).leader, Some(NodeId(2)));
        assert_eq!(
            elect(&mut cluster, ElectionKind::Preferred, "t", 0),
            ErrorCode::PreferredLeaderNotAvailable
        );
        cluster.unfence(NodeId(1));
        cluster.join_isr("t", 0, NodeId(1));
        assert_eq!(elect(&mut cluster, ElectionKind::Preferred, "t", 0), ErrorCode::None);
        assert_eq!(cluster.partition("t", 0).leader, Some(NodeId(1)));
    }

    #[test]
    fn an_unclean_election_finds_a_leader_that_may_lack_records() {
        let mut cluster = Cluster::of(2);
        cluster.assign("t", &[&[1, 2]]);
        assert_eq!(elect(&mut cluster, ElectionKind::Unclean, "t", 0), ErrorCode::ElectionNotNeeded);
        cluster.fence(NodeId(2));
        cluster.fence(NodeId(1));
        assert_eq!(
            elect(&mut cluster, ElectionKind::Unclean, "t", 0),
            ErrorCode::EligibleLeadersNotAvailable
        );
        cluster.unfence(NodeId(2));
        assert_eq!(cluster.partition("t", 0).leader, None, "2 was not in sync with 1");
        assert_eq!(elect(&mut cluster, ElectionKind::Unclean, "t", 0), ErrorCode::None);
        let partition = cluster.partition("t", 0);
        assert_eq!((partition.leader, partition.isr), (Some(NodeId(2)), vec![NodeId(2)]));
    }

    #[test]
    fn of_all_partitions_those_that_need_no_election_are_not_told() {
        let mut cluster = Cluster::of(2);
        cluster.assign("t", &[&[1], &[2]]);
        cluster.fence(NodeId(2));
        let decided = cluster.controller.decide_elect_leaders(ElectionKind::Preferred, None);
        let refused = Err(ControllerError::PreferredLeaderNotAvailable);
        assert_eq!(decided.response, [("t".to_owned(), vec![(PartitionIndex(1), refused)])]);
    }

    #[test]
    fn a_partition_asked_for_twice_changes_once_and_unknown_ones_are_told() {
        let mut cluster = Cluster::of(2);
        cluster.assign("t", &[&[1, 2]]);
        assert_eq!(elect(&mut cluster, ElectionKind::Preferred, "x", 0), ErrorCode::UnknownTopicOrPartition);
        assert_eq!(elect(&mut cluster, ElectionKind::Preferred, "t", 7), ErrorCode::UnknownTopicOrPartition);
        cluster.fence(NodeId(1));
        cluster.unfence(NodeId(1));
        cluster.join_isr("t", 0, NodeId(1));
        let twice = [("t".to_owned(), vec![PartitionIndex(0), PartitionIndex(0)])];
        let decided = cluster.controller.decide_elect_leaders(ElectionKind::Preferred, Some(&twice));
        assert_eq!(decided.records.len(), 1);
    }
}
