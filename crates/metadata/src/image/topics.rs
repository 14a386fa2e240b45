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
/// A topic is copied when a record changes it while an older image is still held; the two maps then are as well,
/// which costs one pointer per topic of the cluster and batch of records.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TopicsImage {
    pub(super) by_id: Arc<BTreeMap<Uuid, Arc<TopicImage>>>,
    by_name: Arc<BTreeMap<TopicName, Uuid>>,
}

impl TopicsImage {
    /// How many topics there are.
    pub fn len(&self) -> usize {
        self.by_id.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.by_id.is_empty()
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
        self.by_name.values().filter_map(|id| self.by_id(*id))
    }

    /// The names of all topics from `first` on, in order (KIP-966's cursor).
    pub fn names_from(&self, first: &str) -> impl Iterator<Item = &TopicName> {
        use std::ops::Bound::{Included, Unbounded};
        self.by_name.range::<str, _>((Included(first), Unbounded)).map(|(name, _)| name)
    }

    /// Every topic, by id.
    pub fn iter_by_id(&self) -> impl Iterator<Item = &Arc<TopicImage>> {
        self.by_id.values()
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
        Arc::make_mut(&mut self.by_id).insert(new_id, Arc::new(topic));
        Arc::make_mut(&mut self.by_name).insert(name, new_id);
        Ok(())
    }

    /// Removes a topic and returns its name.
    pub(super) fn remove(&mut self, record: &RemoveTopicRecord) -> Result<TopicName, ReplayError> {
        let id = record.topic_id;
        let name = self.by_id(id).ok_or(ReplayError::UnknownTopic { id })?.name.clone();
        Arc::make_mut(&mut self.by_id).remove(&id);
        Arc::make_mut(&mut self.by_name).remove(&name);
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
            "" => self.by_id.keys().copied().collect(),
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
        if !self.by_id.contains_key(&id) {
            return Err(ReplayError::UnknownTopic { id });
        }
        let topic = Arc::make_mut(&mut self.by_id).get_mut(&id);
        topic.map(Arc::make_mut).ok_or(ReplayError::UnknownTopic { id })
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
