//! What the leader checks and changes in a batch before it appends it (Kafka's `LogValidator`), as a pure function.
//!
//! Nothing here depends on the offset that the batch will get, and the checksum covers neither offset nor leader
//! epoch. So the expensive part, [`validate`], can run before the partition is locked, and only
//! [`ValidatedBatch::assign`] must know the log's end. The body of a batch is never copied unless its records must be
//! written anew; the patched header travels beside it.
//!
//! Differences from Apache Kafka, all for batches no sane producer sends: records of an uncompressed batch whose
//! offsets are not consecutive are renumbered, as Kafka does for compressed ones only (it stores the wrong offsets);
//! compressed records whose own length is wrong are refused (Kafka stores them and consumers fail); a count that
//! contradicts the offsets is refused from everybody (Kafka: from clients only); timestamps before 1970 are taken when
//! a batch is written anew as well (Kafka then fails); of a hopeless batch at most [`REJECTED_MAX`] records are named.

mod rejected;

use bytes::Bytes;
use thiserror::Error;
use types::{LeaderEpoch, Offset};

pub use rejected::{REJECTED_MAX, RejectedRecord, RejectedRecords, Rejection, RejectionKind};

use crate::{
    Attributes, BatchBuilder, BatchError, BatchHeader, BatchOptions, Batches, BuildError, Codec, Compression,
    HEADER_SIZE, Limits, RecordBatch, RecordError, TimestampType, batches::AnyBatch,
};

/// Who asks for the append.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AppendOrigin {
    /// A Produce request: the most is checked.
    Client,
    /// A coordinator of this broker: group and transaction state, transaction markers.
    Coordinator,
    /// The leader of the metadata quorum, which assigned offsets and epoch already.
    RaftLeader,
    /// A follower, copying its leader: offsets are taken as they come, so it has no use for [`validate`].
    Replication,
}

/// How the topic wants its batches compressed (`compression.type`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TargetCompression {
    /// As the producer sent them.
    Producer,
    /// With this codec; a batch that has the codec is kept, whatever its level.
    Fixed(Compression),
}

/// What a batch is held against. Times in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AppendRules {
    /// Who asks.
    pub origin: AppendOrigin,
    /// The leader's epoch, stamped on the batch.
    pub leader_epoch: LeaderEpoch,
    /// The broker's clock.
    pub now_ms: i64,
    /// `message.timestamp.type`.
    pub timestamp_type: TimestampType,
    /// `message.timestamp.before.max.ms`, `i64::MAX` for no bound.
    pub timestamp_before_max_ms: i64,
    /// `message.timestamp.after.max.ms`, `i64::MAX` for no bound.
    pub timestamp_after_max_ms: i64,
    /// `compression.type`.
    pub compression: TargetCompression,
    /// `cleanup.policy` contains `compact`: every record needs a key.
    pub compacted: bool,
    /// `max.message.bytes`: largest batch in bytes, before and after compression; `None` for no bound.
    pub batch_bytes_max: Option<usize>,
    /// What reading the records may cost.
    pub limits: Limits,
}

