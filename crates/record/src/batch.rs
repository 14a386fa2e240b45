//! A batch of magic 2 (KIP-98): its 61-byte header, and a view over its bytes.

use std::io::Read;

use bytes::Bytes;
use types::{LeaderEpoch, Offset, ProducerEpoch, ProducerId, Sequence};

use crate::compression::{Inflater, Wrapping};
use crate::crc::crc32c;
use crate::{
    Attributes, BatchError, Codec, Limits, OwnedRecords, RecordError, Records, RecordsPosition, Summaries,
    TimestampType,
};

/// Bytes of the header, from the base offset to the record count.
pub const HEADER_SIZE: usize = 61;
/// Bytes that the length field does not count: base offset and the length itself.
pub(crate) const LOG_OVERHEAD: usize = 12;
/// Where the leader epoch stands: base offset, length and epoch are outside the checksum, so that assigning them is
/// cheap.
pub(crate) const MAGIC_AT: usize = 16;
/// Where the checksum stands.
pub(crate) const CRC_AT: usize = 17;
/// First byte that the checksum covers.
pub(crate) const ATTRIBUTES_AT: usize = 21;

/// The header of a magic 2 batch, fields in the order of the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BatchHeader {
    /// Offset of the first record that was in the batch when it was written (compaction keeps it).
    pub base_offset: Offset,
    /// Bytes that follow the length field, at least 49; the whole batch is 12 longer ([`Self::size`]).
    pub length: i32,
    /// Epoch of the leader that appended it; not covered by the checksum (KIP-101).
    pub partition_leader_epoch: LeaderEpoch,
    /// CRC-32C of everything that follows it.
    pub crc: u32,
    /// Codec, timestamp type and flags.
    pub attributes: Attributes,
    /// Offset of the last record that was in the batch when it was written, minus the base offset.
    pub last_offset_delta: i32,
    /// Milliseconds that timestamps are relative to; the delete horizon where the attributes say so.
    pub base_timestamp: i64,
    /// Largest timestamp of the records, in milliseconds; the append time for `LogAppendTime`.
    pub max_timestamp: i64,
    /// Who wrote it, −1 for a plain producer.
    pub producer_id: ProducerId,
    /// −1 for a plain producer.
    pub producer_epoch: ProducerEpoch,
    /// Sequence of the first record, −1 for a plain producer.
    pub base_sequence: Sequence,
    /// Records in the batch now; 0 after compaction removed them all.
    pub count: i32,
}

impl BatchHeader {
    /// Reads the header from the start of `bytes`, which may go on with the records or end before them.
    ///
    /// Checked: enough bytes, magic 2, a length of at least the header's. Neither the checksum nor that the records
    /// are there.
    pub fn parse(bytes: &[u8]) -> Result<Self, BatchError> {
        let header: &[u8; HEADER_SIZE] =
            bytes.first_chunk().ok_or(BatchError::TooShort { have: bytes.len(), need: HEADER_SIZE })?;
        let magic = header[MAGIC_AT] as i8;
        if magic != 2 {
            return Err(BatchError::UnknownMagic { magic });
        }
        let length = i32::from_be_bytes(at(header, 8));
        let least = (HEADER_SIZE - LOG_OVERHEAD) as i32;
        if length < least {
            return Err(BatchError::LengthTooSmall { declared: length, least });
        }
        Ok(Self {
            base_offset: Offset(i64::from_be_bytes(at(header, 0))),
            length,
            partition_leader_epoch: LeaderEpoch(i32::from_be_bytes(at(header, 12))),
            crc: u32::from_be_bytes(at(header, CRC_AT)),
            attributes: Attributes(i16::from_be_bytes(at(header, ATTRIBUTES_AT))),
            last_offset_delta: i32::from_be_bytes(at(header, 23)),
            base_timestamp: i64::from_be_bytes(at(header, 27)),
            max_timestamp: i64::from_be_bytes(at(header, 35)),
            producer_id: ProducerId(i64::from_be_bytes(at(header, 43))),
            producer_epoch: ProducerEpoch(i16::from_be_bytes(at(header, 51))),
            base_sequence: Sequence(i32::from_be_bytes(at(header, 53))),
            count: i32::from_be_bytes(at(header, 57)),
        })
    }

    /// The header's 61 bytes, with the checksum as it stands in the struct.
    pub fn to_bytes(&self) -> [u8; HEADER_SIZE] {
        let mut out = [0; HEADER_SIZE];
        let mut put = |at: usize, field: &[u8]| out[at..at + field.len()].copy_from_slice(field);
        put(0, &self.base_offset.0.to_be_bytes());
        put(8, &self.length.to_be_bytes());
        put(12, &self.partition_leader_epoch.0.to_be_bytes());
        put(MAGIC_AT, &[2]);
        put(CRC_AT, &self.crc.to_be_bytes());
        put(ATTRIBUTES_AT, &self.attributes.0.to_be_bytes());
        put(23, &self.last_offset_delta.to_be_bytes());
        put(27, &self.base_timestamp.to_be_bytes());
        put(35, &self.max_timestamp.to_be_bytes());
        put(43, &self.producer_id.0.to_be_bytes());
        put(51, &self.producer_epoch.0.to_be_bytes());
        put(53, &self.base_sequence.0.to_be_bytes());
        put(57, &self.count.to_be_bytes());
        out
    }

    /// The checksum that this header with these `records` (the bytes behind it) should have.
    pub fn compute_crc(&self, records: &[u8]) -> u32 {
        crc32c([&self.to_bytes()[ATTRIBUTES_AT..], records])
    }

    /// Bytes of the whole batch.
    pub const fn size(&self) -> usize {
        LOG_OVERHEAD + self.length as usize
    }

