//! Writing batches of magic 2.

use std::io::{self, Write};

use bytes::Bytes;
use thiserror::Error;
use types::{LeaderEpoch, Offset, ProducerEpoch, ProducerId, Sequence};

use crate::compression::{Compressor, Deflater};
use crate::varint::{put_varint, put_varlong, size_of_varint, size_of_varlong};
use crate::{
    Attributes, BatchHeader, Compression, ControlRecordType, HEADER_SIZE, HeaderRef, RecordView,
    TimestampType, control_batch,
};

/// What a batch is besides its records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BatchOptions {
    /// Offset of the first record that is appended without naming one, and what offsets are stored relative to.
    pub base_offset: Offset,
    /// How the records are compressed.
    pub compression: Compression,
    /// Whose clock the timestamps show.
    pub timestamp_type: TimestampType,
    /// The batch's timestamp in milliseconds where the broker's clock counts, else unused.
    pub log_append_time: i64,
    /// Epoch of the leader that appends it; −1 in what clients send.
    pub partition_leader_epoch: LeaderEpoch,
    /// −1 for a plain producer.
    pub producer_id: ProducerId,
    /// −1 for a plain producer.
    pub producer_epoch: ProducerEpoch,
    /// −1 for a plain producer and in control batches.
    pub base_sequence: Sequence,
    /// Part of a transaction.
    pub transactional: bool,
    /// Holds control records only.
    pub control: bool,
    /// The time in milliseconds after which tombstones may go, as the cleaner notes it (KIP-534).
    pub delete_horizon_ms: Option<i64>,
}

impl Default for BatchOptions {
    /// A plain producer's uncompressed batch.
    fn default() -> Self {
        Self {
            base_offset: Offset(0),
            compression: Compression::None,
            timestamp_type: TimestampType::CreateTime,
            log_append_time: -1,
            partition_leader_epoch: LeaderEpoch::NONE,
            producer_id: ProducerId::NONE,
            producer_epoch: ProducerEpoch::NONE,
            base_sequence: Sequence::NONE,
            transactional: false,
            control: false,
            delete_horizon_ms: None,
        }
    }
}

/// A batch that was asked to be what no batch can be.
#[derive(Debug, Error)]
pub enum BuildError {
    /// Offsets must rise, and stay within 2³¹−1 of the base.
    #[error("offset {offset} cannot follow {last} in a batch that starts at {base}")]
    Offset {
        /// The offset asked for.
        offset: Offset,
        /// The last one appended, or one below the base.
        last: Offset,
        /// The batch's base offset.
        base: Offset,
    },
    /// The batch or a record would be larger than the format can say (2³¹−1 bytes).
    #[error("batch larger than 2 GiB")]
    TooLarge,
    /// A transaction needs a producer id, and a producer id needs an epoch and, outside control batches, a sequence.
    #[error("incomplete producer state: id {id}, epoch {epoch}, sequence {sequence}")]
    ProducerState {
        /// As given.
        id: ProducerId,
        /// As given.
        epoch: ProducerEpoch,
        /// As given.
        sequence: Sequence,
    },
    /// Control records go to control batches, and nothing else does.
    #[error("control and data records cannot share a batch")]
    Control,
    /// The codec failed or refused its level.
    #[error("records cannot be compressed")]
    Deflate(#[from] io::Error),
}

/// Collects records into one batch of magic 2. Uncompressed, the bytes are those that the oracle writes for the same
/// records.
pub struct BatchBuilder {
    options: BatchOptions,
    records: Deflater,
    /// Scratch for one record without key, value and headers.
    scratch: Vec<u8>,
    /// Scratch for the headers of one record.
    raw_headers: Vec<u8>,
    uncompressed: usize,
    count: i32,
    last_offset: Option<Offset>,
    base_timestamp: Option<i64>,
    max_timestamp: i64,
}

impl BatchBuilder {
    /// An empty batch. Fails where the codec has no such level.
    pub fn new(options: BatchOptions) -> Result<Self, BuildError> {
        Self::with_capacity(options, HEADER_SIZE)
    }

    /// As [`Self::new`], with memory for a batch of so many bytes, as it is written out.
    pub fn with_capacity(options: BatchOptions, bytes: usize) -> Result<Self, BuildError> {
        let mut out = Vec::with_capacity(bytes.max(HEADER_SIZE));
        out.resize(HEADER_SIZE, 0);
        Ok(Self {
            options,
            records: Deflater::new(options.compression, out)?,
            scratch: Vec::new(),
            raw_headers: Vec::new(),
            uncompressed: HEADER_SIZE,
            count: 0,
            last_offset: None,
            base_timestamp: options.delete_horizon_ms,
            max_timestamp: -1,
        })
    }

