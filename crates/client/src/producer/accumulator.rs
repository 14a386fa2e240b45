//! Records on their way: appended by senders, batched per partition, taken by the [sender](super::sender).

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use record::BatchBuilder;
use tokio::sync::{Notify, Semaphore, watch};
use tokio::time::Instant;
use types::{Offset, TopicPartition};

use crate::error::ClientError;
use crate::producer::batch::{Delivery, ProducerBatch, SplitError};
use crate::producer::{ProducerConfig, ProducerRecord};

/// Kafka's RecordAccumulator: a queue of batches per partition, bounded by `buffer.memory`.
pub(crate) struct RecordAccumulator {
    config: ProducerConfig,
    queues: Mutex<Queues>,
    /// Bytes of `buffer.memory` that are left.
    memory: Semaphore,
    /// Batches that are neither acknowledged nor failed.
    incomplete: watch::Sender<usize>,
    /// Rung when there may be something to send that was not there before.
    work: Notify,
}

#[derive(Default)]
struct Queues {
    partitions: BTreeMap<TopicPartition, PartitionQueue>,
    /// How many callers wait for everything to be sent.
    flushing: usize,
    closed: bool,
}

/// Batches of one partition, oldest first.
#[derive(Default)]
struct PartitionQueue {
    batches: VecDeque<ProducerBatch>,
    /// The broker took no larger batches; uncompressed bytes.
    batch_size_max: Option<usize>,
    /// A batch is under way: the next one waits, so that batches arrive in order whatever fails.
    muted: bool,
}

impl RecordAccumulator {
    pub(crate) fn new(config: ProducerConfig) -> Self {
        let memory = Semaphore::new(config.buffer_memory.min(Semaphore::MAX_PERMITS));
        Self {
            config,
            queues: Mutex::new(Queues::default()),
            memory,
            incomplete: watch::Sender::new(0),
            work: Notify::new(),
        }
    }

    /// Bytes that a record takes in a batch, at most.
    pub(crate) fn size_of(record: &ProducerRecord<'_>) -> usize {
        BatchBuilder::record_size(i64::MAX, i32::MAX, record.key, record.value, record.headers)
    }

    /// Appends a record, waiting while `buffer.memory` is used up.
    ///
    /// # Errors
    /// When the record is too large or the producer is closed.
    pub(crate) async fn append(
        &self,
        partition: TopicPartition,
        record: &ProducerRecord<'_>,
        timestamp: i64,
    ) -> Result<Delivery, ClientError> {
        let size = Self::size_of(record);
        let limit = self.config.max_request_size.min(self.config.buffer_memory);
        if size > limit {
            return Err(ClientError::RecordTooLarge { size, limit });
        }
        let permits = u32::try_from(size).unwrap_or(u32::MAX);
        if self.memory.try_acquire_many(permits).map(|permit| permit.forget()).is_err() {
            // Whoever waits for memory waits for batches to be sent, full or not.
            self.work.notify_one();
            let permit = self.memory.acquire_many(permits).await.map_err(|_| ClientError::Closed)?;
            permit.forget();
        }
        let appended = self.append_reserved(partition, record, timestamp, size);
        if appended.is_err() {
            self.memory.add_permits(size);
        }
        appended
    }

    fn append_reserved(
        &self,
        partition: TopicPartition,
        record: &ProducerRecord<'_>,
        timestamp: i64,
        size: usize,
    ) -> Result<Delivery, ClientError> {
        let mut queues = self.lock();
        if queues.closed {
            return Err(ClientError::Closed);
        }
        let queue = queues.partitions.entry(partition.clone()).or_default();
        let batch_size = queue.batch_size(&self.config);
        if let Some(last) = queue.batches.back_mut().filter(|last| last.has_room(size, batch_size)) {
            return last.append(record, timestamp, size);
        }
        let mut batch = ProducerBatch::new(partition, self.config.compression, Instant::now())?;
        let delivery = batch.append(record, timestamp, size)?;
        queue.batches.push_back(batch);
        self.incomplete.send_modify(|count| *count += 1);
        self.work.notify_one();
        Ok(delivery)
    }

    /// The partitions that have a batch to send now, and when to look again if nothing happens.
    pub(crate) fn ready(&self, now: Instant) -> (Vec<TopicPartition>, Option<Instant>) {
        let queues = self.lock();
        let hurry =
            queues.flushing > 0 || queues.closed || self.memory.available_permits() < self.config.batch_size;
        let mut ready = Vec::new();
        let mut next: Option<Instant> = None;
        for (partition, queue) in &queues.partitions {
            let Some(first) = queue.batches.front().filter(|_| !queue.muted) else { continue };
            let is_full = queue.batches.len() > 1 || !first.has_room(1, queue.batch_size(&self.config));
            let due = if hurry || is_full { now } else { first.created_at + self.config.linger };
            let due = due.max(first.not_before);
            if due <= now {
                ready.push(partition.clone());
            } else {
                next = Some(next.map_or(due, |earlier| earlier.min(due)));
            }
        }
        (ready, next)
    }