/// Why a batch is not appended. The wire's error code is in parentheses.
#[derive(Debug, Error)]
pub enum ValidateError {
    /// The batch as a whole breaks a rule (INVALID_RECORD).
    #[error(transparent)]
    Batch(#[from] InvalidBatch),
    /// Single records break rules, see [`RejectedRecords::kind`] (INVALID_RECORD or INVALID_TIMESTAMP, KIP-467).
    #[error(transparent)]
    Rejected(#[from] RejectedRecords),
    /// Header or checksum are wrong (CORRUPT_MESSAGE).
    #[error("corrupt batch")]
    Corrupt(#[from] BatchError),
    /// The records are not what the header declares, or cannot be inflated (INVALID_RECORD).
    #[error("broken records")]
    Records(#[from] RecordError),
    /// Larger than `max.message.bytes`, as sent or as compressed anew (MESSAGE_TOO_LARGE).
    #[error("batch of {size} bytes is over the limit of {limit}")]
    TooLarge {
        /// Bytes of the batch.
        size: usize,
        /// [`AppendRules::batch_bytes_max`].
        limit: usize,
    },
    /// A Produce request before version 7 with zstd (UNSUPPORTED_COMPRESSION_TYPE, KIP-110).
    #[error("zstd needs Produce version 7, this is {version}")]
    ZstdTooEarly {
        /// The request's version.
        version: i16,
    },
    /// The records could not be written anew (UNKNOWN_SERVER_ERROR).
    #[error("the batch cannot be written anew")]
    Rebuild(#[from] BuildError),
}

/// The rule that a whole batch breaks.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum InvalidBatch {
    /// The records field holds no whole batch.
    #[error("no record batch")]
    None,
    /// The records field holds a second batch.
    #[error("more than one record batch")]
    Several,
    /// A message of the formats that are only read.
    #[error("record batch of magic {magic}, only 2 is accepted")]
    Magic {
        /// 0 or 1.
        magic: u8,
    },
    /// A producer's batch does not start at offset 0.
    #[error("base offset {base_offset} where 0 is expected")]
    BaseOffset {
        /// As sent.
        base_offset: Offset,
    },
    /// Count, last offset delta and the records do not agree, or there is none.
    #[error("{count} records declared for the offsets up to delta {last_offset_delta}")]
    Count {
        /// As sent.
        count: i32,
        /// As sent.
        last_offset_delta: i32,
    },
    /// A producer sent control records.
    #[error("clients cannot write control records")]
    Control,
    /// An idempotent producer's batch has no sequence.
    #[error("sequence {base_sequence} of producer {producer_id}")]
    Sequence {
        /// As sent.
        base_sequence: types::Sequence,
        /// As sent.
        producer_id: types::ProducerId,
    },
    /// The quorum's leader appends a batch of another epoch.
    #[error("batch of epoch {batch} appended by the leader of epoch {leader}")]
    Epoch {
        /// The batch's.
        batch: LeaderEpoch,
        /// The leader's.
        leader: LeaderEpoch,
    },
}

/// The one batch of magic 2 in a records field; what follows it must be too little to be another batch and is dropped.
pub fn single_batch(records: Bytes) -> Result<RecordBatch, ValidateError> {
    let mut batches = Batches::new(records);
    let first = batches.next().ok_or(InvalidBatch::None)??;
    let batch = match first {
        AnyBatch::Batch(batch) => batch,
        AnyBatch::Legacy(batch) => return Err(InvalidBatch::Magic { magic: batch.header().magic }.into()),
    };
    match batches.next() {
        None => Ok(batch),
        Some(Ok(_)) => Err(InvalidBatch::Several.into()),
        Some(Err(error)) => Err(error.into()),
    }
}

/// [`single_batch`] of a Produce request of this version.
pub fn single_produced_batch(records: Bytes, version: i16) -> Result<RecordBatch, ValidateError> {
    let batch = single_batch(records)?;
    // An unknown codec is found out when the records are read.
    if version < 7 && batch.codec() == Ok(Codec::Zstd) {
        return Err(ValidateError::ZstdTooEarly { version });
    }
    Ok(batch)
}

/// A batch that may be appended once it knows its offset.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ValidatedBatch {
    header: BatchHeader,
    body: Bytes,
    /// Position in the batch of the first record with the largest timestamp.
    max_timestamp_index: Option<i32>,
    rebuilt: bool,
}

/// A batch as it goes into the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AppendableBatch {
    /// The header, final.
    pub header: BatchHeader,
    /// The records as stored, mostly the very bytes of the request.
    pub body: Bytes,
    /// Offset of the first record with the largest timestamp; `None` where no record has a timestamp.
    pub offset_of_max_timestamp: Option<Offset>,
    /// The records were written anew: compressed otherwise, or renumbered.
    pub rebuilt: bool,
}

/// [`single_batch`], [`validate`] and [`ValidatedBatch::assign`] in one step.
pub fn validate_and_assign(
    records: Bytes,
    rules: &AppendRules,
    first_offset: Offset,
) -> Result<AppendableBatch, ValidateError> {
    Ok(validate(&single_batch(records)?, rules)?.assign(first_offset, rules.leader_epoch))
}

/// Checks a batch against the rules, and what of it must be rewritten is.
///
/// One pass for the checksum, one over the records; a second one over the body only where the records are written
/// anew or the header's timestamp was not theirs.
pub fn validate(batch: &RecordBatch, rules: &AppendRules) -> Result<ValidatedBatch, ValidateError> {
    check_batch(batch, rules)?;
    let source = batch.codec().map_err(RecordError::from)?;
    let target = match rules.compression {
        TargetCompression::Producer => Compression::of(source),
        // Control records are not compressed unless they came so.
        TargetCompression::Fixed(_) if source == Codec::None && batch.header().attributes.is_control() => {
            Compression::None
        }
        TargetCompression::Fixed(compression) => compression,
    };
    if target.codec() != source {
        return rebuild(batch, rules, target);
    }
    let mut tally = Tally::new(batch.header(), rules);
    for summary in batch.summaries(rules.limits)? {
        let summary = summary?;
        tally.see(summary.offset, summary.timestamp, summary.key_size.is_some())?;
    }
    if !tally.consecutive {
        return rebuild(batch, rules, target);
    }
    let (max_timestamp, max_timestamp_index) = tally.finish()?;
    let header = with_timestamps(batch, rules.timestamp_type, max_timestamp);
    Ok(ValidatedBatch { header, body: batch.body_bytes(), max_timestamp_index, rebuilt: false })
}

/// The rules that the header alone can break, in the oracle's order; the checksum between them.
fn check_batch(batch: &RecordBatch, rules: &AppendRules) -> Result<(), ValidateError> {
    let header = batch.header();
    if rules.origin == AppendOrigin::RaftLeader && header.partition_leader_epoch != rules.leader_epoch {
        let (batch, leader) = (header.partition_leader_epoch, rules.leader_epoch);
        return Err(InvalidBatch::Epoch { batch, leader }.into());
    }
    if rules.origin == AppendOrigin::Client && header.base_offset != Offset(0) {
        return Err(InvalidBatch::BaseOffset { base_offset: header.base_offset }.into());
    }
    check_size(header.size(), rules)?;
    batch.verify_crc()?;
    if header.count <= 0 || header.last_offset_delta != header.count - 1 {
        let (count, last_offset_delta) = (header.count, header.last_offset_delta);
        return Err(InvalidBatch::Count { count, last_offset_delta }.into());
    }
    if rules.origin != AppendOrigin::Client {
        return Ok(());
    }
    if header.attributes.is_control() {
        return Err(InvalidBatch::Control.into());
    }
    if header.has_producer_id() && header.base_sequence.0 < 0 {
        let (base_sequence, producer_id) = (header.base_sequence, header.producer_id);
        return Err(InvalidBatch::Sequence { base_sequence, producer_id }.into());
    }
    Ok(())
}

fn check_size(size: usize, rules: &AppendRules) -> Result<(), ValidateError> {
    match rules.batch_bytes_max {
        Some(limit) if size > limit => Err(ValidateError::TooLarge { size, limit }),
        _ => Ok(()),
    }
}

/// The header with the timestamps that the log wants; the checksum is made anew only where one changes.
fn with_timestamps(batch: &RecordBatch, timestamp_type: TimestampType, max_timestamp: i64) -> BatchHeader {
    let mut header = *batch.header();
    if header.attributes.timestamp_type() == timestamp_type && header.max_timestamp == max_timestamp {
        return header;
    }
    header.attributes = header.attributes.known().with_timestamp_type(timestamp_type);
    header.max_timestamp = max_timestamp;
    header.crc = header.compute_crc(batch.body());
    header
}

/// Writes the records anew, numbered from 0, streaming from one codec to the other.
fn rebuild(
    batch: &RecordBatch,
    rules: &AppendRules,
    target: Compression,
) -> Result<ValidatedBatch, ValidateError> {
    let header = batch.header();
    let mut builder = BatchBuilder::new(BatchOptions {
        base_offset: Offset(0),
        compression: target,
        timestamp_type: rules.timestamp_type,
        log_append_time: rules.now_ms,
        producer_id: header.producer_id,
        producer_epoch: header.producer_epoch,
        base_sequence: header.base_sequence,
        transactional: header.attributes.is_transactional(),
        control: header.attributes.is_control(),
        ..BatchOptions::default()
    })?;
    let mut tally = Tally::new(header, rules);
    let mut records = batch.records(rules.limits)?;
    while let Some(record) = records.next()? {
        tally.see(record.offset, record.timestamp, record.key.is_some())?;
        if tally.rejected.is_empty() {
            builder.append_view(builder.next_offset(), &record)?;
            // Else a few bytes that inflate to gigabytes would be written out before they are found too large.
            check_size(builder.written_size(), rules)?;
        }
    }
    let (_, max_timestamp_index) = tally.finish()?;
    let bytes = builder.build()?.ok_or(InvalidBatch::None)?;
    let header = BatchHeader::parse(&bytes)?;
    check_size(header.size(), rules)?;
    Ok(ValidatedBatch { header, body: bytes.slice(HEADER_SIZE..), max_timestamp_index, rebuilt: true })
}

/// What the walk over the records has seen.
struct Tally<'a> {
    rules: &'a AppendRules,
    attributes: Attributes,
    first_offset: Offset,
    next_index: i32,
    consecutive: bool,
    max_timestamp: i64,
    max_timestamp_index: Option<i32>,
    rejected: RejectedRecords,
}

impl<'a> Tally<'a> {
    fn new(header: &BatchHeader, rules: &'a AppendRules) -> Self {
        Self {
            rules,
            attributes: header.attributes,
            first_offset: header.base_offset,
            next_index: 0,
            consecutive: true,
            max_timestamp: -1,
            max_timestamp_index: None,
            rejected: RejectedRecords::default(),
        }
    }