    /// Appends a record at the next offset, which is returned. Timestamp in milliseconds, −1 for none.
    pub fn append(
        &mut self,
        timestamp: i64,
        key: Option<&[u8]>,
        value: Option<&[u8]>,
        headers: &[HeaderRef<'_>],
    ) -> Result<Offset, BuildError> {
        let offset = self.next_offset();
        self.append_at(offset, timestamp, key, value, headers)?;
        Ok(offset)
    }

    /// Appends a record at an offset above the last one: compacted batches have holes.
    pub fn append_at(
        &mut self,
        offset: Offset,
        timestamp: i64,
        key: Option<&[u8]>,
        value: Option<&[u8]>,
        headers: &[HeaderRef<'_>],
    ) -> Result<(), BuildError> {
        if self.options.control {
            return Err(BuildError::Control);
        }
        let mut raw = std::mem::take(&mut self.raw_headers);
        put_headers(&mut raw, headers);
        let put = self.put(offset, timestamp, key, value, headers.len(), &raw);
        raw.clear();
        self.raw_headers = raw;
        put
    }

    /// Appends a record of another batch at an offset, as it is.
    pub fn append_view(&mut self, offset: Offset, record: &RecordView<'_>) -> Result<(), BuildError> {
        let headers = record.headers;
        self.put(offset, record.timestamp, record.key, record.value, headers.len(), headers.raw())
    }

    /// Appends a control record at the next offset; `value` is the record's schema, encoded with its version where
    /// [`control_batch`] says so.
    pub fn append_control(
        &mut self,
        timestamp: i64,
        kind: ControlRecordType,
        value: &[u8],
    ) -> Result<Offset, BuildError> {
        if !self.options.control {
            return Err(BuildError::Control);
        }
        let offset = self.next_offset();
        let key = control_batch::key(kind);
        self.put(offset, timestamp, Some(&key), Some(value), 0, &[])?;
        Ok(offset)
    }

    fn put(
        &mut self,
        offset: Offset,
        timestamp: i64,
        key: Option<&[u8]>,
        value: Option<&[u8]>,
        header_count: usize,
        headers: &[u8],
    ) -> Result<(), BuildError> {
        let base = self.options.base_offset;
        let last = self.last_offset.unwrap_or(Offset(base.0.wrapping_sub(1)));
        let delta =
            i32::try_from(offset.0.wrapping_sub(base.0)).ok().filter(|delta| *delta >= 0 && offset > last);
        let delta = delta.ok_or(BuildError::Offset { offset, last, base })?;
        let base_timestamp = *self.base_timestamp.get_or_insert(timestamp);
        let timestamp_delta = timestamp.wrapping_sub(base_timestamp);

        let header_count = i32::try_from(header_count).map_err(|_| BuildError::TooLarge)?;
        let size = 1
            + size_of_varlong(timestamp_delta)
            + size_of_varint(delta)
            + size_of_field(key)?
            + size_of_field(value)?
            + size_of_varint(header_count)
            + headers.len();
        let size = i32::try_from(size).map_err(|_| BuildError::TooLarge)?;
        let count = self.count.checked_add(1).ok_or(BuildError::TooLarge)?;

        let whole = size_of_varint(size) + size as usize;
        let scratch = &mut self.scratch;
        scratch.clear();
        put_varint(scratch, size);
        scratch.push(0);
        put_varlong(scratch, timestamp_delta);
        put_varint(scratch, delta);
        match &mut self.records {
            // Told apart once, so that it compiles to plain copying.
            Deflater::Stored(out) => {
                out.reserve(whole);
                put_fields(out, scratch, [key, value], header_count, headers)?;
            }
            out => put_fields(out, scratch, [key, value], header_count, headers)?,
        }

        self.count = count;
        self.last_offset = Some(offset);
        self.max_timestamp = self.max_timestamp.max(timestamp);
        self.uncompressed += whole;
        Ok(())
    }

    /// The offset that [`Self::append`] gives next.
    pub fn next_offset(&self) -> Offset {
        self.last_offset.map_or(self.options.base_offset, |last| last.plus(1))
    }

    /// Records so far.
    pub const fn count(&self) -> i32 {
        self.count
    }

    /// Whether there is no record yet.
    pub const fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Bytes of the batch so far, were it not compressed.
    pub const fn uncompressed_size(&self) -> usize {
        self.uncompressed
    }

    /// Bytes of the batch so far as compressed; the codec may hold back up to a block of records.
    pub fn written_size(&self) -> usize {
        self.records.written()
    }

    /// Bytes that a record would add, uncompressed.
    pub fn record_size(
        timestamp_delta: i64,
        offset_delta: i32,
        key: Option<&[u8]>,
        value: Option<&[u8]>,
        headers: &[HeaderRef<'_>],
    ) -> usize {
        let field =
            |field: Option<&[u8]>| field.map_or(1, |bytes| size_of_varlong(bytes.len() as i64) + bytes.len());
        let headers_size: usize = headers.iter().map(|h| field(Some(h.key)) + field(h.value)).sum();
        let size = 1
            + size_of_varlong(timestamp_delta)
            + size_of_varint(offset_delta)
            + field(key)
            + field(value)
            + size_of_varlong(headers.len() as i64)
            + headers_size;
        size_of_varlong(size as i64) + size
    }

    /// Names the producer when the batch is about to be sent: retries of a drained batch keep their sequence.
    pub fn set_producer(
        &mut self,
        id: ProducerId,
        epoch: ProducerEpoch,
        base_sequence: Sequence,
        transactional: bool,
    ) {
        self.options.producer_id = id;
        self.options.producer_epoch = epoch;
        self.options.base_sequence = base_sequence;
        self.options.transactional = transactional;
    }

    /// Declares the batch to end at an offset at or behind its last record, as the cleaner does for records it drops.
    pub fn set_last_offset(&mut self, last: Offset) {
        self.last_offset = Some(last);
    }

    /// The finished batch; `None` where no record was appended.
    pub fn build(self) -> Result<Option<Bytes>, BuildError> {
        let options = self.options;
        let Some(last_offset) = self.last_offset.filter(|_| self.count > 0) else { return Ok(None) };
        check_producer(&options)?;
        let mut batch = self.records.finish()?;
        let header = BatchHeader {
            base_offset: options.base_offset,
            length: i32::try_from(batch.len() - crate::batch::LOG_OVERHEAD)
                .map_err(|_| BuildError::TooLarge)?,
            last_offset_delta: i32::try_from(last_offset.0.wrapping_sub(options.base_offset.0))
                .map_err(|_| BuildError::TooLarge)?,
            base_timestamp: self.base_timestamp.unwrap_or(-1),
            max_timestamp: match options.timestamp_type {
                TimestampType::CreateTime => self.max_timestamp,
                TimestampType::LogAppendTime => options.log_append_time,
            },
            count: self.count,
            ..header_of(&options)
        };
        seal(header, &mut batch);
        Ok(Some(batch.into()))
    }

    /// As [`Self::build`], compressed as a whole now: what was collected uncompressed is compressed once it is complete, and
    /// the codec knows how much there is. Not for a builder that compresses as it goes.
    pub fn build_compressed(
        mut self,
        compression: Compression,
        compressor: &mut Compressor,
    ) -> Result<Option<Bytes>, BuildError> {
        if let Deflater::Stored(out) = &mut self.records
            && compression != Compression::None
        {
            let compressed = compressor.compress(compression, &out[HEADER_SIZE..])?;
            out.truncate(HEADER_SIZE);
            out.extend_from_slice(compressed);
            self.options.compression = compression;
        }
        self.build()
    }

    /// A batch without records that keeps its producer's last sequence, as the cleaner leaves it.
    ///
    /// `timestamp` is the largest the batch had.
    pub fn build_empty(
        options: BatchOptions,
        last_offset: Offset,
        timestamp: i64,
    ) -> Result<Bytes, BuildError> {
        let mut batch = vec![0; HEADER_SIZE];
        let delta = last_offset.0.wrapping_sub(options.base_offset.0);
        let header = BatchHeader {
            last_offset_delta: i32::try_from(delta).map_err(|_| BuildError::TooLarge)?,
            max_timestamp: timestamp,
            ..header_of(&BatchOptions { compression: Compression::None, delete_horizon_ms: None, ..options })
        };
        seal(header, &mut batch);
        Ok(batch.into())
    }
}

/// Writes header and checksum over the first bytes of `batch`.
fn seal(mut header: BatchHeader, batch: &mut [u8]) {
    header.crc = header.compute_crc(&batch[HEADER_SIZE..]);
    batch[..HEADER_SIZE].copy_from_slice(&header.to_bytes());
}

/// The header of an empty batch.
fn header_of(options: &BatchOptions) -> BatchHeader {
    BatchHeader {
        base_offset: options.base_offset,
        length: (HEADER_SIZE - crate::batch::LOG_OVERHEAD) as i32,
        partition_leader_epoch: options.partition_leader_epoch,
        crc: 0,
        attributes: Attributes::default()
            .with_codec(options.compression.codec())
            .with_timestamp_type(options.timestamp_type)
            .with_transactional(options.transactional)
            .with_control(options.control)
            .with_delete_horizon(options.delete_horizon_ms.is_some()),
        last_offset_delta: 0,
        base_timestamp: -1,
        max_timestamp: -1,
        producer_id: options.producer_id,
        producer_epoch: options.producer_epoch,
        base_sequence: options.base_sequence,
        count: 0,
    }
}

fn check_producer(options: &BatchOptions) -> Result<(), BuildError> {
    let BatchOptions {
        producer_id: id,
        producer_epoch: epoch,
        base_sequence: sequence,
        transactional,
        control,
        ..
    } = *options;
    let complete = match id {
        ProducerId::NONE => !transactional,
        _ => epoch != ProducerEpoch::NONE && (control || sequence.0 >= 0),
    };
    if complete { Ok(()) } else { Err(BuildError::ProducerState { id, epoch, sequence }) }
}

fn size_of_field(field: Option<&[u8]>) -> Result<usize, BuildError> {
    let Some(bytes) = field else { return Ok(1) };
    let size = i32::try_from(bytes.len()).map_err(|_| BuildError::TooLarge)?;
    Ok(size_of_varint(size) + bytes.len())
}

/// Writes what follows the offset; `scratch` holds what comes before.
fn put_fields(
    out: &mut impl Write,
    scratch: &mut Vec<u8>,
    fields: [Option<&[u8]>; 2],
    header_count: i32,
    headers: &[u8],
) -> io::Result<()> {
    for field in fields {
        put_varint(scratch, field.map_or(-1, |bytes| bytes.len() as i32));
        out.write_all(scratch)?;
        scratch.clear();
        out.write_all(field.unwrap_or_default())?;
    }
    put_varint(scratch, header_count);
    out.write_all(scratch)?;
    out.write_all(headers)
}

fn put_headers(raw: &mut Vec<u8>, headers: &[HeaderRef<'_>]) {
    for header in headers {
        put_varint(raw, header.key.len() as i32);
        raw.extend_from_slice(header.key);
        put_varint(raw, header.value.map_or(-1, |value| value.len() as i32));
        raw.extend_from_slice(header.value.unwrap_or_default());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Codec, Limits, RecordBatch};

    #[test]
    fn a_batch_compressed_at_the_end_holds_the_same_records() {
        let mut compressor = Compressor::default();
        // Twice: what the compressor keeps of one batch must not show in the next.
        for codec in Codec::ALL.into_iter().chain(Codec::ALL) {
            let mut builder =
                BatchBuilder::with_capacity(BatchOptions::default(), 100_000).expect("no codec");
            let values: Vec<String> =
                (0..3000).map(|number| format!("value {number} of {}", codec.name())).collect();
            for value in &values {
                let header = HeaderRef { key: b"h", value: None };
                builder.append(7, Some(b"key"), Some(value.as_bytes()), &[header]).expect("fits");
            }
            let plain = builder.uncompressed_size();
            let built =
                builder.build_compressed(Compression::of(codec), &mut compressor).expect("the codec's level");
            let batch = RecordBatch::new(built.expect("has records")).expect("is a batch");
            batch.verify_crc().expect("just computed");
            assert_eq!(batch.codec().expect("is one"), codec);
            assert_eq!(
                codec == Codec::None,
                batch.bytes().len() == plain,
                "{codec:?}: {}",
                batch.bytes().len()
            );
            let mut records = batch.records(Limits::default()).expect("readable");
            for (offset, value) in values.iter().enumerate() {
                let record = records.next().expect("readable").expect("not the end");
                assert_eq!((record.offset.0, record.value), (offset as i64, Some(value.as_bytes())));
                assert_eq!((record.key, record.headers.len()), (Some(&b"key"[..]), 1));
            }
            assert_eq!(records.next().expect("readable"), None);
            let limits = Limits::default();
            let inflated =
                batch.inflated(limits, plain).expect("readable").expect("it is as large as it was");
            inflated.verify_crc().expect("just computed");
            assert_eq!(inflated.bytes().len(), plain);
            let mut first = inflated.records(limits).expect("readable");
            for _ in 0..1234 {
                first.next().expect("readable");
            }
            let at = first.position().expect("it is not compressed");
            let mut rest = inflated.records_from(at, limits).expect("readable");
            assert_eq!(rest.next().expect("readable").map(|record| record.offset), Some(Offset(1234)));
            let mut left = 0;
            while rest.next().expect("readable").is_some() {
                left += 1;
            }
            assert_eq!(left, 3000 - 1235);
            if codec != Codec::None {
                assert_eq!(batch.inflated(limits, plain - HEADER_SIZE - 1).expect("readable"), None);
            }
        }
    }
}
