//! Records on their way: appended by senders, batched per partition, taken by the [sender](super::sender).

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use record::BatchBuilder;
use tokio::sync::{Notify, Semaphore, watch};
use tokio::time::{Instant, timeout_at};
use types::{Offset, PartitionIndex, TopicName, TopicPartition};

use crate::error::ClientError;
use crate::network_client::NetworkClient;
use crate::producer::batch::{Delivery, ProducerBatch, SplitError};
use crate::producer::topic_queue::{PartitionQueue, TopicQueue};
use crate::producer::transaction::Transactions;
use crate::producer::{ProducerConfig, ProducerRecord, interceptor};

/// Kafka's RecordAccumulator: a queue of batches per partition, bounded by `buffer.memory`.
pub(crate) struct RecordAccumulator {
    config: ProducerConfig,
    /// Those of a producer with `transactional.id`.
    transactions: Option<Arc<Transactions>>,
    queues: Mutex<Queues>,
    /// Bytes of `buffer.memory` that are left.
    memory: Semaphore,
    /// Batches that are neither acknowledged nor failed, by their order, and in how many parts each is.
    incomplete: watch::Sender<BTreeMap<u64, usize>>,
    /// Rung when there may be something to send that was not there before.
    work: Notify,
}

#[derive(Default)]
struct Queues {
    topics: BTreeMap<TopicName, TopicQueue>,
    /// Batches so far.
    batches_so_far: u64,
    /// How many callers wait for everything to be sent.
    flushing: usize,
    closed: bool,
}

/// Why a record was not appended.
pub(crate) enum Refusal {
    /// Nothing is known of its topic.
    UnknownTopic,
    /// As far as is known; there may be more partitions by now.
    NoSuchPartition(ClientError),
    /// For good.
    Final(ClientError),
}

impl RecordAccumulator {
    pub(crate) fn new(config: ProducerConfig, transactions: Option<Arc<Transactions>>) -> Self {
        let memory = Semaphore::new(config.buffer_memory.min(Semaphore::MAX_PERMITS));
        Self {
            config,
            transactions,
            queues: Mutex::new(Queues::default()),
            memory,
            incomplete: watch::Sender::new(BTreeMap::new()),
            work: Notify::new(),
        }
    }

    /// Of a producer with `transactional.id`.
    pub(crate) const fn transactions(&self) -> Option<&Arc<Transactions>> {
        self.transactions.as_ref()
    }

    /// Has the sender look again.
    pub(crate) fn ring(&self) {
        self.work.notify_one();
    }

    /// Bytes that a record takes in a batch, at most.
    pub(crate) fn size_of(record: &ProducerRecord<'_>) -> usize {
        BatchBuilder::record_size(i64::MAX, i32::MAX, record.key, record.value, record.headers)
    }

    /// Takes `size` bytes of `buffer.memory` for a record, waiting up to `deadline` while it is used up.
    ///
    /// # Errors
    /// When the record is too large, no memory was given back in time, or the producer is closed.
    pub(crate) async fn reserve(
        &self,
        size: usize,
        deadline: impl FnOnce() -> Instant,
    ) -> Result<(), ClientError> {
        let limit = self.config.max_request_size.min(self.config.buffer_memory);
        if size > limit {
            return Err(ClientError::RecordTooLarge { size, limit });
        }
        let permits = u32::try_from(size).unwrap_or(u32::MAX);
        if let Ok(permit) = self.memory.try_acquire_many(permits) {
            permit.forget();
            return Ok(());
        }
        // Whoever waits for memory waits for batches to be sent, full or not.
        self.work.notify_one();
        let permit = timeout_at(deadline(), self.memory.acquire_many(permits)).await;
        let used_up = ClientError::BufferExhausted { size, after: self.config.max_block };
        permit.map_err(|_| used_up)?.map_err(|_| ClientError::Closed)?.forget();
        Ok(())
    }

    /// Gives back what was reserved for a record.
    pub(crate) fn release(&self, size: usize) {
        self.memory.add_permits(size);
    }

