//! Messages of magic 0 and 1, read only: old segments are walked and served, never written.
//!
//! A message is its own batch: offset, size, CRC-32, magic, attributes, timestamp (magic 1), key, value. A compressed
//! one is a wrapper whose value is a run of such messages; its offset and timestamp are those of the last and the
//! largest within. Within a wrapper of magic 1 the offsets count from 0 (KIP-31), within magic 0 they are absolute.

use std::io::{BufRead, Read};

use bytes::Bytes;
use types::Offset;

use crate::batch::{LOG_OVERHEAD, MAGIC_AT};
use crate::compression::{Inflater, Wrapping};
use crate::crc::crc32;
use crate::{BatchError, Codec, Headers, Limits, RecordError, RecordView, TimestampType};

/// The least length field of a message: magic 0, without key and value.
pub(crate) const LENGTH_MIN: i32 = 14;
const CRC_AT: usize = 12;
const TIMESTAMP_AT: usize = MAGIC_AT + 2;

/// The header of a message of magic 0 or 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LegacyHeader {
    /// Of the message; for a compressed wrapper that of the last message within.
    pub offset: Offset,
    /// Bytes that follow the size field, at least 14 (magic 0) or 22 (magic 1).
    pub length: i32,
    /// CRC-32 of everything that follows it.
    pub crc: u32,
    /// 0 or 1.
    pub magic: u8,
    /// Codec (bits 0–2) and timestamp type (bit 3, magic 1).
    pub attributes: u8,
    /// Milliseconds; −1 for magic 0. For a compressed wrapper the largest within.
    pub timestamp: i64,
}

impl LegacyHeader {
    /// Reads the header from the start of `bytes`, which may go on or end behind it. The checksum is not looked at.
    pub fn parse(bytes: &[u8]) -> Result<Self, BatchError> {
        let mut rest = bytes;
        let offset = Offset(i64::from_be_bytes(take(&mut rest, bytes)?));
        let length = i32::from_be_bytes(take(&mut rest, bytes)?);
        let crc = u32::from_be_bytes(take(&mut rest, bytes)?);
        let [magic, attributes] = take(&mut rest, bytes)?;
        let (timestamp, least) = match magic {
            0 => (-1, LENGTH_MIN),
            1 => (i64::from_be_bytes(take(&mut rest, bytes)?), 22),
            _ => return Err(BatchError::UnknownMagic { magic: magic as i8 }),
        };
        if length < least {
            return Err(BatchError::LengthTooSmall { declared: length, least });
        }
        Ok(Self { offset, length, crc, magic, attributes, timestamp })
    }

    /// Bytes of the whole entry.
    pub const fn size(&self) -> usize {
        LOG_OVERHEAD + self.length as usize
    }

    /// The codec of a wrapper's value; [`Codec::None`] for a plain message.
    pub fn codec(&self) -> Result<Codec, BatchError> {
        let id = self.attributes & 0x07;
        Codec::from_id(id).ok_or(BatchError::UnknownCodec { id })
    }

    /// Whose clock the timestamp shows; `None` for magic 0, which has no timestamp.
    pub fn timestamp_type(&self) -> Option<TimestampType> {
        match (self.magic, self.attributes & 0x08) {
            (0, _) => None,
            (_, 0) => Some(TimestampType::CreateTime),
            _ => Some(TimestampType::LogAppendTime),
        }
    }

    const fn key_at(&self) -> usize {
        if self.magic == 0 { TIMESTAMP_AT } else { TIMESTAMP_AT + 8 }
    }
}

fn take<const N: usize>(rest: &mut &[u8], whole: &[u8]) -> Result<[u8; N], BatchError> {
    let short = BatchError::TooShort { have: whole.len(), need: whole.len() - rest.len() + N };
    let (field, after) = rest.split_first_chunk().ok_or(short)?;
    *rest = after;
    Ok(*field)
}

/// One whole message of magic 0 or 1, perhaps a wrapper of many. Cheap to clone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LegacyBatch {
    header: LegacyHeader,
    bytes: Bytes,
}

