//! Appending to many partitions for one Produce request, and waiting until it is acknowledged.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use record::AnyHeader;
use record::validate::{self, InvalidBatch, ValidateError};
use tokio::time::Instant;
use transaction_coordinator::Producer;
use types::waits::WaitingClient;
use types::{Offset, ProducerId, TopicIdPartition};

use crate::partition::{Appended, LeadershipError, Partition, PartitionAppendError, VerificationGuard};
use crate::{Broker, Purgatory};

/// One partition's batch of a Produce request.
#[derive(Debug)]
pub struct ProduceEntry {
    /// The partition.
    pub partition: Arc<Partition>,
    /// One record batch.
    pub records: Bytes,
    /// Shown with the first records of a transaction.
    pub guard: Option<VerificationGuard>,
}

/// What became of an entry.
#[derive(Debug)]
pub enum ProduceOutcome {
    /// The records stand in the log.
    Appended(Appended),
    /// Nothing was appended.
    Refused {
        /// Why.
        error: PartitionAppendError,
        /// First offset of the partition's log.
        log_start: Offset,
    },
}

/// An entry that is appended and not yet acknowledged: the high watermark has to pass it (acks=all), or `flush.messages`
/// asks for a flush first, whatever the acks.
#[derive(Debug)]
pub struct Unacknowledged {
    /// The entry's place in the request.
    pub index: usize,
    partition: Arc<Partition>,
    /// With acks=all the high watermark has to reach this.
    end: Offset,
    acks: i16,
    /// The log has to be flushed to `end`.
    is_flush_due: bool,
}

impl Unacknowledged {
    /// An append that ended at `end` (exclusive), if it has to wait.
    pub(crate) fn of(index: usize, partition: Arc<Partition>, end: Offset, acks: i16) -> Option<Self> {
        let is_pending = acks == -1 && partition.is_acknowledged(end) == Ok(false);
        let is_flush_due = partition.is_flush_due(end);
        (is_pending || is_flush_due).then_some(Self { index, partition, end, acks, is_flush_due })
    }
}

/// Produce requests that wait for their acknowledgement.
pub type DelayedProduces = Purgatory<TopicIdPartition, DelayedProduce>;

/// What is noted of one partition of a Produce request that waits.
#[derive(Clone, Debug)]
pub struct DelayedProduce {
    pub(crate) client: Arc<WaitingClient>,
    pub(crate) end: Offset,
    /// The log has to be flushed first.
    pub(crate) is_flush_due: bool,
    pub(crate) since: Instant,
    pub(crate) deadline: Instant,
}

/// Why an appended entry was not acknowledged in time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AcknowledgementError {
    /// `timeout.ms` passed first; the records stay in the log and may be acknowledged later.
    TimedOut,
    /// This broker lost the partition; the records may be lost.
    Leadership(LeadershipError),
    /// The disk refused to flush them.
    Storage,
}

/// Why a Produce request's records are not even given to a log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RecordsError {
    /// Not exactly one batch of magic 2.
    Invalid(&'static str),
    /// A batch whose length or header is wrong.
    Corrupt,
    /// zstd before Produce v7 (KIP-110).
    UnsupportedCompression,
}

/// Whether records begin with a batch of a transaction; they need not be valid.
pub fn is_transactional(records: &[u8]) -> bool {
    matches!(AnyHeader::parse(records), Ok(AnyHeader::Batch(header)) if header.attributes.is_transactional())
}

/// What the records of a partition say of their transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InTransaction {
    /// Whose transaction.
    pub producer: Producer,
    /// First sequence of the records.
    pub sequence: i32,
}

/// Checks what a Produce request of this version may hold for one partition, and returns the transaction that the records
/// belong to.
///
/// # Errors
/// See [`RecordsError`].
pub fn check_records(records: &Bytes, version: i16) -> Result<Option<InTransaction>, RecordsError> {
    match validate::single_produced_batch(records.clone(), version) {
        Ok(batch) => {
            let header = batch.header();
            let producer = Producer { id: header.producer_id, epoch: header.producer_epoch };
            let is_of_producer = header.attributes.is_transactional() && producer.id > ProducerId::NONE;
            Ok(is_of_producer.then_some(InTransaction { producer, sequence: header.base_sequence.0 }))
        }
        Err(ValidateError::ZstdTooEarly { .. }) => Err(RecordsError::UnsupportedCompression),
        Err(ValidateError::Corrupt(_)) => Err(RecordsError::Corrupt),
        Err(ValidateError::Batch(InvalidBatch::None)) => {
            Err(RecordsError::Invalid("a partition needs a record batch"))
        }
        Err(ValidateError::Batch(InvalidBatch::Several)) => {
            Err(RecordsError::Invalid("a partition takes one record batch"))
        }
        Err(_) => Err(RecordsError::Invalid("a record batch has to be of magic 2")),
    }
}

