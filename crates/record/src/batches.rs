//! Walking the batches of a buffer, of any magic.

use bytes::Bytes;
use types::Offset;

use crate::batch::{LOG_OVERHEAD, MAGIC_AT};
use crate::legacy::{LENGTH_MIN, LegacyBatch, LegacyHeader, LegacyRecords};
use crate::{BatchError, BatchHeader, Limits, RecordBatch, RecordError, RecordView, Records};

/// Bytes from which size and magic of any batch can be told.
pub const PREFIX_SIZE: usize = MAGIC_AT + 1;

/// The header of a batch of any magic, for scanning files without their bodies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AnyHeader {
    /// Magic 2.
    Batch(BatchHeader),
    /// Magic 0 or 1.
    Legacy(LegacyHeader),
}

impl AnyHeader {
    /// Reads the header at the start of `bytes`: [`crate::HEADER_SIZE`] bytes suffice for every magic, fewer may for
    /// the older ones. [`BatchError::TooShort`] means that more bytes are needed; all else is corruption.
    pub fn parse(bytes: &[u8]) -> Result<Self, BatchError> {
        let prefix: &[u8; PREFIX_SIZE] =
            bytes.first_chunk().ok_or(BatchError::TooShort { have: bytes.len(), need: PREFIX_SIZE })?;
        let declared = i32::from_be_bytes([prefix[8], prefix[9], prefix[10], prefix[11]]);
        if declared < LENGTH_MIN {
            return Err(BatchError::LengthTooSmall { declared, least: LENGTH_MIN });
        }
        match prefix[MAGIC_AT] {
            2 => BatchHeader::parse(bytes).map(Self::Batch),
            0 | 1 => LegacyHeader::parse(bytes).map(Self::Legacy),
            magic => Err(BatchError::UnknownMagic { magic: magic as i8 }),
        }
    }

    /// Bytes of the whole batch.
    pub const fn size(&self) -> usize {
        match self {
            Self::Batch(header) => header.size(),
            Self::Legacy(header) => header.size(),
        }
    }

    /// 0, 1 or 2.
    pub const fn magic(&self) -> u8 {
        match self {
            Self::Batch(_) => 2,
            Self::Legacy(header) => header.magic,
        }
    }

    /// Offset of the first record; `None` for a compressed wrapper of magic 0 or 1, which does not say.
    pub fn base_offset(&self) -> Option<Offset> {
        match self {
            Self::Batch(header) => Some(header.base_offset),
            Self::Legacy(header) => (header.attributes & 0x07 == 0).then_some(header.offset),
        }
    }

    /// Offset of the last record.
    pub const fn last_offset(&self) -> Offset {
        match self {
            Self::Batch(header) => header.last_offset(),
            Self::Legacy(header) => header.offset,
        }
    }

    /// Largest timestamp in milliseconds; −1 where there is none.
    pub const fn max_timestamp(&self) -> i64 {
        match self {
            Self::Batch(header) => header.max_timestamp,
            Self::Legacy(header) => header.timestamp,
        }
    }

    /// The header, where it is one of magic 2.
    pub const fn as_batch(&self) -> Option<&BatchHeader> {
        match self {
            Self::Batch(header) => Some(header),
            Self::Legacy(_) => None,
        }
    }
}

/// A whole batch of any magic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AnyBatch {
    /// Magic 2.
    Batch(RecordBatch),
    /// Magic 0 or 1.
    Legacy(LegacyBatch),
}

impl AnyBatch {
    /// A view over exactly one batch; the checksum is [`Self::verify_crc`]'s.
    pub fn new(bytes: Bytes) -> Result<Self, BatchError> {
        match AnyHeader::parse(&bytes)? {
            AnyHeader::Batch(_) => RecordBatch::new(bytes).map(Self::Batch),
            AnyHeader::Legacy(_) => LegacyBatch::new(bytes).map(Self::Legacy),
        }
    }

    /// The parsed header.
    pub fn header(&self) -> AnyHeader {
        match self {
            Self::Batch(batch) => AnyHeader::Batch(*batch.header()),
            Self::Legacy(batch) => AnyHeader::Legacy(*batch.header()),
        }
    }

