//! A batch of a producer: from its first record until all its records are acknowledged or have failed.

use bytes::Bytes;
use record::{BatchBuilder, BatchHeader, BatchOptions, BuildError, Compression, HEADER_SIZE};
use tokio::sync::watch;
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

/// The first offset of an acknowledged batch, where it is known.
type Outcome = Option<Result<Option<Offset>, ClientError>>;

/// The future of one record: done when its batch is acknowledged or has failed.
#[derive(Clone, Debug)]
pub struct Delivery {
    partition: TopicPartition,
    index: i32,
    outcome: watch::Receiver<Outcome>,
}

impl Delivery {
    /// Waits for the acknowledgement.
    ///
    /// # Errors
    /// When the record was not acknowledged; it may have been written all the same.
    pub async fn wait(mut self) -> Result<RecordMetadata, ClientError> {
        let outcome = match self.outcome.wait_for(Option::is_some).await {
            Ok(outcome) => outcome.clone().unwrap_or(Err(ClientError::Closed)),
            Err(_) => Err(ClientError::Closed),
        };
        let base = outcome?;
        let offset = base.map(|base| base.plus(self.index.into()));
        Ok(RecordMetadata { partition: self.partition, offset })
    }

    /// Whether the outcome is known.
    pub fn is_done(&self) -> bool {
        self.outcome.borrow().is_some()
    }

    /// Whether both records travel in one batch, and so share one outcome.
    pub fn shares_batch_with(&self, other: &Delivery) -> bool {
        self.outcome.same_channel(&other.outcome)
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
    count: i32,
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
    outcome: watch::Sender<Outcome>,
}

impl ProducerBatch {
    pub(crate) fn new(
        partition: TopicPartition,
        compression: Compression,
        now: Instant,
    ) -> Result<Self, ClientError> {
        let options = BatchOptions { compression, ..BatchOptions::default() };
        let builder = BatchBuilder::new(options).map_err(build_error)?;
        Ok(Self {
            partition,
            contents: Contents::Open(Box::new(builder)),
            count: 0,
            reserved: 0,
            created_at: now,
            not_before: now,
            attempts: 0,
            producer: None,
            may_be_written: false,
            last_error: None,
            outcome: watch::Sender::new(None),
        })
    }

    /// Whether a record of `size` bytes still fits below `batch_size`; an empty batch takes any.
    pub(crate) fn has_room(&self, size: usize, batch_size: usize) -> bool {
        match &self.contents {
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
        Ok(Delivery { partition: self.partition.clone(), index, outcome: self.outcome.subscribe() })
    }

    /// Names the producer and closes the batch, or finds it closed: a repeated try carries the same sequence, so that
    /// the broker recognizes it.
    pub(crate) fn seal(&mut self, producer: Option<ProducerState>) -> Result<Bytes, ClientError> {
        match std::mem::replace(&mut self.contents, Contents::Nothing) {
            Contents::Open(mut builder) => {
                if let Some(state) = producer {
                    builder.set_producer(state.id, state.epoch, state.base_sequence, false);
                }
                let batch = builder.build().map_err(build_error)?;
                self.contents = Contents::Sealed(batch.unwrap_or_default());
                self.producer = producer;
            }
            contents => self.contents = contents,
        }
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

    /// Records in it.
    pub(crate) const fn count(&self) -> i32 {
        self.count
    }

    /// Tells every record's sender; ends the batch.
    pub(crate) fn complete(&self, outcome: Result<Option<Offset>, ClientError>) {
        self.outcome.send_replace(Some(outcome));
    }
}

fn build_error(error: BuildError) -> ClientError {
    ClientError::Batch { reason: error.to_string() }
}
