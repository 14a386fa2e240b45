//! Walking the records of a magic 2 batch through a bounded inflater.
//!
//! An uncompressed batch is walked in place. A compressed one is inflated as the walk goes on: what is held is the
//! codec's window and, for walks that lend whole records, one record.

use std::io::{BufRead, Read};

use bytes::Bytes;

use crate::compression::{Inflater, Wrapping};
use crate::record::{Base, header_count, parse_record};
use crate::varint::{Bounded, varint};
use crate::{BatchHeader, HEADER_SIZE, Record, RecordBatch, RecordError, RecordSummary, RecordView};

/// How much memory a walk over records may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Largest record, in bytes, that is held whole while it is read from a compressed batch.
    pub record_bytes_max: usize,
    /// Largest zstd window, as a power of two. The oracle's library refuses more than 27 (128 MiB), and levels up to
    /// 22 can need that; frames of small batches declare no more than their size.
    pub zstd_window_log_max: u32,
}

impl Default for Limits {
    /// 100 MiB a record (`socket.request.max.bytes`), windows as the oracle takes them.
    fn default() -> Self {
        Self { record_bytes_max: 100 << 20, zstd_window_log_max: 27 }
    }
}

/// The records still to come, and where from.
struct Walk<'a> {
    source: Inflater<'a>,
    base: Base,
    left: u32,
}

impl<'a> Walk<'a> {
    fn new(header: &BatchHeader, body: &'a [u8], limits: Limits) -> Result<Self, RecordError> {
        let codec = header.attributes.codec()?;
        let left = header.checked_count()?;
        // The oracle does not look at the body of an emptied batch either.
        let body = if left == 0 { &[] } else { body };
        let source = if body.is_empty() {
            Inflater::Stored(body)
        } else {
            Inflater::new(codec, body, Wrapping::Batch, limits).map_err(RecordError::Inflate)?
        };
        let base = Base {
            offset: header.base_offset.0,
            timestamp: header.base_timestamp,
            log_append_time: header.log_append_time(),
        };
        Ok(Self { source, base, left })
    }

    /// Counts the next record down; `false` when the last was given and nothing follows it.
    fn advance(&mut self) -> Result<bool, RecordError> {
        if self.left > 0 {
            self.left -= 1;
            return Ok(true);
        }
        match self.source.fill_buf().map_err(RecordError::Inflate)? {
            [] => Ok(false),
            _ => Err(RecordError::LeftOver),
        }
    }
}

/// Lends the records one by one. An error ends the walk.
pub struct Records<'a> {
    walk: Walk<'a>,
    limits: Limits,
    buffer: Vec<u8>,
    /// Bytes of the inflater's buffer that are lent out.
    lent: usize,
    body_size: usize,
}

/// Where a walk over an uncompressed batch stands, see [`RecordBatch::records_from`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RecordsPosition {
    /// Behind so many bytes of records.
    bytes: usize,
    /// So many records before the end.
    left: u32,
}

impl<'a> Records<'a> {
    pub(crate) fn new(header: &BatchHeader, body: &'a [u8], limits: Limits) -> Result<Self, RecordError> {
        Ok(Self {
            walk: Walk::new(header, body, limits)?,
            limits,
            buffer: Vec::new(),
            lent: 0,
            body_size: body.len(),
        })
    }

    /// Goes on where another walk over the same batch stood.
    pub(crate) fn resume(
        header: &BatchHeader,
        body: &'a [u8],
        at: RecordsPosition,
        limits: Limits,
    ) -> Result<Self, RecordError> {
        let mut this = Self::new(header, body, limits)?;
        if let Inflater::Stored(rest) = &mut this.walk.source {
            *rest = rest.get(at.bytes..).ok_or(RecordError::Truncated)?;
            this.walk.left = at.left;
        }
        Ok(this)
    }

    /// Where the next record is; `None` in a compressed batch, which can only be read from its start.
    pub fn position(&self) -> Option<RecordsPosition> {
        match &self.walk.source {
            Inflater::Stored(rest) => {
                Some(RecordsPosition { bytes: self.body_size - rest.len(), left: self.walk.left })
            }
            _ => None,
        }
    }

    /// The next record, valid until the next call; `None` behind the last.
    ///
    /// Fails where the records are not what the header declares: see [`RecordError`].
    #[allow(clippy::should_implement_trait, reason = "it lends, which an Iterator cannot")]
    pub fn next(&mut self) -> Result<Option<RecordView<'_>>, RecordError> {
        self.walk.source.consume(std::mem::take(&mut self.lent));
        if !self.walk.advance()? {
            return Ok(None);
        }
        let Walk { source, base, .. } = &mut self.walk;
        let size = next_size(source)?;
        if matches!(source, Inflater::Stored(_)) {
            return parse_record(base, take_body(source, &mut self.buffer, size, self.limits)?).map(Some);
        }
        // Nearly always the whole record is in the inflater's buffer: it is lent from there.
        if size <= self.limits.record_bytes_max
            && source.fill_buf().map_err(RecordError::Inflate)?.len() >= size
        {
            self.lent = size;
            let there = source.fill_buf().map_err(RecordError::Inflate)?;
            return parse_record(base, &there[..size]).map(Some);
        }
        parse_record(base, take_body(source, &mut self.buffer, size, self.limits)?).map(Some)
    }
}