    /// Appends a record whose `size` bytes are reserved; where it names no partition, wherever it suits. The only lock that a
    /// record is sent under.
    pub(crate) fn append(
        &self,
        record: &ProducerRecord<'_>,
        named: Option<PartitionIndex>,
        timestamp: i64,
        size: usize,
        client: &NetworkClient,
        entropy: &io::Entropy,
    ) -> Result<Delivery, Refusal> {
        let version = client.metadata_version();
        let mut queues = self.lock();
        if queues.closed {
            return Err(Refusal::Final(ClientError::Closed));
        }
        if queues.topics.get(record.topic).is_none_or(|topic| topic.version() != version) {
            let known = client.known_topic(record.topic).ok_or(Refusal::UnknownTopic)?;
            match queues.topics.get_mut(record.topic) {
                Some(topic) => topic.learn(known, version),
                None => {
                    let name = known.name.clone();
                    queues.topics.insert(name, TopicQueue::new(known, version));
                }
            }
        }
        let order = queues.batches_so_far + 1;
        let topic = queues.topics.get_mut(record.topic).expect("it is known by now");
        let placed = topic.place(record, named, size, &self.config, entropy);
        let queue = placed.map_err(Refusal::NoSuchPartition)?;
        if let Some(transactions) = &self.transactions {
            let added = transactions.look(|machine| machine.add_partition(&queue.partition));
            added.map_err(Refusal::Final)?;
        }
        let batch_size = queue.batch_size(&self.config);
        if let Some(last) = queue.batches.back_mut().filter(|last| last.has_room(size, batch_size)) {
            return last.append(record, timestamp, size).map_err(Refusal::Final);
        }
        let room = batch_size.max(size);
        let mut batch = ProducerBatch::new(queue.partition.clone(), order, room, Instant::now())
            .map_err(Refusal::Final)?;
        let delivery = batch.append(record, timestamp, size).map_err(Refusal::Final)?;
        queue.batches.push_back(batch);
        queues.batches_so_far = order;
        self.incomplete.send_modify(|incomplete| *incomplete.entry(order).or_default() += 1);
        self.work.notify_one();
        Ok(delivery)
    }

    /// The partitions that have a batch to send now, and when to look again if nothing happens. `room` tells how many
    /// batches of a partition may be under way.
    pub(crate) fn ready(
        &self,
        now: Instant,
        room: impl Fn(&TopicPartition) -> usize,
    ) -> (Vec<TopicPartition>, Option<Instant>) {
        let queues = self.lock();
        let hurry = self.hurries(&queues);
        let mut ready = Vec::new();
        let mut next: Option<Instant> = None;
        for queue in queues.topics.values().flat_map(TopicQueue::queues) {
            match queue.due(&self.config, hurry, now) {
                Some(due) if due > now => next = Some(next.map_or(due, |earlier| earlier.min(due))),
                Some(_) if queue.may_take(room(&queue.partition)) => ready.push(queue.partition.clone()),
                Some(_) | None => {}
            }
        }
        (ready, next)
    }

    /// Takes the oldest batch of a partition, if it is to be sent now and fewer than `room` are under way; it has to come
    /// back by [`Self::complete`], [`Self::put_back`] or [`Self::split`].
    pub(crate) fn take(
        &self,
        partition: &TopicPartition,
        room: usize,
        now: Instant,
    ) -> Option<ProducerBatch> {
        let mut queues = self.lock();
        let hurry = self.hurries(&queues);
        let queue = queues.get_mut(partition)?;
        let is_due = queue.due(&self.config, hurry, now).is_some_and(|due| due <= now);
        if !is_due || !queue.may_take(room) {
            return None;
        }
        queue.take()
    }

    fn hurries(&self, queues: &Queues) -> bool {
        queues.flushing > 0 || queues.closed || self.memory.available_permits() < self.config.batch_size
    }

    /// Returns a batch that is to be sent again, before all that were appended after it.
    pub(crate) fn put_back(&self, batch: ProducerBatch) {
        let mut queues = self.lock();
        let queue = queues.of(&batch.partition);
        queue.came_back(true);
        queue.insert(batch);
    }

    /// Everything under way is awaited before more of its partition is sent: it is numbered otherwise.
    pub(crate) fn await_all_under_way(&self) {
        self.lock().queues_mut().for_each(PartitionQueue::await_all_under_way);
    }

    /// Returns a batch that was too large for its broker in parts of at most half its size, or ends it. Batches to come
    /// are smaller as well.
    pub(crate) fn split(&self, mut batch: ProducerBatch, error: ClientError) {
        if batch.count() < 2 {
            return self.complete(&mut batch, Err(error));
        }
        let partition = batch.partition.clone();
        let order = batch.order();
        let size = self.lock().of(&partition).shrink(&self.config, batch.uncompressed_size);
        match batch.split(size) {
            Err(SplitError { mut batch, error }) => self.complete(&mut batch, Err(error)),
            Ok(parts) => {
                self.incomplete
                    .send_modify(|incomplete| *incomplete.entry(order).or_insert(1) += parts.len() - 1);
                let mut queues = self.lock();
                let queue = queues.of(&partition);
                queue.came_back(true);
                parts.into_iter().for_each(|part| queue.insert(part));
            }
        }
    }

    /// Ends a batch that was taken.
    pub(crate) fn complete(&self, batch: &mut ProducerBatch, outcome: Result<Option<Offset>, ClientError>) {
        self.lock().of(&batch.partition).came_back(outcome.is_err());
        self.end(batch, outcome);
    }