impl Broker {
    /// Appends every entry, in order. The effects are complete when this returns: later requests see them.
    pub fn append(
        &self,
        entries: Vec<ProduceEntry>,
        acks: i16,
    ) -> (Vec<ProduceOutcome>, Vec<Unacknowledged>) {
        let now_ms = self.clock().now_ms();
        let mut outcomes = Vec::with_capacity(entries.len());
        let mut unacknowledged = Vec::new();
        for (index, entry) in entries.into_iter().enumerate() {
            let outcome = match entry.partition.append(entry.records, acks, entry.guard, now_ms) {
                Ok(appended) => {
                    self.after_append(&entry.partition, appended.moved_high_watermark);
                    let end = appended.info.last_offset.plus(1);
                    unacknowledged.extend(Unacknowledged::of(index, entry.partition, end, acks));
                    ProduceOutcome::Appended(appended)
                }
                Err(error) => {
                    ProduceOutcome::Refused { error, log_start: entry.partition.log().log_start_offset() }
                }
            };
            outcomes.push(outcome);
        }
        (outcomes, unacknowledged)
    }

    /// Begins the flushes that are due, and waits until each entry of `client` is acknowledged or `timeout` has passed since
    /// now.
    /// The future only waits: the flushes go on when it is dropped, as with acks=0.
    pub fn acknowledge(
        self: &Arc<Self>,
        unacknowledged: Vec<Unacknowledged>,
        timeout: Duration,
        client: WaitingClient,
    ) -> impl Future<Output = Vec<(usize, Result<(), AcknowledgementError>)>> + Send + use<> {
        let (client, since) = (Arc::new(client), Instant::now());
        let deadline = since + timeout;
        let begin = |entry: Unacknowledged| {
            let note = DelayedProduce {
                client: client.clone(),
                end: entry.end,
                is_flush_due: entry.is_flush_due,
                since,
                deadline,
            };
            let (keys, check) = ([entry.partition.id()], check_acknowledged(&entry));
            let committed = self.delayed_produces().wait_noted(keys, deadline, note, check);
            let (index, acks) = (entry.index, entry.acks);
            (index, acks, self.begin_flush(entry), committed)
        };
        let waits: Vec<_> = unacknowledged.into_iter().map(begin).collect();
        async move {
            let mut results = Vec::with_capacity(waits.len());
            for (index, acks, flush, committed) in waits {
                let flushed = await_flush(flush, deadline).await;
                let result = match flushed {
                    Ok(Flushed::Yes) if acks != -1 => Ok(()),
                    Ok(_) => committed.await.unwrap_or(Err(AcknowledgementError::TimedOut)),
                    Err(error) => Err(error),
                };
                results.push((index, result));
            }
            results
        }
    }

    /// Starts the flush that an entry's acknowledgement needs, if it needs one.
    fn begin_flush(self: &Arc<Self>, entry: Unacknowledged) -> Option<Flush> {
        if !entry.is_flush_due {
            return None;
        }
        let (broker, partition, end) = (self.clone(), entry.partition, entry.end);
        Some(self.blocking().spawn(move || {
            let moved = partition.flush_for_acknowledgement(end).map_err(|error| {
                tracing::error!(partition = %partition.name(), %error, "flush before acknowledgement failed");
            })?;
            broker.after_append(&partition, moved);
            Ok(())
        }))
    }

    /// Wakes whoever waits for what an append may have brought.
    pub(crate) fn after_append(&self, partition: &Partition, moved_high_watermark: bool) {
        if moved_high_watermark {
            let id: TopicIdPartition = partition.id();
            self.delayed_produces().touch(&id);
            self.delayed_fetches().touch(&id);
            self.groups().high_watermark_moved(partition);
            self.transactions().high_watermark_moved(partition);
        }
    }
}

type Flush = tokio::task::JoinHandle<Result<(), ()>>;

/// Whether an entry was flushed for its acknowledgement.
enum Flushed {
    Yes,
    /// Nobody asked for it.
    NotDue,
}

async fn await_flush(flush: Option<Flush>, deadline: Instant) -> Result<Flushed, AcknowledgementError> {
    let Some(flush) = flush else { return Ok(Flushed::NotDue) };
    match tokio::time::timeout_at(deadline, flush).await {
        Ok(Ok(Ok(()))) => Ok(Flushed::Yes),
        Ok(_) => Err(AcknowledgementError::Storage),
        Err(_elapsed) => Err(AcknowledgementError::TimedOut),
    }
}

/// Looks whether the high watermark has passed an entry.
fn check_acknowledged(
    entry: &Unacknowledged,
) -> impl FnMut() -> Option<Result<(), AcknowledgementError>> + Send + use<> {
    let (partition, end) = (entry.partition.clone(), entry.end);
    move || match partition.is_acknowledged(end) {
        Ok(true) => Some(Ok(())),
        Ok(false) => None,
        Err(error) => Some(Err(AcknowledgementError::Leadership(error))),
    }
}