/// Reads the length field of the next record.
fn next_size(source: &mut Inflater<'_>) -> Result<usize, RecordError> {
    let declared = varint(source)?.0;
    usize::try_from(declared).map_err(|_| RecordError::LengthMismatch { declared })
}

/// The bytes of the next record behind its length field: in place where they are stored, else inflated to `buffer`.
fn take_body<'b, 'a: 'b>(
    source: &'b mut Inflater<'a>,
    buffer: &'b mut Vec<u8>,
    size: usize,
    limits: Limits,
) -> Result<&'b [u8], RecordError> {
    if let Inflater::Stored(rest) = source {
        let (body, after) = rest.split_at_checked(size).ok_or(RecordError::Truncated)?;
        *rest = after;
        return Ok(body);
    }
    if size > limits.record_bytes_max {
        return Err(RecordError::TooLarge { size, limit: limits.record_bytes_max });
    }
    buffer.clear();
    // Grows with the bytes that arrive, never from the length alone.
    let read = source.take(size as u64).read_to_end(buffer).map_err(RecordError::Inflate)?;
    if read == size { Ok(buffer) } else { Err(RecordError::Truncated) }
}

/// Gives the records away, see [`RecordBatch::owned_records`]. An error is the last item.
pub struct OwnedRecords<'a> {
    batch: &'a RecordBatch,
    walk: Walk<'a>,
    limits: Limits,
    failed: bool,
}

impl<'a> OwnedRecords<'a> {
    pub(crate) fn new(batch: &'a RecordBatch, limits: Limits) -> Result<Self, RecordError> {
        let walk = Walk::new(batch.header(), &batch.bytes()[HEADER_SIZE..], limits)?;
        Ok(Self { batch, walk, limits, failed: false })
    }

    fn advance(&mut self) -> Result<Option<Record>, RecordError> {
        if !self.walk.advance()? {
            return Ok(None);
        }
        let stored = matches!(self.walk.source, Inflater::Stored(_));
        let mut buffer = Vec::new();
        let size = next_size(&mut self.walk.source)?;
        let body = take_body(&mut self.walk.source, &mut buffer, size, self.limits)?;
        if stored {
            let shared = self.batch.bytes();
            return Ok(Some(
                parse_record(&self.walk.base, body)?.into_record_with(&|slice| shared.slice_ref(slice)),
            ));
        }
        let body = Bytes::from(buffer);
        Ok(Some(parse_record(&self.walk.base, &body)?.into_record_with(&|slice| body.slice_ref(slice))))
    }
}

impl Iterator for OwnedRecords<'_> {
    type Item = Result<Record, RecordError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.failed {
            return None;
        }
        let item = self.advance().transpose();
        self.failed = matches!(item, Some(Err(_)));
        item
    }
}

/// Measures the records one by one, see [`RecordBatch::summaries`]. An error is the last item.
pub struct Summaries<'a> {
    walk: Walk<'a>,
    failed: bool,
}

impl<'a> Summaries<'a> {
    pub(crate) fn new(header: &BatchHeader, body: &'a [u8], limits: Limits) -> Result<Self, RecordError> {
        Ok(Self { walk: Walk::new(header, body, limits)?, failed: false })
    }

    fn advance(&mut self) -> Result<Option<RecordSummary>, RecordError> {
        if !self.walk.advance()? {
            return Ok(None);
        }
        let Walk { source, base, .. } = &mut self.walk;
        // The stored case is told apart once, so that it compiles to plain slicing.
        match source {
            Inflater::Stored(rest) => pass_over(rest, base).map(Some),
            source => pass_over(source, base).map(Some),
        }
    }
}

impl Iterator for Summaries<'_> {
    type Item = Result<RecordSummary, RecordError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.failed {
            return None;
        }
        let item = self.advance().transpose();
        self.failed = matches!(item, Some(Err(_)));
        item
    }
}

fn pass_over<R: BufRead>(source: &mut R, base: &Base) -> Result<RecordSummary, RecordError> {
    let (declared, length_size) = varint(source)?;
    let mut record = Bounded::new(source, declared)?;
    let _attributes = record.byte()?;
    let timestamp = base.timestamp(record.varlong()?);
    let offset = base.offset(record.varint()?);
    let key_size = record.varint()?;
    record.skip(key_size)?;
    let value_size = record.varint()?;
    record.skip(value_size)?;
    let headers = header_count(record.varint()?, record.left())?;
    for _ in 0..headers {
        let size = record.varint()?;
        if size < 0 {
            return Err(RecordError::HeaderKey { size });
        }
        record.skip(size)?;
        let size = record.varint()?;
        record.skip(size)?;
    }
    record.finish()?;
    Ok(RecordSummary {
        offset,
        timestamp,
        key_size: u32::try_from(key_size).ok(),
        value_size: u32::try_from(value_size).ok(),
        headers: headers as u32,
        size: length_size + declared as usize,
    })
}
