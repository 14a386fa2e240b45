//! Appending: as the partition's leader, which checks and numbers the records, or as a follower, which takes them as
//! they come.
//!
//! *Order:* what can be checked without the log's end is checked before the append mutex is taken. Under it: producer
//! state, leader epoch (its checkpoint is written before the first record of the epoch), roll, one write, indexes,
//! and the new picture for readers. A batch that is refused leaves no trace.

use std::sync::atomic::Ordering;

use bytes::Bytes;
use config::{CompressionSetting, TimestampType, TopicConfig};
use partition::producer_state::{
    AppendOrigin, AppendRules, BatchContent, BatchMetadata, ProducerBatch, ProducerStateError,
    VerificationGuard,
};
use record::validate::{self, ValidateError};
use record::{Batches, Compression, Limits, RecordBatch};
use smallvec::{SmallVec, smallvec};
use types::{LeaderEpoch, Offset, ProducerEpoch, ProducerId};

use crate::log::State;
use crate::segment::header::{BatchHeader, Parsed};
use crate::{Log, LogError, control};

/// Who appends as leader, and when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AppendContext {
    /// Decides which checks apply.
    pub origin: AppendOrigin,
    /// The leader's epoch; stamped on the batches.
    pub leader_epoch: LeaderEpoch,
    /// Wall-clock time in milliseconds: for timestamps and for rolling.
    pub now_ms: i64,
    /// Shown with the first records of a transaction (KIP-890).
    pub guard: Option<VerificationGuard>,
    /// `transaction.version` that a marker is written under.
    pub transaction_version: i16,
}

impl AppendContext {
    /// A produce request.
    pub fn client(leader_epoch: LeaderEpoch, now_ms: i64) -> Self {
        Self { origin: AppendOrigin::Client, leader_epoch, now_ms, guard: None, transaction_version: 0 }
    }

    /// Somebody else than a producer.
    pub fn of(origin: AppendOrigin, leader_epoch: LeaderEpoch, now_ms: i64) -> Self {
        Self { origin, ..Self::client(leader_epoch, now_ms) }
    }
}

/// What an append did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AppendInfo {
    /// Offset of the first record appended, or of the batch that this one repeats.
    pub first_offset: Offset,
    /// Offset of the last one.
    pub last_offset: Offset,
    /// Largest timestamp in milliseconds; −1 for none.
    pub max_timestamp_ms: i64,
    /// First record that has it, where the records were looked at.
    pub offset_of_max_timestamp: Option<Offset>,
    /// The broker's time of a topic with LogAppendTime, and the remembered time of a repeated batch; else −1.
    pub log_append_time_ms: i64,
    /// First offset that can be read.
    pub log_start_offset: Offset,
    /// Bytes appended; 0 for a repeated batch.
    pub bytes: u64,
    /// Nothing was written: the log holds this batch already.
    pub is_duplicate: bool,
    /// A new segment was begun.
    pub has_rolled: bool,
}