impl LegacyBatch {
    /// A view over exactly one entry. The checksum is [`Self::verify_crc`]'s.
    pub fn new(bytes: Bytes) -> Result<Self, BatchError> {
        let header = LegacyHeader::parse(&bytes)?;
        if header.size() != bytes.len() {
            return Err(BatchError::SizeMismatch { declared: header.size(), have: bytes.len() });
        }
        Ok(Self { header, bytes })
    }

    /// The parsed header.
    pub const fn header(&self) -> &LegacyHeader {
        &self.header
    }

    /// The whole entry.
    pub const fn bytes(&self) -> &Bytes {
        &self.bytes
    }

    /// Fails with [`BatchError::Crc`] unless the stored checksum is that of the bytes.
    pub fn verify_crc(&self) -> Result<(), BatchError> {
        let computed = crc32(&self.bytes[CRC_AT + 4..]);
        let stored = self.header.crc;
        if computed == stored { Ok(()) } else { Err(BatchError::Crc { stored, computed }) }
    }

    /// Offset of the first message: a wrapper must be inflated for it.
    pub fn base_offset(&self, limits: Limits) -> Result<Offset, RecordError> {
        let first = self.records(limits)?.next()?.map(|record| record.offset);
        Ok(first.unwrap_or(self.header.offset))
    }

    /// Walks the messages, lending each; inflates as it goes. A wrapper of magic 1 is inflated twice, because its
    /// offsets can only be told from the last one.
    pub fn records(&self, limits: Limits) -> Result<LegacyRecords<'_>, RecordError> {
        let (key, value) = key_and_value(&self.bytes[self.header.key_at()..])?;
        let codec = self.header.codec()?;
        if codec == Codec::None {
            let plain = RecordView {
                offset: self.header.offset,
                timestamp: self.header.timestamp,
                key,
                value,
                headers: Headers::default(),
            };
            return Ok(LegacyRecords { source: Source::Plain(Some(plain)), limits });
        }
        if codec == Codec::Zstd {
            return Err(RecordError::Legacy("zstd is younger than this format"));
        }
        let value = value.ok_or(RecordError::Legacy("a wrapper without value"))?;
        let wrapping = if self.header.magic == 0 { Wrapping::MessageV0 } else { Wrapping::Batch };
        let open = || Inflater::new(codec, value, wrapping, limits).map_err(RecordError::Inflate);
        let base = match self.header.magic {
            0 => 0,
            _ => self.inner_base(last_inner_offset(&mut open()?)?)?,
        };
        let append_time = (self.header.timestamp_type() == Some(TimestampType::LogAppendTime))
            .then_some(self.header.timestamp);
        let inner = Inner { inflater: open()?, base, append_time, buffer: Vec::new(), given: false };
        Ok(LegacyRecords { source: Source::Wrapped(Box::new(inner)), limits })
    }

    /// What the offsets within a wrapper of magic 1 are relative to.
    fn inner_base(&self, last_inner: Option<i64>) -> Result<i64, RecordError> {
        let last_inner = last_inner.ok_or(RecordError::Legacy("a wrapper without messages"))?;
        match self.header.offset.0 {
            // Some producers leave the wrapper's offset 0 and count from 0 within.
            0 => Ok(0),
            outer if outer < last_inner => Err(RecordError::Legacy("a wrapper's offset below those within")),
            outer => Ok(outer.wrapping_sub(last_inner)),
        }
    }
}

type KeyAndValue<'a> = (Option<&'a [u8]>, Option<&'a [u8]>);

/// Key and value of a message, from the key's size on. A size below 0 is null.
fn key_and_value(bytes: &[u8]) -> Result<KeyAndValue<'_>, RecordError> {
    let mut rest = bytes;
    let mut field = || {
        let (size, after) = rest.split_first_chunk().ok_or(RecordError::Truncated)?;
        let Ok(size) = usize::try_from(i32::from_be_bytes(*size)) else {
            rest = after;
            return Ok(None);
        };
        let (field, after) = after.split_at_checked(size).ok_or(RecordError::Truncated)?;
        rest = after;
        Ok::<_, RecordError>(Some(field))
    };
    Ok((field()?, field()?))
}

