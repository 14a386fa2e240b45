//! AlterPartitionReassignments and ListPartitionReassignments (KIP-455).

use std::collections::BTreeMap;

use protocol::messages::alter_partition_reassignments_request::{
    AlterPartitionReassignmentsRequest, ReassignablePartition, ReassignableTopic,
};
use protocol::messages::list_partition_reassignments_request::{
    ListPartitionReassignmentsRequest, ListPartitionReassignmentsTopics,
};
use types::{NodeId, PartitionIndex, TopicPartition};

use super::ask_leaders::by_topic;
use crate::admin::ask::Whom;
use crate::admin::{Admin, Outcomes, outcome, whole};
use crate::call::Call;
use crate::error::ClientError;

/// A partition that is on its way to other replicas.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reassignment {
    /// All that have it now.
    pub replicas: Vec<NodeId>,
    /// Those of them that are to have it and are catching up.
    pub adding: Vec<NodeId>,
    /// Those of them that will give it up.
    pub removing: Vec<NodeId>,
}

impl Admin {
    /// Moves each partition to these replicas, the preferred leader first; `None` calls off what is under way.
    ///
    /// # Errors
    /// When nobody answers; for a partition INVALID_REPLICA_ASSIGNMENT, NO_REASSIGNMENT_IN_PROGRESS and their like.
    pub async fn alter_reassignments(
        &self,
        moves: &BTreeMap<TopicPartition, Option<Vec<NodeId>>>,
    ) -> Result<Outcomes<TopicPartition, ()>, ClientError> {
        let mut topics: BTreeMap<&str, Vec<ReassignablePartition>> = BTreeMap::new();
        for (partition, replicas) in moves {
            topics.entry(&partition.topic).or_default().push(ReassignablePartition {
                partition_index: partition.partition.0,
                replicas: replicas.as_ref().map(|nodes| nodes.iter().map(|node| node.0).collect()),
                ..ReassignablePartition::default()
            });
        }
        let topics = topics.into_iter().map(|(name, partitions)| ReassignableTopic {
            name: name.to_owned(),
            partitions,
            ..ReassignableTopic::default()
        });
        let request = AlterPartitionReassignmentsRequest {
            timeout_ms: self.timeout_ms(),
            topics: topics.collect(),
            ..AlterPartitionReassignmentsRequest::default()
        };
        let answer = self.ask(Whom::Any, &request, |answer| answer.error_code).await?;
        whole(AlterPartitionReassignmentsRequest::API, answer.error_code)?;
        let mut altered = Outcomes::new();
        for topic in answer.responses {
            for result in topic.partitions {
                let partition =
                    TopicPartition::new(topic.name.as_str(), PartitionIndex(result.partition_index));
                let outcome = outcome(&partition.to_string(), result.error_code, result.error_message);
                altered.insert(partition, outcome);
            }
        }
        Ok(altered)
    }

    /// What is under way, of these partitions or of all.
    ///
    /// # Errors
    /// When nobody answers.
    pub async fn list_reassignments(
        &self,
        partitions: Option<&[TopicPartition]>,
    ) -> Result<BTreeMap<TopicPartition, Reassignment>, ClientError> {
        let topics = partitions.map(|partitions| {
            let topics = by_topic(partitions).into_iter();
            topics
                .map(|(name, partition_indexes)| ListPartitionReassignmentsTopics {
                    name: name.to_owned(),
                    partition_indexes,
                    ..ListPartitionReassignmentsTopics::default()
                })
                .collect()
        });
        let request = ListPartitionReassignmentsRequest {
            timeout_ms: self.timeout_ms(),
            topics,
            ..ListPartitionReassignmentsRequest::default()
        };
        let answer = self.ask(Whom::Any, &request, |answer| answer.error_code).await?;
        whole(ListPartitionReassignmentsRequest::API, answer.error_code)?;
        let nodes = |ids: Vec<i32>| ids.into_iter().map(NodeId).collect();
        let mut under_way = BTreeMap::new();
        for topic in answer.topics {
            for moving in topic.partitions {
                under_way.insert(
                    TopicPartition::new(topic.name.as_str(), PartitionIndex(moving.partition_index)),
                    Reassignment {
                        replicas: nodes(moving.replicas),
                        adding: nodes(moving.adding_replicas),
                        removing: nodes(moving.removing_replicas),
                    },
                );
            }
        }
        Ok(under_way)
    }
}