    /// Offset of the last record (kept by compaction).
    pub const fn last_offset(&self) -> Offset {
        Offset(self.base_offset.0.wrapping_add(self.last_offset_delta as i64))
    }

    /// The offset that follows the batch.
    pub const fn next_offset(&self) -> Offset {
        Offset(self.last_offset().0.wrapping_add(1))
    }

    /// Sequence of the last record; −1 for a plain producer. Wraps to 0 behind `i32::MAX`.
    pub const fn last_sequence(&self) -> Sequence {
        if self.base_sequence.0 == Sequence::NONE.0 {
            Sequence::NONE
        } else {
            self.base_sequence.plus(self.last_offset_delta)
        }
    }

    /// Whether an idempotent or transactional producer wrote it.
    pub const fn has_producer_id(&self) -> bool {
        self.producer_id.0 > ProducerId::NONE.0
    }

    /// The time in milliseconds after which compaction may drop tombstones and aborted markers (KIP-534).
    pub fn delete_horizon_ms(&self) -> Option<i64> {
        self.attributes.has_delete_horizon().then_some(self.base_timestamp)
    }

    /// The time that every record has, where the broker's clock counts.
    pub(crate) fn log_append_time(&self) -> Option<i64> {
        (self.attributes.timestamp_type() == TimestampType::LogAppendTime).then_some(self.max_timestamp)
    }

    /// The number of records, not negative.
    pub(crate) fn checked_count(&self) -> Result<u32, BatchError> {
        u32::try_from(self.count).map_err(|_| BatchError::NegativeCount { count: self.count })
    }
}

fn at<const N: usize>(header: &[u8; HEADER_SIZE], position: usize) -> [u8; N] {
    let mut field = [0; N];
    field.copy_from_slice(&header[position..position + N]);
    field
}

/// One whole batch of magic 2: its bytes and its parsed header. Cheap to clone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordBatch {
    header: BatchHeader,
    bytes: Bytes,
}

impl RecordBatch {
    /// A view over exactly one batch. Checks what [`BatchHeader::parse`] does and that the length fits; the checksum
    /// is [`Self::verify_crc`]'s.
    pub fn new(bytes: Bytes) -> Result<Self, BatchError> {
        let header = BatchHeader::parse(&bytes)?;
        if header.size() != bytes.len() {
            return Err(BatchError::SizeMismatch { declared: header.size(), have: bytes.len() });
        }
        Ok(Self { header, bytes })
    }

    /// The parsed header.
    pub const fn header(&self) -> &BatchHeader {
        &self.header
    }

    /// The whole batch.
    pub const fn bytes(&self) -> &Bytes {
        &self.bytes
    }

    /// The records as they are stored: compressed where the codec says so.
    pub fn body(&self) -> &[u8] {
        &self.bytes[HEADER_SIZE..]
    }

    /// Like [`Self::body`], sharing the memory.
    pub fn body_bytes(&self) -> Bytes {
        self.bytes.slice(HEADER_SIZE..)
    }

    /// Fails with [`BatchError::Crc`] unless the stored checksum is that of the bytes.
    pub fn verify_crc(&self) -> Result<(), BatchError> {
        let computed = crc32c([&[], &self.bytes[ATTRIBUTES_AT..]]);
        let stored = self.header.crc;
        if computed == stored { Ok(()) } else { Err(BatchError::Crc { stored, computed }) }
    }

    /// The codec of the records.
    pub fn codec(&self) -> Result<Codec, BatchError> {
        self.header.attributes.codec()
    }

    /// Walks the records, lending each; inflates as it goes.
    pub fn records(&self, limits: Limits) -> Result<Records<'_>, RecordError> {
        Records::new(&self.header, self.body(), limits)
    }

    /// As [`Self::records`], from where a walk over this batch stood; from the start where it is compressed.
    pub fn records_from(&self, at: RecordsPosition, limits: Limits) -> Result<Records<'_>, RecordError> {
        Records::resume(&self.header, self.body(), at, limits)
    }

    /// The same batch uncompressed; `None` where it would have more than `bytes_max` bytes.
    pub fn inflated(&self, limits: Limits, bytes_max: usize) -> Result<Option<Self>, RecordError> {
        let codec = self.codec()?;
        if codec == Codec::None {
            return Ok(Some(self.clone()));
        }
        let inflater =
            Inflater::new(codec, self.body(), Wrapping::Batch, limits).map_err(RecordError::Inflate)?;
        let mut bytes = vec![0; HEADER_SIZE];
        // One more than allowed: whether there is more shows by that.
        let read =
            inflater.take(bytes_max as u64 + 1).read_to_end(&mut bytes).map_err(RecordError::Inflate)?;
        let length = i32::try_from(bytes.len() - LOG_OVERHEAD).ok().filter(|_| read <= bytes_max);
        let Some(length) = length else { return Ok(None) };
        let mut header = self.header;
        header.length = length;
        header.attributes = header.attributes.with_codec(Codec::None);
        header.crc = header.compute_crc(&bytes[HEADER_SIZE..]);
        bytes[..HEADER_SIZE].copy_from_slice(&header.to_bytes());
        Ok(Some(Self { header, bytes: bytes.into() }))
    }

    /// Walks the records without holding keys, values and headers: memory is the codec's window, whatever the size
    /// of a record.
    pub fn summaries(&self, limits: Limits) -> Result<Summaries<'_>, RecordError> {
        Summaries::new(&self.header, self.body(), limits)
    }

    /// Walks the records, giving each away; those of an uncompressed batch share its memory.
    pub fn owned_records(&self, limits: Limits) -> Result<OwnedRecords<'_>, RecordError> {
        OwnedRecords::new(self, limits)
    }
}