    /// The whole batch.
    pub const fn bytes(&self) -> &Bytes {
        match self {
            Self::Batch(batch) => batch.bytes(),
            Self::Legacy(batch) => batch.bytes(),
        }
    }

    /// Offset of the first record; a compressed wrapper of magic 0 or 1 is inflated for it.
    pub fn base_offset(&self, limits: Limits) -> Result<Offset, RecordError> {
        match self {
            Self::Batch(batch) => Ok(batch.header().base_offset),
            Self::Legacy(batch) => batch.base_offset(limits),
        }
    }

    /// Offset of the last record.
    pub fn last_offset(&self) -> Offset {
        self.header().last_offset()
    }

    /// Largest timestamp in milliseconds; −1 where there is none.
    pub fn max_timestamp(&self) -> i64 {
        self.header().max_timestamp()
    }

    /// Bytes of the whole batch.
    pub fn size(&self) -> usize {
        self.bytes().len()
    }

    /// Fails with [`BatchError::Crc`] unless the stored checksum is that of the bytes.
    pub fn verify_crc(&self) -> Result<(), BatchError> {
        match self {
            Self::Batch(batch) => batch.verify_crc(),
            Self::Legacy(batch) => batch.verify_crc(),
        }
    }

    /// Walks the records, lending each; inflates as it goes.
    pub fn records(&self, limits: Limits) -> Result<AnyRecords<'_>, RecordError> {
        Ok(match self {
            Self::Batch(batch) => AnyRecords::Batch(batch.records(limits)?),
            Self::Legacy(batch) => AnyRecords::Legacy(batch.records(limits)?),
        })
    }
}

/// The records of a batch of any magic, lent one by one.
pub enum AnyRecords<'a> {
    /// Magic 2.
    Batch(Records<'a>),
    /// Magic 0 or 1.
    Legacy(LegacyRecords<'a>),
}

impl AnyRecords<'_> {
    /// The next record, valid until the next call; `None` behind the last.
    #[allow(clippy::should_implement_trait, reason = "it lends, which an Iterator cannot")]
    pub fn next(&mut self) -> Result<Option<RecordView<'_>>, RecordError> {
        match self {
            Self::Batch(records) => records.next(),
            Self::Legacy(records) => records.next(),
        }
    }
}

/// The batches of a buffer, sharing its memory.
///
/// A partial batch at the end ends the walk without an error (fetch answers are cut anywhere); [`Self::rest`] then
/// holds it. Anything else that is no batch is the last item, an error.
#[derive(Clone, Debug)]
pub struct Batches {
    rest: Bytes,
    failed: bool,
}

impl Batches {
    /// Walks the batches of `bytes`.
    pub const fn new(bytes: Bytes) -> Self {
        Self { rest: bytes, failed: false }
    }

    /// The bytes behind the batches given so far.
    pub const fn rest(&self) -> &Bytes {
        &self.rest
    }
}

impl Iterator for Batches {
    type Item = Result<AnyBatch, BatchError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.failed || self.rest.len() < LOG_OVERHEAD {
            return None;
        }
        let item = match declared_size(&self.rest) {
            Ok(size) if size > self.rest.len() => return None,
            Ok(size) => AnyBatch::new(self.rest.split_to(size)),
            Err(error) => Err(error),
        };
        self.failed = item.is_err();
        Some(item)
    }
}

/// Bytes of the batch at the start of `bytes`, which hold its length but perhaps not all of it.
fn declared_size(bytes: &[u8]) -> Result<usize, BatchError> {
    let declared = i32::from_be_bytes([bytes[8], bytes[9], bytes[10], bytes[11]]);
    if declared < LENGTH_MIN {
        return Err(BatchError::LengthTooSmall { declared, least: LENGTH_MIN });
    }
    match bytes.get(MAGIC_AT) {
        None | Some(0..=2) => Ok(LOG_OVERHEAD + declared as usize),
        Some(magic) => Err(BatchError::UnknownMagic { magic: *magic as i8 }),
    }
}
