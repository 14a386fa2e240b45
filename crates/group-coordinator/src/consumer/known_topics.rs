//! What a shard knows of the topics that its groups read, and the hash by which it sees that they have changed (KIP-1101).

use std::collections::BTreeMap;

use foldhash::fast::FixedState;
use hashbrown::HashMap;
use types::TopicName;

use crate::cluster::ClusterView;
use crate::topic_hash::{group_hash, topic_hash};

/// The view of the cluster, and hashes of its topics.
#[derive(Debug)]
pub(crate) struct KnownTopics {
    cluster: ClusterView,
    /// Of topics that groups read, until they change.
    hashes: HashMap<TopicName, i64, FixedState>,
    /// The version of the view that had new topics last.
    new_topics_version: i64,
}

impl KnownTopics {
    pub(crate) fn new(cluster: ClusterView) -> Self {
        let new_topics_version = cluster.version();
        Self { cluster, hashes: HashMap::default(), new_topics_version }
    }

    pub(crate) fn cluster(&self) -> &ClusterView {
        &self.cluster
    }

    pub(crate) fn new_topics_version(&self) -> i64 {
        self.new_topics_version
    }

    /// The cluster looks like this from here on.
    pub(crate) fn changed<'a>(
        &mut self,
        cluster: ClusterView,
        changed: impl IntoIterator<Item = &'a TopicName>,
        has_new_topics: bool,
    ) {
        if has_new_topics {
            self.new_topics_version = cluster.version();
        }
        self.cluster = cluster;
        for topic in changed {
            self.hashes.remove(topic);
        }
    }

    /// The hash of these topics, in order of their names; those that do not exist do not count. 0 for none.
    pub(crate) fn hash<'a>(&mut self, topics: impl Iterator<Item = &'a TopicName>) -> i64 {
        let mut hashes = BTreeMap::new();
        for name in topics {
            if let Some(hash) = self.hashes.get(name) {
                hashes.insert(name.clone(), *hash);
            } else if self.cluster.topic(name).is_some() {
                let hash = topic_hash(&self.cluster, name);
                self.hashes.insert(name.clone(), hash);
                hashes.insert(name.clone(), hash);
            }
        }
        group_hash(&hashes)
    }
}
