//! A batch of a producer: from its first record until all its records are acknowledged or have failed.

use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use bytes::Bytes;
use record::compression::Compressor;
use record::{
    BatchBuilder, BatchHeader, BatchOptions, BuildError, Compression, HEADER_SIZE, Limits, RecordBatch,
};
use tokio::sync::Notify;
use tokio::time::Instant;
use types::{Offset, ProducerEpoch, ProducerId, Sequence, TopicPartition};

use crate::error::ClientError;
use crate::producer::ProducerRecord;

/// Where an acknowledged record lies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordMetadata {
    /// Topic and partition.
    pub partition: TopicPartition,
    /// `None` where the broker acknowledged a batch it had already, without saying where.
    pub offset: Option<Offset>,
}

/// Who writes, and which record of theirs a batch begins with (KIP-98).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ProducerState {
    pub(crate) id: ProducerId,
    pub(crate) epoch: ProducerEpoch,
    pub(crate) base_sequence: Sequence,
}

/// What became of the records from this index on, up to the next part's: the first one's offset, where it is known.
type Part = (i32, Result<Option<Offset>, ClientError>);

/// What the senders of a batch's records wait for; shared by the batches that it was split into.
#[derive(Debug)]
struct Fate {
    partition: TopicPartition,
    /// The parts in order: one, unless the batch was split.
    outcome: OnceLock<Box<[Part]>>,
    /// Rung once the outcome is there.
    is_known: Notify,
    unfinished: Mutex<Unfinished>,
}

#[derive(Debug)]
struct Unfinished {
    open: usize,
    parts: Vec<Part>,
}

/// The future of one record: done when its batch is acknowledged or has failed.
#[derive(Clone, Debug)]
pub struct Delivery {
    fate: Arc<Fate>,
    index: i32,
}

impl Delivery {
    /// Waits for the acknowledgement.
    ///
    /// # Errors
    /// When the record was not acknowledged; it may have been written all the same.
    pub async fn wait(self) -> Result<RecordMetadata, ClientError> {
        let parts = self.fate.known().await;
        let (first, base) = parts
            .iter()
            .rfind(|(first, _)| *first <= self.index)
            .expect("the first part begins at the first record");
        let offset = base.clone()?.map(|base| base.plus((self.index - first).into()));
        Ok(RecordMetadata { partition: self.fate.partition.clone(), offset })
    }

    /// Whether the outcome is known.
    pub fn is_done(&self) -> bool {
        self.fate.outcome.get().is_some()
    }

    /// Waits until the outcome of every record of its batch is known. One that its broker finds too large is sent in parts,
    /// which may end differently.
    ///
    /// # Errors
    /// The first one, where not all of them were acknowledged.
    pub async fn wait_for_batch(self) -> Result<(), ClientError> {
        self.fate.known().await.iter().try_for_each(|(_, part)| part.clone().map(drop))
    }

    /// Whether both records were put into one batch: their outcomes are known at the same time.
    pub fn shares_batch_with(&self, other: &Delivery) -> bool {
        Arc::ptr_eq(&self.fate, &other.fate)
    }
}

enum Contents {
    Open(Box<BatchBuilder>),
    Sealed(Bytes),
    /// Between the two; only while it is being sealed, and after a seal failed.
    Nothing,
}

/// See the module.
pub(crate) struct ProducerBatch {
    pub(crate) partition: TopicPartition,
    contents: Contents,
    /// Its place among the batches of its producer; the parts of one that was split share it.
    order: u64,
    /// The index of its first record among those that share its fate.
    first_index: i32,
    count: i32,
    /// Takes no more records.
    is_closed: bool,
    /// Bytes, were it not compressed; known once it is sealed.
    pub(crate) uncompressed_size: usize,
    /// Bytes of `buffer.memory` that it holds.
    pub(crate) reserved: usize,
    pub(crate) created_at: Instant,
    /// Not to be sent before: the backoff after a failed try.
    pub(crate) not_before: Instant,
    pub(crate) attempts: u32,
    pub(crate) producer: Option<ProducerState>,
    /// Some try ended without an answer: the batch may lie in the log.
    pub(crate) may_be_written: bool,
    /// What went wrong last.
    pub(crate) last_error: Option<ClientError>,
    fate: Arc<Fate>,
    /// Its outcome is told, or left to its parts.
    is_ended: bool,
}

