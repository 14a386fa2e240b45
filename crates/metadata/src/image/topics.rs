//! Topics and their partitions.

use std::collections::BTreeMap;
use std::sync::Arc;

use protocol::records::clear_elr_record::ClearElrRecord;
use protocol::records::partition_change_record::PartitionChangeRecord;
use protocol::records::partition_record::PartitionRecord;
use protocol::records::remove_topic_record::RemoveTopicRecord;
use protocol::records::topic_record::TopicRecord;
use types::{PartitionIndex, TopicName, Uuid};

use super::PartitionImage;
use crate::chunked_map::ChunkedMap;
use crate::{MetadataRecord, MetadataVersion, ReplayError};

/// One topic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TopicImage {
    /// Its name, unique in the cluster while the topic lives.
    pub name: TopicName,
    /// Its id, never used again (KIP-516).
    pub id: Uuid,
    /// Its partitions, numbered from 0 without gaps.
    pub partitions: BTreeMap<PartitionIndex, Arc<PartitionImage>>,
}

impl TopicImage {
    /// The partition of this number.
    pub fn partition(&self, index: PartitionIndex) -> Option<&Arc<PartitionImage>> {
        self.partitions.get(&index)
    }

    /// Whether the topic is Kafka's own: offsets, transactions, share group state.
    pub fn is_internal(&self) -> bool {
        matches!(&*self.name, "__consumer_offsets" | "__transaction_state" | "__share_group_state")
    }
}

/// Every topic.
///
/// A topic is copied when a record changes it while an older image is still held, its partitions are shared.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TopicsImage {
    pub(super) by_id: ChunkedMap<Uuid, Arc<TopicImage>>,
    by_name: ChunkedMap<TopicName, Uuid>,
    /// Names with `.` or `_`, by what metrics call them.
    by_metric_name: ChunkedMap<(String, TopicName), ()>,
}

impl TopicsImage {
    /// How many topics there are.
    pub fn len(&self) -> usize {
        self.by_id.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.by_id.len() == 0
    }

    /// The topic of this id.
    pub fn by_id(&self, id: Uuid) -> Option<&Arc<TopicImage>> {
        self.by_id.get(&id)
    }

    /// The topic of this name.
    pub fn by_name(&self, name: &str) -> Option<&Arc<TopicImage>> {
        self.by_id(self.id_of(name)?)
    }

    /// The id of the topic of this name.
    pub fn id_of(&self, name: &str) -> Option<Uuid> {
        self.by_name.get(name).copied()
    }

