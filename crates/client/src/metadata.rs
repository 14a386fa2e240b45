//! What a client knows of a cluster: its brokers, and who leads which partition.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use protocol::messages::metadata_response::{MetadataResponse, MetadataResponseTopic};
use tokio::time::Instant;
use types::{ErrorCode, LeaderEpoch, NodeId, PartitionIndex, TopicName, TopicPartition, Uuid};

use crate::error::error_code;

/// A topic that nobody knows for so long was deleted.
const MISSING_FOR: Duration = Duration::from_secs(5);

/// A cluster as far as it was asked about.
#[derive(Clone, Debug, Default)]
pub struct ClusterMetadata {
    /// As the brokers spell it; `None` before the first answer.
    pub cluster_id: Option<String>,
    /// host:port of every broker.
    pub nodes: BTreeMap<NodeId, String>,
    /// Topics that were asked about and exist.
    pub topics: BTreeMap<TopicName, Arc<TopicMetadata>>,
    /// Topics that were said not to exist, and since when nothing else was said.
    pub(crate) missing: BTreeMap<TopicName, Instant>,
}

/// A topic and its partitions.
#[derive(Clone, Debug)]
pub struct TopicMetadata {
    /// Its name.
    pub name: TopicName,
    /// Its id; zero where the broker is too old to tell.
    pub id: Uuid,
    /// In order, from 0; at least one.
    pub partitions: Vec<PartitionMetadata>,
    /// The racks in which each partition has replicas, in the order of `partitions`; empty where no broker names one.
    pub racks: Vec<BTreeSet<String>>,
    /// When this was learnt.
    pub learnt_at: Instant,
}

/// Who leads a partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PartitionMetadata {
    /// Its number.
    pub index: PartitionIndex,
    /// `None` while there is no leader.
    pub leader: Option<NodeId>,
    /// −1 where the broker is too old to tell.
    pub leader_epoch: LeaderEpoch,
}

impl TopicMetadata {
    /// The partition of this number.
    pub fn partition(&self, index: PartitionIndex) -> Option<&PartitionMetadata> {
        let at = self.partitions.binary_search_by_key(&index, |partition| partition.index).ok()?;
        self.partitions.get(at)
    }
}

impl ClusterMetadata {
    /// Who leads a partition, and since which epoch.
    pub(crate) fn leader(&self, partition: &TopicPartition) -> Option<(NodeId, LeaderEpoch)> {
        let known = self.topics.get(&partition.topic)?.partition(partition.partition)?;
        known.leader.map(|leader| (leader, known.leader_epoch))
    }

    /// Takes in an answer, and returns the topics that it has errors for.
    pub(crate) fn update(
        &mut self,
        response: MetadataResponse,
        learnt_at: Instant,
    ) -> Vec<(TopicName, ErrorCode)> {
        self.cluster_id = response.cluster_id.or(self.cluster_id.take());
        let racks: BTreeMap<i32, String> = response
            .brokers
            .iter()
            .filter_map(|broker| Some((broker.node_id, broker.rack.clone()?)))
            .collect();
        self.nodes = response
            .brokers
            .into_iter()
            .map(|broker| (NodeId(broker.node_id), address(&broker.host, broker.port)))
            .collect();
        let mut errors = Vec::new();
        for topic in response.topics {
            let name: TopicName = topic.name.clone().unwrap_or_default().into();
            match error_code(topic.error_code) {
                // Nobody could choose among them: no broker that is in order says so.
                ErrorCode::None if topic.partitions.is_empty() => {
                    errors.push((name, ErrorCode::LeaderNotAvailable));
                }
                ErrorCode::None => {
                    self.missing.remove(&name);
                    let known = topic_metadata(name.clone(), topic, &racks, learnt_at);
                    self.topics.insert(name, Arc::new(known));
                }
                // What was known stands for a while: a broker that has just started may not know its topics yet.
                code => {
                    let is_unknown =
                        matches!(code, ErrorCode::UnknownTopicOrPartition | ErrorCode::UnknownTopicId);
                    // One that was asked for by its id has none.
                    if is_unknown && !name.is_empty() {
                        let since = *self.missing.entry(name.clone()).or_insert(learnt_at);
                        if learnt_at.duration_since(since) >= MISSING_FOR {
                            self.topics.remove(&name);
                        }
                    }
                    errors.push((name, code));
                }
            }
        }
        errors
    }
}

fn topic_metadata(
    name: TopicName,
    mut topic: MetadataResponseTopic,
    racks: &BTreeMap<i32, String>,
    learnt_at: Instant,
) -> TopicMetadata {
    topic.partitions.sort_unstable_by_key(|partition| partition.partition_index);
    let partitions = topic.partitions.iter().map(|partition| PartitionMetadata {
        index: PartitionIndex(partition.partition_index),
        leader: Some(NodeId(partition.leader_id)).filter(|leader| leader.0 >= 0),
        leader_epoch: LeaderEpoch(partition.leader_epoch),
    });
    let of_replicas = topic.partitions.iter().map(|partition| {
        let replicas = partition.replica_nodes.iter();
        replicas.filter_map(|replica| racks.get(replica).cloned()).collect()
    });
    let partitions = partitions.collect();
    let racks = if racks.is_empty() { Vec::new() } else { of_replicas.collect() };
    TopicMetadata { name, id: topic.topic_id, partitions, racks, learnt_at }
}

pub(crate) fn address(host: &str, port: i32) -> String {
    if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") }
}

#[cfg(test)]
mod tests {
    use protocol::messages::metadata_response::MetadataResponsePartition;

    use super::*;

    fn told(metadata: &mut ClusterMetadata, code: ErrorCode, at: Instant) -> Vec<(TopicName, ErrorCode)> {
        let topic = MetadataResponseTopic {
            name: Some("t".to_owned()),
            error_code: code.code(),
            partitions: vec![MetadataResponsePartition::default()],
            ..MetadataResponseTopic::default()
        };
        metadata.update(MetadataResponse { topics: vec![topic], ..MetadataResponse::default() }, at)
    }

    #[tokio::test]
    async fn a_topic_without_partitions_is_not_there_yet() {
        let topic = MetadataResponseTopic { name: Some("t".to_owned()), ..MetadataResponseTopic::default() };
        let mut metadata = ClusterMetadata::default();
        let answer = MetadataResponse { topics: vec![topic], ..MetadataResponse::default() };
        let errors = metadata.update(answer, Instant::now());
        assert_eq!(errors, [("t".into(), ErrorCode::LeaderNotAvailable)]);
        assert!(!metadata.topics.contains_key("t"));
    }

    #[tokio::test]
    async fn a_topic_is_forgotten_once_it_was_missing_for_a_while() {
        let (mut metadata, start) = (ClusterMetadata::default(), Instant::now());
        let after = |seconds| start + Duration::from_secs(seconds);
        let missing = ErrorCode::UnknownTopicOrPartition;
        assert_eq!(told(&mut metadata, ErrorCode::None, start), []);
        assert_eq!(told(&mut metadata, missing, after(1)), [("t".into(), missing)]);
        told(&mut metadata, ErrorCode::None, after(4));
        told(&mut metadata, missing, after(7));
        told(&mut metadata, missing, after(11));
        assert!(metadata.topics.contains_key("t"), "a broker may have been young");
        told(&mut metadata, missing, after(12));
        assert!(!metadata.topics.contains_key("t"));
        told(&mut metadata, ErrorCode::None, after(13));
        assert!(metadata.topics.contains_key("t"));
    }
}