/// Why nothing was appended.
#[derive(Debug, thiserror::Error)]
pub enum AppendError {
    /// The records themselves are refused.
    #[error(transparent)]
    Invalid(#[from] ValidateError),
    /// The producer's past forbids them.
    #[error(transparent)]
    Producer(#[from] ProducerStateError),
    /// Larger than a segment may become (RECORD_LIST_TOO_LARGE).
    #[error("{size} bytes do not fit into a segment of {limit}")]
    SegmentTooSmall {
        /// Bytes to append.
        size: u64,
        /// `segment.bytes`.
        limit: u64,
    },
    /// Records with offsets of their own do not follow what the log holds.
    #[error("offset {first} where {expected} or more is expected")]
    UnexpectedOffset {
        /// First offset to append.
        first: Offset,
        /// Offset of the next record, or the one after the batch before.
        expected: Offset,
    },
    /// The disk refused, or an earlier failure stands.
    #[error(transparent)]
    Log(#[from] LogError),
}

/// Batches in their final form, not yet written.
struct Ready {
    chunks: SmallVec<[Bytes; 2]>,
    headers: SmallVec<[BatchHeader; 1]>,
    producers: SmallVec<[ProducerBatch; 1]>,
}

impl Log {
    /// Appends the one batch in `records` as leader of the partition.
    ///
    /// # Errors
    /// See [`AppendError`]; nothing was appended then.
    pub fn append_as_leader(
        &self,
        records: Bytes,
        context: AppendContext,
    ) -> Result<AppendInfo, AppendError> {
        if context.origin == AppendOrigin::RaftLeader {
            return self.append_as_raft_leader(records, context);
        }
        self.append_batch_as_leader(&validate::single_batch(records)?, context)
    }

    /// Appends a batch as leader of the partition.
    ///
    /// # Errors
    /// See [`AppendError`]; nothing was appended then.
    pub fn append_batch_as_leader(
        &self,
        batch: &RecordBatch,
        context: AppendContext,
    ) -> Result<AppendInfo, AppendError> {
        let config = self.config.load();
        let validated = validate::validate(batch, &validation_rules(&config, context))?;
        let mut state = self.lock();
        let batch = validated.assign(self.log_end_offset(), context.leader_epoch);
        let log_append_time_ms = match config.message_timestamp_type {
            TimestampType::LogAppendTime => context.now_ms,
            TimestampType::CreateTime => -1,
        };
        let offset_of_max_timestamp = batch.offset_of_max_timestamp;
        let chunks = SmallVec::from(batch.chunks());
        let header = parse_v2(&chunks[0])?;
        let producers = producer_batch(&header, || control::end_transaction_marker(batch.to_bytes()));
        let ready = Ready { chunks, headers: smallvec![header], producers: producers.into_iter().collect() };
        let info = self.write(&mut state, ready, context, &config)?;
        if info.is_duplicate {
            return Ok(info);
        }
        Ok(AppendInfo { offset_of_max_timestamp, log_append_time_ms, ..info })
    }

    /// Appends batches that carry their offsets and epochs already, as copied from the leader. A partial batch at the
    /// end is dropped, and so are batches of an epoch above `leader_epoch`: the replica has not heard of it yet
    /// (KAFKA-17686).
    ///
    /// # Errors
    /// See [`AppendError`]; nothing was appended then.
    pub fn append_as_follower(
        &self,
        records: Bytes,
        leader_epoch: LeaderEpoch,
        now_ms: i64,
    ) -> Result<AppendInfo, AppendError> {
        let is_ahead =
            |header: &BatchHeader| header.leader_epoch != -1 && header.leader_epoch > leader_epoch.0;
        let ready = ready(records, is_ahead)?;
        self.append_numbered(ready, AppendContext::of(AppendOrigin::Replication, leader_epoch, now_ms))
    }

    fn append_as_raft_leader(
        &self,
        records: Bytes,
        context: AppendContext,
    ) -> Result<AppendInfo, AppendError> {
        let ready = ready(records, |_| false)?;
        if let Some(header) =
            ready.headers.iter().find(|header| header.leader_epoch != context.leader_epoch.0)
        {
            let (batch, leader) = (LeaderEpoch(header.leader_epoch), context.leader_epoch);
            return Err(ValidateError::from(validate::InvalidBatch::Epoch { batch, leader }).into());
        }
        self.append_numbered(ready, context)
    }

    fn append_numbered(&self, ready: Ready, context: AppendContext) -> Result<AppendInfo, AppendError> {
        let config = self.config.load();
        let mut state = self.lock();
        let end = self.log_end_offset();
        let Some(first) = ready.headers.first() else {
            return Ok(AppendInfo {
                first_offset: end,
                last_offset: Offset(end.0 - 1),
                max_timestamp_ms: -1,
                offset_of_max_timestamp: None,
                log_append_time_ms: -1,
                log_start_offset: self.log_start_offset(),
                bytes: 0,
                is_duplicate: false,
                has_rolled: false,
            });
        };
        if first.base_offset < end {
            return Err(AppendError::UnexpectedOffset { first: first.base_offset, expected: end });
        }
        self.write(&mut state, ready, context, &config)
    }

    fn write(
        &self,
        state: &mut State,
        ready: Ready,
        context: AppendContext,
        config: &TopicConfig,
    ) -> Result<AppendInfo, AppendError> {
        self.check_not_failed(state)?;
        let rules = AppendRules {
            origin: context.origin,
            guard: context.guard,
            requires_verification: self.settings.transaction_verification.is_on(),
            transaction_version: context.transaction_version,
        };
        let prepared = state.producers.prepare(&ready.producers, rules)?;
        if let Some(duplicate) = prepared.duplicate {
            return Ok(self.repeated(&duplicate));
        }
        let size: u64 = ready.headers.iter().map(|header| header.size).sum();
        let limit = u64::from(config.segment_bytes.unsigned_abs());
        if size > limit {
            return Err(AppendError::SegmentTooSmall { size, limit });
        }
        for header in &ready.headers {
            self.note_epoch(header)?;
        }
        let (first, last) = (ready.headers[0], ready.headers[ready.headers.len() - 1]);
        let max_timestamp_ms = ready.headers.iter().map(|header| header.max_timestamp_ms).max().unwrap_or(-1);
        let incoming =
            crate::segment::Incoming { bytes: size, max_timestamp_ms, last_offset: last.last_offset };
        let rolled = self.roll_for(state, config, incoming, first.base_offset, context.now_ms)?;
        let segment = self.view().active().clone();
        let interval = u64::from(config.index_interval_bytes.unsigned_abs());
        if let Err(error) = segment.append(&ready.chunks, &ready.headers, interval) {
            state.has_failed |= matches!(error, LogError::Failed { .. });
            return Err(error.into());
        }
        state.producers.apply(&prepared);
        state.producers.set_end_offset(last.next_offset());
        state.bytes_since_snapshot += size;
        state.unflushed_since_ms.get_or_insert(context.now_ms);
        self.unflushed_bytes.fetch_add(size, Ordering::Relaxed);
        let indexed = self.complete_transactions(state, &segment, &prepared.completed);
        self.publish(state, |view| view.end = Log::end_at(view, last.next_offset()));
        if let Err(error) = indexed {
            // The records are in the log but the index lacks an aborted transaction: only recovery mends that.
            state.has_failed = true;
            return Err(error.into());
        }
        Ok(AppendInfo {
            first_offset: first.base_offset,
            last_offset: last.last_offset,
            max_timestamp_ms,
            offset_of_max_timestamp: None,
            log_append_time_ms: -1,
            log_start_offset: self.log_start_offset(),
            bytes: size,
            is_duplicate: false,
            has_rolled: rolled,
        })
    }

    fn note_epoch(&self, header: &BatchHeader) -> Result<(), LogError> {
        if header.magic >= 2 {
            return self.assign_epoch(LeaderEpoch(header.leader_epoch), header.base_offset);
        }
        // Formats without epochs: what is known of epochs no longer describes the log's end.
        self.change_epochs(|epochs| {
            let changed = epochs.latest().is_some();
            epochs.clear();
            changed
        })
    }

    fn repeated(&self, duplicate: &BatchMetadata) -> AppendInfo {
        AppendInfo {
            first_offset: duplicate.first_offset(),
            last_offset: duplicate.last_offset,
            max_timestamp_ms: duplicate.timestamp_ms,
            offset_of_max_timestamp: None,
            log_append_time_ms: duplicate.timestamp_ms,
            log_start_offset: self.log_start_offset(),
            bytes: 0,
            is_duplicate: true,
            has_rolled: false,
        }
    }
}

/// The batches of `records` that are whole, each with an intact checksum and above the one before, up to the first
/// that `stops` names.
fn ready(records: Bytes, stops: impl Fn(&BatchHeader) -> bool) -> Result<Ready, AppendError> {
    let mut ready = Ready { chunks: SmallVec::new(), headers: SmallVec::new(), producers: SmallVec::new() };
    let mut length = 0;
    for batch in Batches::new(records.clone()) {
        let batch = batch.map_err(ValidateError::from)?;
        let header = parse(batch.bytes())?;
        if stops(&header) {
            break;
        }
        batch.verify_crc().map_err(ValidateError::from)?;
        if let Some(before) = ready.headers.last()
            && header.base_offset <= before.last_offset
        {
            let expected = before.next_offset();
            return Err(AppendError::UnexpectedOffset { first: header.base_offset, expected });
        }
        length += batch.size();
        ready
            .producers
            .extend(producer_batch(&header, || control::end_transaction_marker(batch.bytes().clone())));
        ready.headers.push(header);
    }
    ready.chunks.push(records.slice(..length));
    Ok(ready)
}

fn parse(batch: &[u8]) -> Result<BatchHeader, AppendError> {
    match BatchHeader::parse(batch) {
        Parsed::Header(header) => Ok(header),
        Parsed::NeedsBytes(_) => Err(invalid("a batch shorter than its header")),
        Parsed::Corrupt(reason) => Err(invalid(reason)),
    }
}

fn parse_v2(header: &[u8]) -> Result<BatchHeader, AppendError> {
    parse(header)
}

fn invalid(reason: &'static str) -> AppendError {
    LogError::corrupt("records to append", 0, reason).into()
}

/// What the producer rules need to know; `None` for plain batches.
pub(crate) fn producer_batch(
    header: &BatchHeader,
    marker: impl FnOnce() -> Option<partition::producer_state::EndTransactionMarker>,
) -> Option<ProducerBatch> {
    if !header.has_producer() {
        return None;
    }
    let content = match header.is_control() {
        false => BatchContent::Data,
        true => marker().map_or(BatchContent::EmptyControl, BatchContent::Marker),
    };
    Some(ProducerBatch {
        producer_id: ProducerId(header.producer_id),
        producer_epoch: ProducerEpoch(header.producer_epoch),
        base_sequence: header.base_sequence,
        base_offset: header.base_offset,
        last_offset: header.last_offset,
        max_timestamp_ms: header.max_timestamp_ms,
        is_transactional: header.is_transactional(),
        content,
    })
}

fn validation_rules(config: &TopicConfig, context: AppendContext) -> validate::AppendRules {
    validate::AppendRules {
        origin: match context.origin {
            AppendOrigin::Client => validate::AppendOrigin::Client,
            AppendOrigin::Coordinator => validate::AppendOrigin::Coordinator,
            AppendOrigin::RaftLeader => validate::AppendOrigin::RaftLeader,
            AppendOrigin::Replication => validate::AppendOrigin::Replication,
        },
        leader_epoch: context.leader_epoch,
        now_ms: context.now_ms,
        timestamp_type: match config.message_timestamp_type {
            TimestampType::CreateTime => record::TimestampType::CreateTime,
            TimestampType::LogAppendTime => record::TimestampType::LogAppendTime,
        },
        timestamp_before_max_ms: config.message_timestamp_before_max_ms,
        timestamp_after_max_ms: config.message_timestamp_after_max_ms,
        compression: target_compression(config.compression),
        compacted: config.cleanup_policy.compact,
        batch_bytes_max: usize::try_from(config.max_message_bytes).ok(),
        limits: Limits::default(),
    }
}

fn target_compression(setting: CompressionSetting) -> validate::TargetCompression {
    use validate::TargetCompression::Fixed;
    match setting {
        CompressionSetting::Producer => validate::TargetCompression::Producer,
        CompressionSetting::Uncompressed => Fixed(Compression::None),
        CompressionSetting::Gzip { level } => Fixed(Compression::Gzip { level }),
        CompressionSetting::Snappy => Fixed(Compression::Snappy),
        CompressionSetting::Lz4 { .. } => Fixed(Compression::Lz4),
        CompressionSetting::Zstd { level } => Fixed(Compression::Zstd { level }),
    }
}
