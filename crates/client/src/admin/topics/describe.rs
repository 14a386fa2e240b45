//! Topics with all their partitions: DescribeTopicPartitions, page by page, or Metadata where the brokers are older
//! (before KIP-966 they know of no eligible leader replicas).

use protocol::messages::describe_topic_partitions_request::{
    Cursor, DescribeTopicPartitionsRequest, TopicRequest,
};
use protocol::messages::describe_topic_partitions_response::DescribeTopicPartitionsResponsePartition;
use protocol::messages::metadata_request::{MetadataRequest, MetadataRequestTopic};
use protocol::messages::metadata_response::MetadataResponsePartition;
use types::{LeaderEpoch, NodeId, PartitionIndex, Uuid};

use crate::admin::ask::Whom;
use crate::admin::{Admin, Outcomes, outcome};
use crate::error::ClientError;

/// Partitions in one answer; brokers may give fewer (`max.request.partition.size.limit`).
const PAGE: i32 = 2000;

/// A topic and its partitions.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TopicDescription {
    /// Its name.
    pub name: String,
    /// Its id; zero where the brokers are too old to tell.
    pub id: Uuid,
    /// Whether it belongs to the cluster itself.
    pub is_internal: bool,
    /// In order, from 0.
    pub partitions: Vec<PartitionDescription>,
}

/// A partition and where its replicas are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartitionDescription {
    /// Its number.
    pub index: PartitionIndex,
    /// `None` while there is no leader.
    pub leader: Option<NodeId>,
    /// How often it has had a new leader; −1 where the brokers are too old to tell.
    pub leader_epoch: LeaderEpoch,
    /// The brokers that have it, the preferred leader first.
    pub replicas: Vec<NodeId>,
    /// Those of them that are in sync.
    pub in_sync_replicas: Vec<NodeId>,
    /// Those of them that are not there.
    pub offline_replicas: Vec<NodeId>,
    /// Those that may lead without losing records although they are not in sync (KIP-966); `None` where it is not known.
    pub eligible_leader_replicas: Option<Vec<NodeId>>,
}

impl Admin {
    /// Describes these topics.
    ///
    /// # Errors
    /// When nobody answers; UNKNOWN_TOPIC_OR_PARTITION for a topic that does not exist.
    pub async fn describe_topics(
        &self,
        names: &[String],
    ) -> Result<Outcomes<String, TopicDescription>, ClientError> {
        match self.describe_by_pages(names).await {
            Err(ClientError::UnsupportedApi { .. }) => self.describe_by_metadata(names).await,
            described => described,
        }
    }

    async fn describe_by_pages(
        &self,
        names: &[String],
    ) -> Result<Outcomes<String, TopicDescription>, ClientError> {
        let mut described: Outcomes<String, TopicDescription> = Outcomes::new();
        let mut request = DescribeTopicPartitionsRequest {
            topics: names
                .iter()
                .map(|name| TopicRequest { name: name.clone(), ..TopicRequest::default() })
                .collect(),
            response_partition_limit: PAGE,
            ..DescribeTopicPartitionsRequest::default()
        };
        loop {
            let answer = self.ask(Whom::Any, &request, |_| 0).await?;
            for topic in answer.topics {
                let name = topic.name.unwrap_or_default();
                if let Err(error) = outcome(&name, topic.error_code, None) {
                    described.insert(name, Err(error));
                    continue;
                }
                let partitions = topic.partitions.into_iter().map(PartitionDescription::from);
                match described.get_mut(&name) {
                    Some(Ok(begun)) => begun.partitions.extend(partitions),
                    _ => {
                        let (id, is_internal) = (topic.topic_id, topic.is_internal);
                        let partitions = partitions.collect();
                        let topic = TopicDescription { name: name.clone(), id, is_internal, partitions };
                        described.insert(name, Ok(topic));
                    }
                }
            }
            let Some(next) = answer.next_cursor else { break };
            // A cursor that does not move would never end.
            let moved = request.cursor.as_ref().is_none_or(|last| {
                (&last.topic_name, last.partition_index) < (&next.topic_name, next.partition_index)
            });
            if !moved {
                return Err(ClientError::Malformed {
                    api: "DescribeTopicPartitions",
                    reason: "its pages do not advance".to_owned(),
                });
            }
            request.cursor = Some(Box::new(Cursor {
                topic_name: next.topic_name,
                partition_index: next.partition_index,
                ..Cursor::default()
            }));
        }
        Ok(described)
    }

    async fn describe_by_metadata(
        &self,
        names: &[String],
    ) -> Result<Outcomes<String, TopicDescription>, ClientError> {
        let topics = names
            .iter()
            .map(|name| MetadataRequestTopic { name: Some(name.clone()), ..MetadataRequestTopic::default() });
        let request = MetadataRequest {
            topics: Some(topics.collect()),
            allow_auto_topic_creation: false,
            ..MetadataRequest::default()
        };
        let answer = self.ask(Whom::Any, &request, |answer| answer.error_code).await?;
        let described = answer.topics.into_iter().map(|topic| {
            let name = topic.name.unwrap_or_default();
            let description = outcome(&name, topic.error_code, None).map(|()| {
                let mut partitions: Vec<_> =
                    topic.partitions.into_iter().map(PartitionDescription::from).collect();
                partitions.sort_unstable_by_key(|partition: &PartitionDescription| partition.index);
                let (id, is_internal) = (topic.topic_id, topic.is_internal);
                TopicDescription { name: name.clone(), id, is_internal, partitions }
            });
            (name, description)
        });
        Ok(described.collect())
    }
}

impl From<DescribeTopicPartitionsResponsePartition> for PartitionDescription {
    fn from(partition: DescribeTopicPartitionsResponsePartition) -> Self {
        Self {
            index: PartitionIndex(partition.partition_index),
            leader: leader(partition.leader_id),
            leader_epoch: LeaderEpoch(partition.leader_epoch),
            replicas: nodes(partition.replica_nodes),
            in_sync_replicas: nodes(partition.isr_nodes),
            offline_replicas: nodes(partition.offline_replicas),
            eligible_leader_replicas: partition.eligible_leader_replicas.map(nodes),
        }
    }
}

impl From<MetadataResponsePartition> for PartitionDescription {
    fn from(partition: MetadataResponsePartition) -> Self {
        Self {
            index: PartitionIndex(partition.partition_index),
            leader: leader(partition.leader_id),
            leader_epoch: LeaderEpoch(partition.leader_epoch),
            replicas: nodes(partition.replica_nodes),
            in_sync_replicas: nodes(partition.isr_nodes),
            offline_replicas: nodes(partition.offline_replicas),
            eligible_leader_replicas: None,
        }
    }
}

fn leader(id: i32) -> Option<NodeId> {
    Some(NodeId(id)).filter(|leader| leader.0 >= 0)
}

fn nodes(ids: Vec<i32>) -> Vec<NodeId> {
    ids.into_iter().map(NodeId).collect()
}