    /// Ends waiting batches that are older than `delivery.timeout.ms`, and tells when the next one will be.
    pub(crate) fn expire(&self, now: Instant) -> (Vec<ProducerBatch>, Option<Instant>) {
        let mut queues = self.lock();
        let mut expired = Vec::new();
        let mut next: Option<Instant> = None;
        for queue in queues.queues_mut() {
            while let Some(first) = queue.batches.front() {
                let deadline = first.created_at + self.config.delivery_timeout;
                if deadline > now {
                    next = Some(next.map_or(deadline, |earlier| earlier.min(deadline)));
                    break;
                }
                expired.extend(queue.batches.pop_front());
            }
        }
        (expired, next)
    }

    /// Batches to come are smaller than this one, which was too large for its broker.
    pub(crate) fn shrink(&self, batch: &ProducerBatch) {
        self.lock().of(&batch.partition).shrink(&self.config, batch.uncompressed_size);
    }

    /// Takes everything that is not under way; each batch is to be [ended](Self::end).
    pub(crate) fn take_all(&self) -> Vec<ProducerBatch> {
        self.lock().queues_mut().flat_map(|queue| queue.batches.drain(..)).collect()
    }

    /// Ends a batch that no queue holds any more.
    pub(crate) fn end(&self, batch: &mut ProducerBatch, outcome: Result<Option<Offset>, ClientError>) {
        for interceptor in &self.config.interceptors {
            interceptor::acknowledged(&**interceptor, &batch.partition, batch.count(), &outcome);
        }
        batch.complete(outcome);
        self.memory.add_permits(batch.reserved);
        self.incomplete.send_modify(|incomplete| has_ended(incomplete, batch.order()));
    }

    /// Waits until everything that was appended until now is acknowledged or has failed.
    pub(crate) async fn flush(&self) {
        let _flushing = Flushing::new(self);
        let last = self.lock().batches_so_far;
        self.work.notify_one();
        let is_done = |incomplete: &BTreeMap<u64, usize>| {
            incomplete.first_key_value().is_none_or(|(oldest, _)| *oldest > last)
        };
        // The sender half lives in self, so the channel cannot close.
        let _ = self.incomplete.subscribe().wait_for(is_done).await;
    }

    /// Takes no more records; what was appended is still sent.
    pub(crate) fn close(&self) {
        self.lock().closed = true;
        self.memory.close();
        self.work.notify_one();
    }

    /// Nobody sends any more: whoever waits for a batch is told that the producer is closed.
    pub(crate) fn abandon(&self) {
        self.close();
        drop(self.take_all());
        self.incomplete.send_modify(BTreeMap::clear);
    }

    /// Whether any batch has no outcome yet.
    pub(crate) fn has_incomplete(&self) -> bool {
        !self.incomplete.borrow().is_empty()
    }

    /// Whether it takes no more records.
    pub(crate) fn is_closed(&self) -> bool {
        self.lock().closed
    }

    /// Whether it is closed and nothing is left to do.
    pub(crate) fn is_finished(&self) -> bool {
        self.lock().closed && self.incomplete.borrow().is_empty()
    }

    /// Waits until there may be something new to send.
    pub(crate) async fn work(&self) {
        self.work.notified().await;
    }

    fn lock(&self) -> MutexGuard<'_, Queues> {
        self.queues.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One part of a batch fewer; of one that was abandoned there is none.
fn has_ended(incomplete: &mut BTreeMap<u64, usize>, order: u64) {
    if let Some(parts) = incomplete.get_mut(&order) {
        *parts -= 1;
        if *parts == 0 {
            incomplete.remove(&order);
        }
    }
}

impl Queues {
    fn get_mut(&mut self, partition: &TopicPartition) -> Option<&mut PartitionQueue> {
        self.topics.get_mut(&partition.topic)?.get_mut(partition.partition)
    }

    /// The queue that a batch was taken from.
    fn of(&mut self, partition: &TopicPartition) -> &mut PartitionQueue {
        self.get_mut(partition).expect("queues stay")
    }

    fn queues_mut(&mut self) -> impl Iterator<Item = &mut PartitionQueue> {
        self.topics.values_mut().flat_map(TopicQueue::queues_mut)
    }
}

/// While one lives, batches are sent at once; a flush that is given up ends it as well.
struct Flushing<'a>(&'a RecordAccumulator);

impl<'a> Flushing<'a> {
    fn new(accumulator: &'a RecordAccumulator) -> Self {
        accumulator.lock().flushing += 1;
        Self(accumulator)
    }
}

impl Drop for Flushing<'_> {
    fn drop(&mut self) {
        self.0.lock().flushing -= 1;
    }
}
