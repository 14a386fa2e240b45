//! Writes the primitive types of the protocol into a growing buffer.

use bytes::{BufMut, Bytes, BytesMut};
use types::Uuid;

use crate::{EncodeError, Records};

/// `Bytes` of at least this size are shared by [`Writer::sharing`]; copying fewer costs less than one more piece.
const SHARED_MIN: usize = 4096;

/// A growing buffer, and the gaps in it that the sender fills with bytes kept elsewhere.
#[derive(Debug, Default)]
pub struct Writer {
    buffer: BytesMut,
    gaps: Vec<Gap>,
    /// `Bytes` that are not copied, each behind so many bytes of the buffer.
    shared: Option<Vec<(usize, Bytes)>>,
    /// Within how many tagged fields it writes: those are measured in the buffer, and share nothing.
    pub(crate) tags_open: u32,
}

/// A place where bytes that are kept elsewhere belong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gap {
    /// They follow this many bytes of the writer's buffer.
    pub position: usize,
    /// Which bytes, as [`Records::External`] named them.
    pub id: u32,
    /// How many bytes.
    pub length: u32,
}

type Result<T> = std::result::Result<T, EncodeError>;

impl Writer {
    /// An empty one.
    pub fn new() -> Self {
        Self::default()
    }

    /// An empty one with room for `capacity` bytes.
    pub fn with_capacity(capacity: usize) -> Self {
        Self { buffer: BytesMut::with_capacity(capacity), ..Self::default() }
    }

    /// An empty one that does not copy large fields which are `Bytes`, such as record batches in requests; for
    /// [`Self::into_pieces`].
    pub fn sharing() -> Self {
        Self { shared: Some(Vec::new()), ..Self::default() }
    }

    /// Bytes written, without those that belong into gaps or are shared.
    pub fn len(&self) -> usize {
        self.buffer.len()
    }

    /// Whether nothing has been written.
    pub fn is_empty(&self) -> bool {
        self.buffer.is_empty()
    }

    /// Bytes written and bytes that belong into gaps.
    pub fn total_len(&self) -> usize {
        self.len() + self.gaps.iter().map(|gap| gap.length as usize).sum::<usize>()
    }

    /// The gaps, by ascending position.
    pub fn gaps(&self) -> &[Gap] {
        &self.gaps
    }

    /// What has been written, without the gaps.
    pub fn as_slice(&self) -> &[u8] {
        &self.buffer
    }

    /// What has been written, and the gaps.
    pub fn into_parts(self) -> (Bytes, Vec<Gap>) {
        (self.buffer.freeze(), self.gaps)
    }

    /// What has been written; for messages without external records.
    pub fn into_bytes(self) -> Bytes {
        self.buffer.freeze()
    }

    /// What has been written, piece by piece; for messages without external records.
    pub fn into_pieces(self) -> Vec<Bytes> {
        let mut rest = self.buffer.freeze();
        let shared = self.shared.unwrap_or_default();
        let mut pieces = Vec::with_capacity(2 * shared.len() + 1);
        let mut begin = 0;
        for (end, bytes) in shared {
            pieces.extend([rest.split_to(end - begin), bytes]);
            begin = end;
        }
        pieces.push(rest);
        pieces
    }

    /// One byte, 1 for true.
    pub fn bool(&mut self, value: bool) {
        self.buffer.put_u8(u8::from(value));
    }

    /// A signed byte.
    pub fn i8(&mut self, value: i8) {
        self.buffer.put_i8(value);
    }

    /// A signed 16-bit integer, big-endian like all of them.
    pub fn i16(&mut self, value: i16) {
        self.buffer.put_i16(value);
    }

    /// An unsigned 16-bit integer.
    pub fn u16(&mut self, value: u16) {
        self.buffer.put_u16(value);
    }

    /// A signed 32-bit integer.
    pub fn i32(&mut self, value: i32) {
        self.buffer.put_i32(value);
    }

    /// An unsigned 32-bit integer.
    pub fn u32(&mut self, value: u32) {
        self.buffer.put_u32(value);
    }

    /// A signed 64-bit integer.
    pub fn i64(&mut self, value: i64) {
        self.buffer.put_i64(value);
    }

    /// A double.
    pub fn f64(&mut self, value: f64) {
        self.buffer.put_f64(value);
    }

    /// An id of 16 bytes.
    pub fn uuid(&mut self, value: Uuid) {
        self.raw(value.as_bytes());
    }

    /// Bytes as they are, without a length.
    pub fn raw(&mut self, bytes: &[u8]) {
        self.buffer.extend_from_slice(bytes);
    }

    /// An unsigned integer in one to five bytes.
    pub fn unsigned_varint(&mut self, value: u32) {
        self.unsigned_varlong(u64::from(value));
    }

    /// A signed (zigzag) integer in one to five bytes.
    pub fn varint(&mut self, value: i32) {
        self.unsigned_varint(((value << 1) ^ (value >> 31)) as u32);
    }

    /// A signed (zigzag) integer in one to ten bytes.
    pub fn varlong(&mut self, value: i64) {
        self.unsigned_varlong(((value << 1) ^ (value >> 63)) as u64);
    }

