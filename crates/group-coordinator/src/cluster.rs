//! What the coordinator knows of the cluster: its topics, and the settings that groups have of their own.
//!
//! A shard is told of each change ([`crate::GroupRequest::ClusterChanged`]), and works by the view that it was given
//! last: a view never changes. Whoever makes shards gives each the view of the moment.

use std::fmt;
use std::sync::Arc;

use types::{PartitionIndex, TopicName, Uuid};

use crate::consumer::ConsumerGroupSettings;

/// The cluster as it stood when one record of the metadata was the last.
pub trait Cluster: fmt::Debug + Send + Sync {
    /// The offset of that record; a later view has a higher one.
    fn version(&self) -> i64;

    /// The topic of this name.
    fn topic(&self, name: &str) -> Option<Topic>;

    /// The name of the topic with this id.
    fn topic_name(&self, id: Uuid) -> Option<TopicName>;

    /// Every topic's name, in order. A pattern of a subscription is held against each.
    fn topic_names(&self) -> Box<dyn Iterator<Item = TopicName> + '_>;

    /// The racks of the brokers that have a replica of the partition, in the order of the replicas; brokers without a
    /// rack are left out.
    fn racks(&self, topic: Uuid, partition: PartitionIndex) -> Vec<String>;

    /// What counts for the members of a group of the consumer protocol: its own settings over the broker's.
    fn consumer_group_settings(&self, group_id: &str) -> ConsumerGroupSettings;
}

/// A topic, as far as it matters to who reads it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Topic {
    /// Its id.
    pub id: Uuid,
    /// Its name.
    pub name: TopicName,
    /// How many partitions it has, numbered from 0.
    pub partitions: i32,
}

/// One view, shared by the shards and by those who work for them.
#[derive(Clone, Debug)]
pub struct ClusterView(Arc<dyn Cluster>);

impl ClusterView {
    /// Shares a view.
    pub fn new(cluster: Arc<dyn Cluster>) -> Self {
        Self(cluster)
    }
}

impl std::ops::Deref for ClusterView {
    type Target = dyn Cluster;

    fn deref(&self) -> &Self::Target {
        &*self.0
    }
}

/// Views are equal where they are the same.
impl PartialEq for ClusterView {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Eq for ClusterView {}

/// A cluster without topics, where groups have no settings of their own.
#[derive(Debug)]
pub(crate) struct NoCluster;

impl Cluster for NoCluster {
    fn version(&self) -> i64 {
        -1
    }

    fn topic(&self, _: &str) -> Option<Topic> {
        None
    }

    fn topic_name(&self, _: Uuid) -> Option<TopicName> {
        None
    }

    fn topic_names(&self) -> Box<dyn Iterator<Item = TopicName> + '_> {
        Box::new(std::iter::empty())
    }

    fn racks(&self, _: Uuid, _: PartitionIndex) -> Vec<String> {
        Vec::new()
    }

    fn consumer_group_settings(&self, _: &str) -> ConsumerGroupSettings {
        ConsumerGroupSettings::DEFAULT
    }
}
