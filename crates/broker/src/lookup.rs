//! From the names and ids that clients use to partitions and nodes.

use std::sync::Arc;

use types::{LeaderEpoch, NodeId, PartitionIndex, TopicIdPartition, TopicName};

use crate::Broker;
use crate::fetch_sessions::TopicKey;
use crate::partition::Partition;

/// Why there is no partition to work with here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LookupError {
    /// No topic has this id.
    #[error("no topic has this id")]
    UnknownTopicId,
    /// No topic has this name.
    #[error("no topic has this name")]
    UnknownTopic,
    /// The topic has fewer partitions.
    #[error("the topic has no such partition")]
    UnknownPartition,
    /// Another broker leads the partition, or this one is still opening its log.
    #[error("the partition is not served here, node {leader} leads it in epoch {leader_epoch}")]
    NotHosted {
        /// The leader; −1 for none.
        leader: NodeId,
        /// Its epoch.
        leader_epoch: LeaderEpoch,
    },
}

/// Where a node is reached on one listener.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodeEndpoint {
    /// Its host name or address.
    pub host: String,
    /// Its port.
    pub port: i32,
    /// Its rack.
    pub rack: Option<String>,
}

impl Broker {
    /// The name of a topic that exists.
    pub fn topic_name(&self, topic: &TopicKey) -> Option<TopicName> {
        let image = self.image();
        match topic {
            TopicKey::Id(id) => image.topics.by_id(*id).map(|topic| topic.name.clone()),
            TopicKey::Name(name) => image.topics.by_name(name).map(|topic| topic.name.clone()),
        }
    }

    /// A partition that this broker hosts.
    ///
    /// # Errors
    /// See [`LookupError`].
    pub fn find_partition(
        &self,
        topic: &TopicKey,
        index: PartitionIndex,
    ) -> Result<Arc<Partition>, LookupError> {
        let image = self.image();
        let found = match topic {
            TopicKey::Id(id) => image.topics.by_id(*id).ok_or(LookupError::UnknownTopicId)?,
            TopicKey::Name(name) => image.topics.by_name(name).ok_or(LookupError::UnknownTopic)?,
        };
        let state = found.partition(index).ok_or(LookupError::UnknownPartition)?;
        let id = TopicIdPartition { topic_id: found.id, partition: index };
        self.partitions().get(&id).ok_or(LookupError::NotHosted {
            leader: state.leader.unwrap_or(NodeId::NONE),
            leader_epoch: state.leader_epoch,
        })
    }

    /// Where a node is reached on the listener of this name; `None` for a node that is fenced or has no such listener.
    pub fn endpoint(&self, node: NodeId, listener: &str) -> Option<NodeEndpoint> {
        let image = self.image();
        let broker = image.cluster.broker(node).filter(|broker| !broker.fenced)?;
        let endpoint = broker.listeners.get(listener)?;
        Some(NodeEndpoint {
            host: endpoint.host.clone(),
            port: i32::from(endpoint.port),
            rack: broker.rack.clone(),
        })
    }
}
