//! What waits to be sent to the partitions of one topic, and where its next record goes.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use tokio::time::Instant;
use types::{PartitionIndex, TopicPartition};

use crate::error::ClientError;
use crate::metadata::TopicMetadata;
use crate::producer::batch::ProducerBatch;
use crate::producer::partitioner::{self, StickyPartition, partition_of_key};
use crate::producer::{ProducerConfig, ProducerRecord};

/// The queues of one topic.
pub(super) struct TopicQueue {
    /// As it was known when the client's metadata had this version.
    topic: Arc<TopicMetadata>,
    version: u64,
    sticky: StickyPartition,
    partitions: BTreeMap<PartitionIndex, PartitionQueue>,
}

impl TopicQueue {
    pub(super) fn new(topic: Arc<TopicMetadata>, version: u64) -> Self {
        Self { topic, version, sticky: StickyPartition::default(), partitions: BTreeMap::new() }
    }

    pub(super) const fn version(&self) -> u64 {
        self.version
    }

    pub(super) fn learn(&mut self, topic: Arc<TopicMetadata>, version: u64) {
        (self.topic, self.version) = (topic, version);
    }

    /// The queue for a record of `size` bytes that may name its partition.
    ///
    /// # Errors
    /// `NoSuchPartition`, as far as is known.
    pub(super) fn place(
        &mut self,
        record: &ProducerRecord<'_>,
        named: Option<PartitionIndex>,
        size: usize,
        config: &ProducerConfig,
        entropy: &io::Entropy,
    ) -> Result<&mut PartitionQueue, ClientError> {
        let count = self.topic.partitions.len();
        let by_key = record.key.filter(|_| !config.partitioner_ignore_keys);
        let index = match (named, by_key) {
            (Some(index), _) if self.topic.partition(index).is_some() => index,
            (Some(index), _) => {
                return Err(ClientError::NoSuchPartition {
                    topic: self.topic.name.to_string(),
                    partition: index.0,
                    partitions: count as i32,
                });
            }
            (None, Some(key)) => partition_of_key(key, count),
            (None, None) => {
                let Self { topic, sticky, partitions, .. } = self;
                sticky.next(size, config.batch_size, || choose(topic, partitions, config, entropy))
            }
        };
        let name = &self.topic.name;
        let queue = self.partitions.entry(index).or_insert_with(|| {
            PartitionQueue::new(TopicPartition { topic: Arc::clone(name), partition: index })
        });
        Ok(queue)
    }

    pub(super) fn get_mut(&mut self, index: PartitionIndex) -> Option<&mut PartitionQueue> {
        self.partitions.get_mut(&index)
    }

    pub(super) fn queues(&self) -> impl Iterator<Item = &PartitionQueue> {
        self.partitions.values()
    }

    pub(super) fn queues_mut(&mut self) -> impl Iterator<Item = &mut PartitionQueue> {
        self.partitions.values_mut()
    }
}

/// Chooses among the partitions that have a leader; among all where none has. With
/// `partitioner.availability.timeout.ms`, one whose oldest batch has been due for so long is passed over: its broker takes
/// nothing.
fn choose(
    topic: &TopicMetadata,
    queues: &BTreeMap<PartitionIndex, PartitionQueue>,
    config: &ProducerConfig,
    entropy: &io::Entropy,
) -> PartitionIndex {
    let all = topic.partitions.iter().all(|partition| partition.leader.is_none());
    let candidates = topic.partitions.iter().filter(|partition| all || partition.leader.is_some());
    let patience = config.partitioner_availability_timeout;
    let due_before = Instant::now().checked_sub(patience).filter(|_| !patience.is_zero());
    let load = |index: PartitionIndex| {
        let Some(queue) = queues.get(&index).filter(|_| config.partitioner_adaptive) else { return Some(0) };
        let oldest = queue.batches.front().map(|first| first.created_at + config.linger);
        let is_stuck = due_before.zip(oldest).is_some_and(|(before, due)| due < before);
        Some(queue.batches.len()).filter(|_| !is_stuck)
    };
    let loads: Vec<_> = candidates.map(|partition| (partition.index, load(partition.index))).collect();
    partitioner::choose(&loads, entropy.next_u64())
}

/// Batches of one partition, oldest first.
pub(super) struct PartitionQueue {
    pub(super) partition: TopicPartition,
    pub(super) batches: VecDeque<ProducerBatch>,
    /// The broker took no larger batches; uncompressed bytes.
    batch_size_max: Option<usize>,
    /// Batches that were taken, and are neither back nor ended.
    under_way: usize,
    /// Nothing is taken while anything is under way: it failed, or was tried before and travels alone. So batches arrive in
    /// order whatever fails.
    waits: bool,
}

impl PartitionQueue {
    const fn new(partition: TopicPartition) -> Self {
        Self { partition, batches: VecDeque::new(), batch_size_max: None, under_way: 0, waits: false }
    }

    pub(super) fn batch_size(&self, config: &ProducerConfig) -> usize {
        self.batch_size_max.unwrap_or(config.batch_size).min(config.batch_size)
    }

    /// Batches to come are smaller than one of so many bytes, which was too large; how large, is returned.
    pub(super) fn shrink(&mut self, config: &ProducerConfig, too_large: usize) -> usize {
        let size = self.batch_size(config).min(too_large / 2);
        self.batch_size_max = Some(size);
        size
    }

    /// When its oldest batch is to be sent.
    pub(super) fn due(&self, config: &ProducerConfig, hurry: bool, now: Instant) -> Option<Instant> {
        let first = self.batches.front()?;
        let is_full = self.batches.len() > 1 || !first.has_room(1, self.batch_size(config));
        let due = if hurry || is_full { now } else { first.created_at + config.linger };
        Some(due.max(first.not_before))
    }

    /// Whether its oldest batch may follow those under way; not where there is no room for any.
    pub(super) fn may_take(&self, room: usize) -> bool {
        let travels_alone = self.waits || self.batches.front().is_some_and(|first| first.attempts > 0);
        room > 0 && (self.under_way == 0 || (!travels_alone && self.under_way < room))
    }

    pub(super) fn take(&mut self) -> Option<ProducerBatch> {
        let batch = self.batches.pop_front()?;
        self.under_way += 1;
        self.waits = batch.attempts > 0;
        Some(batch)
    }

    /// Takes nothing more until all that is under way is back or ended.
    pub(super) const fn await_all_under_way(&mut self) {
        self.waits = self.under_way > 0;
    }

    /// One that was taken is back or ended; after a failure those behind it are awaited.
    pub(super) const fn came_back(&mut self, failed: bool) {
        self.under_way -= 1;
        self.waits = self.under_way > 0 && (self.waits || failed);
    }

    pub(super) fn insert(&mut self, batch: ProducerBatch) {
        let behind = self.batches.partition_point(|other| other.place() < batch.place());
        self.batches.insert(behind, batch);
    }
}