impl ProducerBatch {
    /// An empty one, with memory for `room` bytes.
    pub(crate) fn new(
        partition: TopicPartition,
        order: u64,
        room: usize,
        now: Instant,
    ) -> Result<Self, ClientError> {
        Ok(Self {
            order,
            contents: Contents::Open(open(room)?),
            first_index: 0,
            count: 0,
            is_closed: false,
            uncompressed_size: 0,
            reserved: 0,
            created_at: now,
            not_before: now,
            attempts: 0,
            producer: None,
            may_be_written: false,
            last_error: None,
            fate: Arc::new(Fate {
                partition: partition.clone(),
                outcome: OnceLock::new(),
                is_known: Notify::new(),
                unfinished: Mutex::new(Unfinished { open: 1, parts: Vec::new() }),
            }),
            partition,
            is_ended: false,
        })
    }

    /// Whether a record of `size` bytes still fits below `batch_size`; an empty batch takes any.
    pub(crate) fn has_room(&self, size: usize, batch_size: usize) -> bool {
        match &self.contents {
            Contents::Open(_) if self.is_closed => false,
            Contents::Open(builder) => builder.is_empty() || builder.uncompressed_size() + size <= batch_size,
            Contents::Sealed(_) | Contents::Nothing => false,
        }
    }

    /// Appends a record whose bytes were reserved.
    pub(crate) fn append(
        &mut self,
        record: &ProducerRecord<'_>,
        timestamp: i64,
        reserved: usize,
    ) -> Result<Delivery, ClientError> {
        let Contents::Open(builder) = &mut self.contents else { return Err(ClientError::Closed) };
        builder.append(timestamp, record.key, record.value, record.headers).map_err(build_error)?;
        let index = self.count;
        self.count += 1;
        self.reserved += reserved;
        Ok(Delivery { fate: Arc::clone(&self.fate), index })
    }

    /// Names the producer, compresses and closes the batch, or finds it closed: a repeated try carries the same sequence, so
    /// that the broker recognizes it.
    pub(crate) fn seal(
        &mut self,
        producer: Option<ProducerState>,
        is_transactional: bool,
        compression: Compression,
        compressor: &mut Compressor,
    ) -> Result<Bytes, ClientError> {
        match std::mem::replace(&mut self.contents, Contents::Nothing) {
            Contents::Open(mut builder) => {
                if let Some(state) = producer {
                    builder.set_producer(state.id, state.epoch, state.base_sequence, is_transactional);
                }
                self.uncompressed_size = builder.uncompressed_size();
                let batch = builder.build_compressed(compression, compressor).map_err(build_error)?;
                self.contents = Contents::Sealed(batch.unwrap_or_default());
                self.producer = producer;
            }
            contents => self.contents = contents,
        }
        self.sealed()
    }

    /// The batch as it is sent.
    pub(crate) fn sealed(&self) -> Result<Bytes, ClientError> {
        match &self.contents {
            Contents::Sealed(bytes) => Ok(bytes.clone()),
            Contents::Open(_) | Contents::Nothing => Err(ClientError::Closed),
        }
    }

    /// Gives a sealed batch to another producer id or sequence. Only for one that certainly lies in no log.
    pub(crate) fn renumber(&mut self, state: ProducerState) -> Result<(), ClientError> {
        assert!(
            !self.may_be_written,
            "a batch that may be written keeps the sequence it may be written with"
        );
        let Contents::Sealed(bytes) = &self.contents else { return Ok(()) };
        let mut header =
            BatchHeader::parse(bytes).map_err(|error| ClientError::Batch { reason: error.to_string() })?;
        (header.producer_id, header.producer_epoch) = (state.id, state.epoch);
        header.base_sequence = state.base_sequence;
        let records = &bytes[HEADER_SIZE..];
        header.crc = header.compute_crc(records);
        let batch = [&header.to_bytes()[..], records].concat();
        self.contents = Contents::Sealed(batch.into());
        self.producer = Some(state);
        Ok(())
    }

    /// See the field.
    pub(crate) const fn order(&self) -> u64 {
        self.order
    }

    /// Smaller for what was appended earlier to its partition.
    pub(crate) const fn place(&self) -> (u64, i32) {
        (self.order, self.first_index)
    }

    /// Records in it.
    pub(crate) const fn count(&self) -> i32 {
        self.count
    }