    /// Takes the oldest batch of a partition; the partition rests until [`Self::complete`] or [`Self::put_back`].
    pub(crate) fn take(&self, partition: &TopicPartition) -> Option<ProducerBatch> {
        let mut queues = self.lock();
        let queue = queues.partitions.get_mut(partition).filter(|queue| !queue.muted)?;
        let batch = queue.batches.pop_front()?;
        queue.muted = true;
        Some(batch)
    }

    /// Returns a batch that is to be sent again, before all others of its partition.
    pub(crate) fn put_back(&self, batch: ProducerBatch) {
        let mut queues = self.lock();
        let queue = queues.partitions.entry(batch.partition.clone()).or_default();
        queue.muted = false;
        queue.batches.push_front(batch);
    }

    /// Returns a batch that was too large for its broker in parts of at most half its size, or ends it. Batches to come
    /// are smaller as well.
    pub(crate) fn split(&self, batch: ProducerBatch, error: ClientError) {
        if batch.count() < 2 {
            return self.complete(&batch, Err(error));
        }
        let partition = batch.partition.clone();
        let size = {
            let mut queues = self.lock();
            let queue = queues.partitions.entry(partition.clone()).or_default();
            let size = queue.batch_size(&self.config).min(batch.uncompressed_size / 2);
            queue.batch_size_max = Some(size);
            size
        };
        match batch.split(size, self.config.compression) {
            Err(SplitError { batch, error }) => self.complete(&batch, Err(error)),
            Ok(parts) => {
                self.incomplete.send_modify(|count| *count += parts.len() - 1);
                let mut queues = self.lock();
                let queue = queues.partitions.entry(partition).or_default();
                queue.muted = false;
                for part in parts.into_iter().rev() {
                    queue.batches.push_front(part);
                }
            }
        }
    }

    /// Ends a batch that was taken.
    pub(crate) fn complete(&self, batch: &ProducerBatch, outcome: Result<Option<Offset>, ClientError>) {
        if let Some(queue) = self.lock().partitions.get_mut(&batch.partition) {
            queue.muted = false;
        }
        self.end(batch, outcome);
    }

    /// Ends waiting batches that are older than `delivery.timeout.ms`, and tells when the next one will be.
    pub(crate) fn expire(&self, now: Instant) -> (Vec<ProducerBatch>, Option<Instant>) {
        let mut queues = self.lock();
        let mut expired = Vec::new();
        let mut next: Option<Instant> = None;
        for queue in queues.partitions.values_mut() {
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

    /// Takes everything that is not under way; each batch is to be [ended](Self::end).
    pub(crate) fn take_all(&self) -> Vec<ProducerBatch> {
        self.lock().partitions.values_mut().flat_map(|queue| queue.batches.drain(..)).collect()
    }

    /// Ends a batch that no queue holds any more.
    pub(crate) fn end(&self, batch: &ProducerBatch, outcome: Result<Option<Offset>, ClientError>) {
        batch.complete(outcome);
        self.memory.add_permits(batch.reserved);
        self.incomplete.send_modify(|count| *count -= 1);
    }

    /// Waits until everything that was appended is acknowledged or has failed.
    pub(crate) async fn flush(&self) {
        let _flushing = Flushing::new(self);
        self.work.notify_one();
        // The sender half lives in self, so the channel cannot close.
        let _ = self.incomplete.subscribe().wait_for(|count| *count == 0).await;
    }

    /// Takes no more records; what was appended is still sent.
    pub(crate) fn close(&self) {
        self.lock().closed = true;
        self.memory.close();
        self.work.notify_one();
    }

    /// Whether it is closed and nothing is left to do.
    pub(crate) fn is_finished(&self) -> bool {
        self.lock().closed && *self.incomplete.borrow() == 0
    }

    /// Waits until there may be something new to send.
    pub(crate) async fn work(&self) {
        self.work.notified().await;
    }

    fn lock(&self) -> MutexGuard<'_, Queues> {
        self.queues.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl PartitionQueue {
    fn batch_size(&self, config: &ProducerConfig) -> usize {
        self.batch_size_max.unwrap_or(config.batch_size).min(config.batch_size)
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
