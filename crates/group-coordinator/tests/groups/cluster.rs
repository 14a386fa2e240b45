//! A cluster as a scenario makes it: topics whose partitions are on two brokers by turns, each in a rack of its own.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use group_coordinator::consumer::ConsumerGroupSettings;
use group_coordinator::{Cluster, ClusterView, GroupRequest, Topic};
use types::{PartitionIndex, TopicName, Uuid};

/// Topics, as they stand.
#[derive(Clone, Debug)]
pub struct Topics {
    version: i64,
    topics: BTreeMap<TopicName, Topic>,
    /// Ids are numbered from 1; that of a topic that is gone is not given again.
    last_id: u64,
    /// Names of topics that are gone, with a tilde behind.
    gone: BTreeMap<Uuid, TopicName>,
    pub settings: ConsumerGroupSettings,
}

impl Default for Topics {
    fn default() -> Self {
        let settings = ConsumerGroupSettings::DEFAULT;
        Self { version: -1, topics: BTreeMap::new(), last_id: 0, gone: BTreeMap::new(), settings }
    }
}

impl Topics {
    /// Makes topics, or partitions for them; no partitions take a topic away. What the shards are told of it.
    pub fn change<'a>(&mut self, changes: impl Iterator<Item = (&'a str, Option<i32>)>) -> GroupRequest {
        let mut changed = BTreeSet::new();
        let mut has_new_topics = false;
        for (name, partitions) in changes {
            let name = TopicName::from(name);
            changed.insert(name.clone());
            match (self.topics.get_mut(&name), partitions) {
                (Some(topic), Some(partitions)) => topic.partitions = topic.partitions.max(partitions),
                (_, None) => {
                    if let Some(topic) = self.topics.remove(&name) {
                        self.gone.insert(topic.id, format!("{name}~").into());
                    }
                }
                (None, Some(partitions)) => {
                    self.last_id += 1;
                    let id = Uuid::from_halves(1, self.last_id);
                    self.topics.insert(name.clone(), Topic { id, name, partitions });
                    has_new_topics = true;
                }
            }
        }
        self.version += 1;
        GroupRequest::ClusterChanged { cluster: self.view(), changed: Arc::new(changed), has_new_topics }
    }

    pub fn view(&self) -> ClusterView {
        ClusterView::new(Arc::new(self.clone()))
    }

    /// The name of a topic, of one that is gone, too.
    pub fn name_of(&self, id: Uuid) -> String {
        let name = self.topic_name(id).or_else(|| self.gone.get(&id).cloned());
        name.map_or_else(|| id.to_string(), |name| name.to_string())
    }
}

impl Cluster for Topics {
    fn version(&self) -> i64 {
        self.version
    }

    fn topic(&self, name: &str) -> Option<Topic> {
        self.topics.get(name).cloned()
    }

    fn topic_name(&self, id: Uuid) -> Option<TopicName> {
        self.topics.values().find(|topic| topic.id == id).map(|topic| topic.name.clone())
    }

    fn topic_names(&self) -> Box<dyn Iterator<Item = TopicName> + '_> {
        Box::new(self.topics.keys().cloned())
    }

    fn racks(&self, _: Uuid, partition: PartitionIndex) -> Vec<String> {
        vec![format!("r{}", partition.0 % 2)]
    }

    fn consumer_group_settings(&self, _: &str) -> ConsumerGroupSettings {
        self.settings
    }
}