    fn unsigned_varlong(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.buffer.put_u8((value & 0x7f) as u8 | 0x80);
            value >>= 7;
        }
        self.buffer.put_u8(value as u8);
    }

    /// Writes a varint in front of what follows `position` already.
    pub(crate) fn insert_unsigned_varint(&mut self, position: usize, value: u32) {
        let end = self.len();
        self.unsigned_varint(value);
        let width = self.len() - end;
        self.buffer[position..].rotate_right(width);
        for gap in self.gaps.iter_mut().filter(|gap| gap.position > position) {
            gap.position += width;
        }
    }

    /// A length that travels plus one where `flexible`, in `i32` otherwise; `None` is null.
    fn length(&mut self, length: Option<usize>, flexible: bool, field: &'static str) -> Result<()> {
        let checked =
            length.map(|length| i32::try_from(length).map_err(|_| EncodeError::TooLong { field, length }));
        match (checked.transpose()?, flexible) {
            (Some(length), true) => self.unsigned_varint(length as u32 + 1),
            (None, true) => self.unsigned_varint(0),
            (Some(length), false) => self.i32(length),
            (None, false) => self.i32(-1),
        }
        Ok(())
    }

    fn null(&mut self, flexible: bool, nullable: bool, field: &'static str) -> Result<()> {
        if nullable { self.length(None, flexible, field) } else { Err(EncodeError::UnexpectedNull { field }) }
    }

    /// A string of at most 32,767 bytes.
    ///
    /// # Errors
    /// This and all following: when the value does not fit its encoding. `field` names it in the error.
    pub fn string(&mut self, value: &str, flexible: bool, field: &'static str) -> Result<()> {
        let length =
            i16::try_from(value.len()).map_err(|_| EncodeError::TooLong { field, length: value.len() })?;
        if flexible {
            self.unsigned_varint(length as u32 + 1)
        } else {
            self.i16(length)
        }
        self.raw(value.as_bytes());
        Ok(())
    }

    /// A string or, where `nullable`, null.
    pub fn nullable_string(
        &mut self,
        value: Option<&str>,
        flexible: bool,
        nullable: bool,
        field: &'static str,
    ) -> Result<()> {
        match value {
            Some(value) => self.string(value, flexible, field),
            None if nullable && !flexible => {
                self.i16(-1);
                Ok(())
            }
            None => self.null(flexible, nullable, field),
        }
    }

    /// Bytes with their length.
    pub fn bytes(&mut self, value: &[u8], flexible: bool, field: &'static str) -> Result<()> {
        self.length(Some(value.len()), flexible, field)?;
        self.raw(value);
        Ok(())
    }

    /// Bytes with their length or, where `nullable`, null.
    pub fn nullable_bytes(
        &mut self,
        value: Option<&Bytes>,
        flexible: bool,
        nullable: bool,
        field: &'static str,
    ) -> Result<()> {
        match value {
            Some(value) if value.len() >= SHARED_MIN && self.shared.is_some() && self.tags_open == 0 => {
                self.length(Some(value.len()), flexible, field)?;
                let position = self.len();
                self.shared.get_or_insert_default().push((position, value.clone()));
                Ok(())
            }
            Some(value) => self.bytes(value, flexible, field),
            None => self.null(flexible, nullable, field),
        }
    }

    /// Record batches with their length; external ones leave a gap.
    pub fn records(&mut self, value: &Records, flexible: bool, field: &'static str) -> Result<()> {
        match value {
            Records::Bytes(bytes) => self.bytes(bytes, flexible, field),
            Records::External { length, id } => {
                self.length(Some(*length as usize), flexible, field)?;
                self.gaps.push(Gap { position: self.len(), id: *id, length: *length });
                Ok(())
            }
        }
    }

    /// Record batches with their length or, where `nullable`, null.
    pub fn nullable_records(
        &mut self,
        value: Option<&Records>,
        flexible: bool,
        nullable: bool,
        field: &'static str,
    ) -> Result<()> {
        match value {
            Some(value) => self.records(value, flexible, field),
            None => self.null(flexible, nullable, field),
        }
    }

    /// A struct or, where `nullable`, null; only nullable ones are preceded by a byte that tells.
    pub(crate) fn nullable_struct<T>(
        &mut self,
        value: Option<&T>,
        nullable: bool,
        field: &'static str,
        write: impl FnOnce(&mut Self, &T) -> Result<()>,
    ) -> Result<()> {
        match value {
            Some(value) => {
                if nullable {
                    self.i8(1);
                }
                write(self, value)
            }
            None if nullable => {
                self.i8(-1);
                Ok(())
            }
            None => Err(EncodeError::UnexpectedNull { field }),
        }
    }

    /// A struct or null as the value of a tagged field: an unsigned integer tells, zero for null.
    pub(crate) fn nullable_tagged_struct<T>(
        &mut self,
        value: Option<&T>,
        write: impl FnOnce(&mut Self, &T) -> Result<()>,
    ) -> Result<()> {
        self.unsigned_varint(u32::from(value.is_some()));
        value.map_or(Ok(()), |value| write(self, value))
    }

    /// An array.
    pub(crate) fn array<T>(
        &mut self,
        items: &[T],
        flexible: bool,
        field: &'static str,
        mut write: impl FnMut(&mut Self, &T) -> Result<()>,
    ) -> Result<()> {
        self.length(Some(items.len()), flexible, field)?;
        items.iter().try_for_each(|item| write(self, item))
    }

    /// An array or, where `nullable`, null.
    pub(crate) fn nullable_array<T>(
        &mut self,
        items: Option<&[T]>,
        flexible: bool,
        nullable: bool,
        field: &'static str,
        write: impl FnMut(&mut Self, &T) -> Result<()>,
    ) -> Result<()> {
        match items {
            Some(items) => self.array(items, flexible, field, write),
            None => self.null(flexible, nullable, field),
        }
    }
}
