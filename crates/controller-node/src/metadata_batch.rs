//! Record batches as the metadata log and its snapshots hold them.

use bytes::Bytes;
use raft::{ControlRecord, ControlRecordError};
use record::{
    AnyBatch, BatchBuilder, BatchError, BatchOptions, BuildError, ControlRecordType, Limits, RecordError,
};
use types::{LeaderEpoch, Offset};

/// One batch taken apart.
#[derive(Clone, Debug)]
pub struct MetadataBatch {
    /// Offset of its first record.
    pub base_offset: Offset,
    /// First offset after it.
    pub next_offset: Offset,
    /// The epoch in which it was appended.
    pub epoch: LeaderEpoch,
    /// When it was appended; milliseconds since the Unix epoch.
    pub append_timestamp_ms: i64,
    /// Its length.
    pub size_bytes: usize,
    /// Its records.
    pub content: BatchContent,
}

/// The records of a batch, each with its offset.
#[derive(Clone, Debug)]
pub enum BatchContent {
    /// Written by the consensus layer for itself.
    Control(Vec<(Offset, ControlRecord)>),
    /// Values of metadata records.
    Data(Vec<(Offset, Bytes)>),
}

/// Why a batch cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum MetadataBatchError {
    /// It is damaged.
    #[error(transparent)]
    Batch(#[from] BatchError),
    /// Its records are damaged.
    #[error(transparent)]
    Records(#[from] RecordError),
    /// A batch of an old format: the metadata log never had one.
    #[error("a batch of an old format at offset {0} of the metadata log")]
    Legacy(Offset),
    /// A metadata record without a value.
    #[error("the record at offset {0} of the metadata log has no value")]
    NoValue(Offset),
    /// A control record is damaged.
    #[error("the record at offset {offset} of the metadata log: {source}")]
    Control {
        /// Its offset.
        offset: Offset,
        /// What is wrong with it.
        source: ControlRecordError,
    },
}

/// Largest record that is read: the largest batch that is written. Bounds the memory that a damaged file costs.
const RECORD_BYTES_MAX: usize = 64 * 1024 * 1024;

impl MetadataBatch {
    /// Takes a batch apart, checking its checksum.
    ///
    /// # Errors
    /// Where it is not what a metadata log holds: see [`MetadataBatchError`].
    pub fn read(batch: &AnyBatch) -> Result<Self, MetadataBatchError> {
        let AnyBatch::Batch(batch) = batch else {
            return Err(MetadataBatchError::Legacy(batch.last_offset()));
        };
        batch.verify_crc()?;
        let header = batch.header();
        let is_control = header.attributes.is_control();
        let (mut control, mut data) = (Vec::new(), Vec::new());
        for record in batch.owned_records(limits())? {
            let record = record?;
            let offset = record.offset;
            let value = record.value.ok_or(MetadataBatchError::NoValue(offset))?;
            if is_control {
                let decoded = ControlRecord::decode(record.key.as_deref().unwrap_or_default(), value);
                control.push((
                    offset,
                    decoded.map_err(|source| MetadataBatchError::Control { offset, source })?,
                ));
            } else {
                data.push((offset, value));
            }
        }
        Ok(Self {
            base_offset: header.base_offset,
            next_offset: header.next_offset(),
            epoch: header.partition_leader_epoch,
            append_timestamp_ms: header.max_timestamp,
            size_bytes: header.size(),
            content: if is_control { BatchContent::Control(control) } else { BatchContent::Data(data) },
        })
    }
}

/// A batch of metadata records, uncompressed, as Apache Kafka appends them.
///
/// # Errors
/// [`BuildError::TooLarge`] above 2 GiB. `values` is not empty.
pub fn data_batch(
    base_offset: Offset,
    epoch: LeaderEpoch,
    now_ms: i64,
    values: &[Bytes],
) -> Result<Bytes, BuildError> {
    let mut builder = BatchBuilder::new(options(base_offset, epoch, false))?;
    for value in values {
        builder.append(now_ms, None, Some(value), &[])?;
    }
    Ok(builder.build()?.expect("a decision without records is not appended"))
}

/// A batch of control records.
///
/// # Errors
/// [`BuildError::TooLarge`] above 2 GiB. `records` is not empty.
pub fn control_batch(
    base_offset: Offset,
    epoch: LeaderEpoch,
    now_ms: i64,
    records: &[ControlRecord],
) -> Result<Bytes, BuildError> {
    let mut builder = BatchBuilder::new(options(base_offset, epoch, true))?;
    for record in records {
        let kind = ControlRecordType::from_id(record.record_type()).expect("both lists name the same types");
        builder.append_control(now_ms, kind, &record.value())?;
    }
    Ok(builder.build()?.expect("an epoch opens with a record"))
}

fn options(base_offset: Offset, epoch: LeaderEpoch, control: bool) -> BatchOptions {
    BatchOptions { base_offset, partition_leader_epoch: epoch, control, ..BatchOptions::default() }
}

fn limits() -> Limits {
    Limits { record_bytes_max: RECORD_BYTES_MAX, ..Limits::default() }
}