    /// Every topic, by name.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<TopicImage>> {
        self.by_name.iter().filter_map(|(_, id)| self.by_id(*id))
    }

    /// The names of all topics from `first` on, in order (KIP-966's cursor).
    pub fn names_from(&self, first: &str) -> impl Iterator<Item = &TopicName> {
        self.by_name.iter_from(first).map(|(name, _)| name)
    }

    /// A topic whose metrics a topic of this name would share or shares: metrics spell `.` and `_` alike.
    pub fn sharing_metrics_with(&self, name: &str) -> Option<&TopicName> {
        let first = (metric_name(name)?, TopicName::from(""));
        let ((metric_name, found), ()) = self.by_metric_name.iter_from(&first).next()?;
        (*metric_name == first.0).then_some(found)
    }

    /// Every topic, by id.
    pub fn iter_by_id(&self) -> impl Iterator<Item = &Arc<TopicImage>> {
        self.by_id.iter().map(|(_, topic)| topic)
    }

    /// One partition.
    pub fn partition(&self, topic_id: Uuid, index: PartitionIndex) -> Option<&Arc<PartitionImage>> {
        self.by_id(topic_id)?.partition(index)
    }

    pub(super) fn create(&mut self, record: &TopicRecord) -> Result<(), ReplayError> {
        let name: TopicName = record.name.as_str().into();
        let new_id = record.topic_id;
        if let Some(id) = self.id_of(&name) {
            return Err(ReplayError::TopicExists { name, id, new_id });
        }
        if self.by_id.contains_key(&new_id) {
            return Err(ReplayError::TopicExists { name, id: new_id, new_id });
        }
        let topic = TopicImage { name: name.clone(), id: new_id, partitions: BTreeMap::new() };
        self.by_id.insert(new_id, Arc::new(topic));
        if let Some(metric_name) = metric_name(&name) {
            self.by_metric_name.insert((metric_name, name.clone()), ());
        }
        self.by_name.insert(name, new_id);
        Ok(())
    }

    /// Removes a topic and returns its name.
    pub(super) fn remove(&mut self, record: &RemoveTopicRecord) -> Result<TopicName, ReplayError> {
        let id = record.topic_id;
        let name = self.by_id(id).ok_or(ReplayError::UnknownTopic { id })?.name.clone();
        self.by_id.remove(&id);
        self.by_name.remove(&*name);
        if let Some(metric_name) = metric_name(&name) {
            self.by_metric_name.remove(&(metric_name, name.clone()));
        }
        Ok(name)
    }

    pub(super) fn put_partition(&mut self, record: &PartitionRecord) -> Result<(), ReplayError> {
        let partition = PartitionImage::from_record(record)?;
        let topic = self.topic_mut(record.topic_id)?;
        topic.partitions.insert(PartitionIndex(record.partition_id), Arc::new(partition));
        Ok(())
    }

    pub(super) fn change_partition(&mut self, record: &PartitionChangeRecord) -> Result<(), ReplayError> {
        let index = PartitionIndex(record.partition_id);
        let topic_id = record.topic_id;
        let topic = self.by_id(topic_id).ok_or(ReplayError::UnknownTopic { id: topic_id })?;
        let unknown = ReplayError::UnknownPartition { topic_id, partition: index };
        let changed = topic.partition(index).ok_or(unknown)?.changed(record)?;
        self.topic_mut(topic_id)?.partitions.insert(index, Arc::new(changed));
        Ok(())
    }

    /// Forgets the eligible leader replicas of one topic or, where the record names none, of all.
    pub(super) fn clear_eligible_leader_replicas(
        &mut self,
        record: &ClearElrRecord,
    ) -> Result<(), ReplayError> {
        let named = match record.topic_name.as_str() {
            "" => self.by_id.iter().map(|(id, _)| *id).collect(),
            name => {
                let unknown = || ReplayError::UnknownTopicName { name: name.to_owned() };
                vec![self.id_of(name).ok_or_else(unknown)?]
            }
        };
        let holds_some = |partition: &PartitionImage| {
            !partition.eligible_leader_replicas.is_empty() || !partition.last_known_eligible.is_empty()
        };
        for id in named {
            let concerned =
                self.by_id(id).is_some_and(|topic| topic.partitions.values().any(|it| holds_some(it)));
            if !concerned {
                continue;
            }
            for partition in self.topic_mut(id)?.partitions.values_mut().filter(|it| holds_some(it)) {
                let partition = Arc::make_mut(partition);
                partition.eligible_leader_replicas.clear();
                partition.last_known_eligible.clear();
                partition.partition_epoch = partition.partition_epoch.saturating_add(1);
            }
        }
        Ok(())
    }

    fn topic_mut(&mut self, id: Uuid) -> Result<&mut TopicImage, ReplayError> {
        self.by_id.get_mut(&id).map(Arc::make_mut).ok_or(ReplayError::UnknownTopic { id })
    }

    pub(super) fn records(
        &self,
        version: MetadataVersion,
        with_eligible_leader_replicas: bool,
    ) -> impl Iterator<Item = MetadataRecord> {
        self.iter_by_id().flat_map(move |topic| {
            let record =
                TopicRecord { name: topic.name.to_string(), topic_id: topic.id, ..Default::default() };
            let partitions = topic.partitions.iter().map(move |(index, partition)| {
                partition.to_record(topic.id, *index, version, with_eligible_leader_replicas).into()
            });
            std::iter::once(record.into()).chain(partitions)
        })
    }
}

/// What metrics call a topic whose name has `.` or `_`.
fn metric_name(name: &str) -> Option<String> {
    name.contains(['.', '_']).then(|| name.replace('.', "_"))
}