/// Lends the messages one by one. An error ends the walk.
pub struct LegacyRecords<'a> {
    source: Source<'a>,
    limits: Limits,
}

enum Source<'a> {
    Plain(Option<RecordView<'a>>),
    Wrapped(Box<Inner<'a>>),
}

struct Inner<'a> {
    inflater: Inflater<'a>,
    base: i64,
    append_time: Option<i64>,
    buffer: Vec<u8>,
    given: bool,
}

impl LegacyRecords<'_> {
    /// The next message, valid until the next call; `None` behind the last.
    #[allow(clippy::should_implement_trait, reason = "it lends, which an Iterator cannot")]
    pub fn next(&mut self) -> Result<Option<RecordView<'_>>, RecordError> {
        match &mut self.source {
            Source::Plain(record) => Ok(record.take()),
            Source::Wrapped(inner) => inner.next(self.limits),
        }
    }
}

impl Inner<'_> {
    fn next(&mut self, limits: Limits) -> Result<Option<RecordView<'_>>, RecordError> {
        if !self.read_message(limits)? {
            return if self.given {
                Ok(None)
            } else {
                Err(RecordError::Legacy("a wrapper without messages"))
            };
        }
        self.given = true;
        let header = LegacyHeader::parse(&self.buffer)?;
        if header.codec()? != Codec::None {
            return Err(RecordError::Legacy("a wrapper within a wrapper"));
        }
        let (key, value) = key_and_value(&self.buffer[header.key_at()..])?;
        let timestamp = if header.magic == 0 { -1 } else { self.append_time.unwrap_or(header.timestamp) };
        let offset = Offset(self.base.wrapping_add(header.offset.0));
        Ok(Some(RecordView { offset, timestamp, key, value, headers: Headers::default() }))
    }

    /// Inflates the next message to the buffer; `false` at the end, and where the last message is cut, which is
    /// passed over as in a fetch answer of old.
    fn read_message(&mut self, limits: Limits) -> Result<bool, RecordError> {
        let Some((offset, size)) = next_frame(&mut self.inflater)? else { return Ok(false) };
        if size > limits.record_bytes_max {
            return Err(RecordError::TooLarge { size, limit: limits.record_bytes_max });
        }
        self.buffer.clear();
        self.buffer.extend_from_slice(&offset.to_be_bytes());
        self.buffer.extend_from_slice(&(size as i32).to_be_bytes());
        let mut message = (&mut self.inflater).take(size as u64);
        let read = message.read_to_end(&mut self.buffer).map_err(RecordError::Inflate)?;
        Ok(read == size)
    }
}

/// Offset and size of the next message within a wrapper; `None` at the end.
fn next_frame(inflater: &mut Inflater<'_>) -> Result<Option<(i64, usize)>, RecordError> {
    let mut frame = Vec::with_capacity(LOG_OVERHEAD);
    inflater.take(LOG_OVERHEAD as u64).read_to_end(&mut frame).map_err(RecordError::Inflate)?;
    let Some((offset, size)) = frame.split_first_chunk() else { return Ok(None) };
    let Some(size) = size.first_chunk() else { return Ok(None) };
    let declared = i32::from_be_bytes(*size);
    if declared < LENGTH_MIN {
        return Err(BatchError::LengthTooSmall { declared, least: LENGTH_MIN }.into());
    }
    Ok(Some((i64::from_be_bytes(*offset), declared as usize)))
}

fn last_inner_offset(inflater: &mut Inflater<'_>) -> Result<Option<i64>, RecordError> {
    let mut last = None;
    while let Some((offset, size)) = next_frame(inflater)? {
        let mut left = size;
        while left > 0 {
            let there = inflater.fill_buf().map_err(RecordError::Inflate)?.len();
            if there == 0 {
                return Ok(last);
            }
            let step = there.min(left);
            inflater.consume(step);
            left -= step;
        }
        last = Some(offset);
    }
    Ok(last)
}
