//! A partition as clients are told of it on one listener, for Metadata and DescribeTopicPartitions.

use metadata::{MetadataImage, PartitionImage};
use types::{ErrorCode, NodeId};

/// What the answers have in common.
pub(crate) struct PartitionView<'a> {
    image: &'a MetadataImage,
    listener: &'a str,
    partition: &'a PartitionImage,
}

impl<'a> PartitionView<'a> {
    pub(crate) fn new(image: &'a MetadataImage, listener: &'a str, partition: &'a PartitionImage) -> Self {
        Self { image, listener, partition }
    }

    /// The leader, if it is reached on this listener.
    pub(crate) fn leader(&self) -> Option<NodeId> {
        self.partition.leader.filter(|leader| self.is_reachable(*leader))
    }

    /// Why there is no leader to talk to. `tells_listener`: the version knows LISTENER_NOT_FOUND.
    pub(crate) fn leader_error(&self, tells_listener: bool) -> ErrorCode {
        if self.leader().is_some() {
            return ErrorCode::None;
        }
        let is_registered =
            self.partition.leader.is_some_and(|leader| self.image.cluster.broker(leader).is_some());
        match is_registered && tells_listener {
            true => ErrorCode::ListenerNotFound,
            false => ErrorCode::LeaderNotAvailable,
        }
    }

    pub(crate) fn replicas(&self) -> Vec<i32> {
        ids(&self.partition.replicas)
    }

    pub(crate) fn isr(&self) -> Vec<i32> {
        ids(&self.partition.isr)
    }

    /// Those of `nodes` that are reached on this listener.
    pub(crate) fn reachable(&self, nodes: &[NodeId]) -> Vec<i32> {
        nodes.iter().filter(|node| self.is_reachable(**node)).map(|node| node.0).collect()
    }

    pub(crate) fn offline_replicas(&self) -> Vec<i32> {
        let is_offline = |replica: &&NodeId| {
            let directory = self.partition.directory(**replica);
            let broker = self.image.cluster.broker(**replica);
            let has_directory = broker.is_some_and(|broker| {
                directory.is_none_or(|directory| broker.has_online_directory(directory))
            });
            !has_directory || !self.is_reachable(**replica)
        };
        self.partition.replicas.iter().filter(is_offline).map(|replica| replica.0).collect()
    }

    fn is_reachable(&self, node: NodeId) -> bool {
        let broker = self.image.cluster.broker(node);
        broker.is_some_and(|broker| !broker.fenced && broker.listeners.contains_key(self.listener))
    }
}

pub(crate) fn ids(nodes: &[NodeId]) -> Vec<i32> {
    nodes.iter().map(|node| node.0).collect()
}

/// Clients send what is for the controller to any broker, which passes it on: the first one is as good as another.
pub(crate) fn some_broker(image: &MetadataImage) -> i32 {
    image.cluster.unfenced_brokers().next().map_or(-1, |broker| broker.id.0)
}