    /// Takes the next record into account. Fails early where there are more rejections than anybody wants to read.
    fn see(&mut self, offset: Offset, timestamp: i64, has_key: bool) -> Result<(), RejectedRecords> {
        let index = self.next_index;
        self.next_index += 1;
        self.consecutive &= offset == self.first_offset.plus(i64::from(index));
        if timestamp > self.max_timestamp {
            self.max_timestamp = timestamp;
            self.max_timestamp_index = Some(index);
        }
        match rejected::reject(self.rules, self.attributes, timestamp, has_key) {
            Some(reason) => self.rejected.push(RejectedRecord { batch_index: index, reason }),
            None => Ok(()),
        }
    }

    /// The batch's largest timestamp as the log will have it, and the first record that has it.
    fn finish(self) -> Result<(i64, Option<i32>), RejectedRecords> {
        if !self.rejected.is_empty() {
            return Err(self.rejected);
        }
        Ok(match self.rules.timestamp_type {
            TimestampType::CreateTime => (self.max_timestamp, self.max_timestamp_index),
            TimestampType::LogAppendTime => (self.rules.now_ms, Some(0)),
        })
    }
}

impl ValidatedBatch {
    /// The header, its offset and leader epoch not assigned yet.
    pub const fn header(&self) -> &BatchHeader {
        &self.header
    }

    /// Gives the batch its place; cheap, meant to be called with the partition locked.
    pub fn assign(self, first_offset: Offset, leader_epoch: LeaderEpoch) -> AppendableBatch {
        let mut header = self.header;
        header.base_offset = first_offset;
        header.partition_leader_epoch = leader_epoch;
        AppendableBatch {
            header,
            body: self.body,
            offset_of_max_timestamp: self
                .max_timestamp_index
                .map(|index| first_offset.plus(i64::from(index))),
            rebuilt: self.rebuilt,
        }
    }
}

impl AppendableBatch {
    /// Bytes of the whole batch.
    pub const fn size(&self) -> usize {
        self.header.size()
    }

    /// Header and body, to be written one behind the other.
    pub fn chunks(&self) -> [Bytes; 2] {
        [Bytes::copy_from_slice(&self.header.to_bytes()), self.body.clone()]
    }

    /// The whole batch in one piece; copies the body.
    pub fn to_bytes(&self) -> Bytes {
        [&self.header.to_bytes()[..], &self.body].concat().into()
    }
}
