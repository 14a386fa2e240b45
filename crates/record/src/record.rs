//! One record of a magic 2 batch: lent, owned, or only its measure.

use bytes::Bytes;
use types::Offset;

use crate::RecordError;
use crate::varint::{varint, varlong};

/// A record that owns (or shares) its bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// Its place in the log.
    pub offset: Offset,
    /// Milliseconds since 1970; −1 where there is none.
    pub timestamp: i64,
    /// `None` is null, which is not the empty key.
    pub key: Option<Bytes>,
    /// `None` is null: a tombstone where the topic is compacted.
    pub value: Option<Bytes>,
    /// In order; keys may repeat (KIP-82).
    pub headers: Vec<Header>,
}

/// A header of a record (KIP-82).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    /// UTF-8 by agreement, not checked.
    pub key: Bytes,
    /// `None` is null.
    pub value: Option<Bytes>,
}

/// A header, borrowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HeaderRef<'a> {
    /// UTF-8 by agreement, not checked.
    pub key: &'a [u8],
    /// `None` is null.
    pub value: Option<&'a [u8]>,
}

/// A record, borrowed from its batch or from the inflater's buffer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RecordView<'a> {
    /// Its place in the log.
    pub offset: Offset,
    /// Milliseconds since 1970; −1 where there is none.
    pub timestamp: i64,
    /// `None` is null.
    pub key: Option<&'a [u8]>,
    /// `None` is null.
    pub value: Option<&'a [u8]>,
    /// The headers, checked when the record was read.
    pub headers: Headers<'a>,
}

/// The headers of a borrowed record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Headers<'a> {
    count: usize,
    bytes: &'a [u8],
}

impl<'a> Headers<'a> {
    /// How many there are.
    pub const fn len(&self) -> usize {
        self.count
    }

    /// Whether there is none.
    pub const fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// The headers in order.
    pub fn iter(&self) -> impl Iterator<Item = HeaderRef<'a>> + use<'a> {
        let mut rest = self.bytes;
        std::iter::from_fn(move || next_header(&mut rest).ok()).take(self.count)
    }

    /// The headers as the format has them, behind their number.
    pub(crate) const fn raw(&self) -> &'a [u8] {
        self.bytes
    }
}

impl RecordView<'_> {
    /// A copy that owns its bytes.
    pub fn to_record(&self) -> Record {
        self.into_record_with(&Bytes::copy_from_slice)
    }

    pub(crate) fn into_record_with(self, own: &dyn Fn(&[u8]) -> Bytes) -> Record {
        Record {
            offset: self.offset,
            timestamp: self.timestamp,
            key: self.key.map(own),
            value: self.value.map(own),
            headers: self
                .headers
                .iter()
                .map(|h| Header { key: own(h.key), value: h.value.map(own) })
                .collect(),
        }
    }
}

/// The measure of a record whose bytes were passed over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RecordSummary {
    /// Its place in the log.
    pub offset: Offset,
    /// Milliseconds since 1970; −1 where there is none.
    pub timestamp: i64,
    /// Bytes of the key; `None` is null.
    pub key_size: Option<u32>,
    /// Bytes of the value; `None` is null.
    pub value_size: Option<u32>,
    /// Number of headers.
    pub headers: u32,
    /// Bytes of the whole record, inflated, with its length field.
    pub size: usize,
}

/// What the records' fields are relative to.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Base {
    pub(crate) offset: i64,
    pub(crate) timestamp: i64,
    pub(crate) log_append_time: Option<i64>,
}

impl Base {
    pub(crate) fn timestamp(&self, delta: i64) -> i64 {
        self.log_append_time.unwrap_or(self.timestamp.wrapping_add(delta))
    }

    pub(crate) fn offset(&self, delta: i32) -> Offset {
        Offset(self.offset.wrapping_add(i64::from(delta)))
    }
}

/// Reads a record whose length field said `body.len()`.
pub(crate) fn parse_record<'a>(base: &Base, body: &'a [u8]) -> Result<RecordView<'a>, RecordError> {
    parse_body(base, body).map_err(|error| match error {
        // The record's own length is what lied, not the batch's.
        RecordError::Truncated => RecordError::LengthMismatch { declared: body.len() as i32 },
        other => other,
    })
}

fn parse_body<'a>(base: &Base, body: &'a [u8]) -> Result<RecordView<'a>, RecordError> {
    // The attributes byte has no meaning yet.
    let mut rest = body.get(1..).ok_or(RecordError::Truncated)?;
    let timestamp = base.timestamp(varlong(&mut rest)?.0);
    let offset = base.offset(varint(&mut rest)?.0);
    let key = field(&mut rest)?;
    let value = field(&mut rest)?;
    let count = header_count(varint(&mut rest)?.0, rest.len())?;
    let headers = Headers { count, bytes: rest };
    for _ in 0..count {
        next_header(&mut rest)?;
    }
    if rest.is_empty() {
        Ok(RecordView { offset, timestamp, key, value, headers })
    } else {
        Err(RecordError::LengthMismatch { declared: body.len() as i32 })
    }
}

/// The number of headers: each takes a byte at the least (two, to be exact; the oracle's bound is kept).
pub(crate) fn header_count(count: i32, left: usize) -> Result<usize, RecordError> {
    usize::try_from(count).ok().filter(|&n| n <= left).ok_or(RecordError::HeaderCount { count })
}

fn next_header<'a>(rest: &mut &'a [u8]) -> Result<HeaderRef<'a>, RecordError> {
    let size = varint(rest)?.0;
    let key = take(rest, size)?.ok_or(RecordError::HeaderKey { size })?;
    Ok(HeaderRef { key, value: field(rest)? })
}

fn field<'a>(rest: &mut &'a [u8]) -> Result<Option<&'a [u8]>, RecordError> {
    let size = varint(rest)?.0;
    take(rest, size)
}

/// The next `size` bytes; a negative size is null.
fn take<'a>(rest: &mut &'a [u8], size: i32) -> Result<Option<&'a [u8]>, RecordError> {
    let Ok(size) = usize::try_from(size) else { return Ok(None) };
    let (field, after) = rest.split_at_checked(size).ok_or(RecordError::Truncated)?;
    *rest = after;
    Ok(Some(field))
}