    /// The same records in batches of at most `size` bytes, uncompressed, but for a record that alone has more: at least
    /// two, where `size` is smaller than this one, for a broker that takes no larger ones. Each is numbered when it is sent.
    /// Only for a batch that certainly lies in no log.
    pub(crate) fn split(mut self, size: usize) -> Result<Vec<Self>, SplitError> {
        assert!(!self.may_be_written, "the records of a batch that may be written are not written again");
        match self.repack(size) {
            Ok(parts) => {
                self.is_ended = true;
                Ok(parts)
            }
            Err(error) => Err(SplitError { batch: Box::new(self), error }),
        }
    }

    fn repack(&mut self, size: usize) -> Result<Vec<Self>, ClientError> {
        let corrupt = |error: &dyn std::fmt::Display| ClientError::Batch { reason: error.to_string() };
        let whole = RecordBatch::new(self.sealed()?).map_err(|error| corrupt(&error))?;
        let mut records = whole.records(Limits::default()).map_err(|error| corrupt(&error))?;
        let mut builders = vec![open(size)?];
        while let Some(record) = records.next().map_err(|error| corrupt(&error))? {
            let headers: Vec<_> = record.headers.iter().collect();
            let added = BatchBuilder::record_size(i64::MAX, i32::MAX, record.key, record.value, &headers);
            let is_full = builders
                .last()
                .is_some_and(|last| !last.is_empty() && last.uncompressed_size() + added > size);
            if is_full {
                builders.push(open(size)?);
            }
            let last = builders.last_mut().expect("there is always one");
            last.append_view(last.next_offset(), &record).map_err(build_error)?;
        }
        let (mut first_index, mut reserved) = (self.first_index, self.reserved);
        let share = self.reserved / self.count.max(1) as usize;
        let last = builders.len() - 1;
        let parts: Vec<Self> = builders
            .into_iter()
            .enumerate()
            .map(|(number, builder)| {
                let count = builder.count();
                let part_reserved = if number == last { reserved } else { share * count as usize };
                let part = Self {
                    partition: self.partition.clone(),
                    order: self.order,
                    contents: Contents::Open(builder),
                    first_index,
                    count,
                    is_closed: true,
                    uncompressed_size: 0,
                    reserved: part_reserved,
                    created_at: self.created_at,
                    not_before: self.created_at,
                    attempts: 0,
                    producer: None,
                    may_be_written: false,
                    last_error: None,
                    fate: Arc::clone(&self.fate),
                    is_ended: false,
                };
                first_index += count;
                reserved -= part_reserved;
                part
            })
            .collect();
        self.fate.lock().open += parts.len() - 1;
        Ok(parts)
    }

    /// Tells every record's sender, once all parts of a split batch are there; ends the batch.
    pub(crate) fn complete(&mut self, outcome: Result<Option<Offset>, ClientError>) {
        self.is_ended = true;
        self.fate.end_part(self.first_index, outcome);
    }
}

impl Drop for ProducerBatch {
    /// The producer's task ended without it: nobody will know.
    fn drop(&mut self) {
        if !self.is_ended {
            self.complete(Err(ClientError::Closed));
        }
    }
}

impl Fate {
    fn end_part(&self, first_index: i32, outcome: Result<Option<Offset>, ClientError>) {
        let mut unfinished = self.lock();
        unfinished.parts.push((first_index, outcome));
        unfinished.open -= 1;
        if unfinished.open == 0 {
            let mut parts = std::mem::take(&mut unfinished.parts);
            parts.sort_unstable_by_key(|(first, _)| *first);
            // It is set here alone, once.
            let _ = self.outcome.set(parts.into());
            self.is_known.notify_waiters();
        }
    }

    async fn known(&self) -> &[Part] {
        loop {
            let mut rung = pin!(self.is_known.notified());
            rung.as_mut().enable();
            if let Some(parts) = self.outcome.get() {
                return parts;
            }
            rung.await;
        }
    }

    fn lock(&self) -> MutexGuard<'_, Unfinished> {
        self.unfinished.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A batch whose records could not be read again.
pub(crate) struct SplitError {
    pub(crate) batch: Box<ProducerBatch>,
    pub(crate) error: ClientError,
}

/// Records are collected as they are, and compressed once the batch is complete.
fn open(room: usize) -> Result<Box<BatchBuilder>, ClientError> {
    BatchBuilder::with_capacity(BatchOptions::default(), room).map(Box::new).map_err(build_error)
}

fn build_error(error: BuildError) -> ClientError {
    ClientError::Batch { reason: error.to_string() }
}
