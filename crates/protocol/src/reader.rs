//! Reads the primitive types of the protocol from a buffer, without copying what can be shared.

use bytes::Bytes;
use types::Uuid;

use crate::tagged_fields::{TagReader, TaggedFields};
use crate::{DecodeBudget, DecodeError};

/// A position in a buffer, and how much memory may still be spent on what is read from it.
///
/// Byte fields are slices of the input: they keep all of it alive.
#[derive(Clone, Debug)]
pub struct Reader {
    bytes: Bytes,
    position: usize,
    budget: DecodeBudget,
    /// Whether a slice has been handed out.
    is_shared: bool,
}

type Result<T> = std::result::Result<T, DecodeError>;

/// The first slice of a buffer makes it shareable, which takes about this many bytes.
const SHARING: usize = 32;

/// The first allocation for an array takes at most about this many bytes, later ones double.
const FIRST_ALLOCATION: usize = 4096;

/// Strings with a length of two bytes can have so many, and others may not have more (KIP-482).
const STRING_BYTES_MAX: usize = i16::MAX as usize;

impl Reader {
    /// A reader at the start of `bytes`, with the budget of an input of this length.
    pub fn new(bytes: Bytes) -> Self {
        let budget = DecodeBudget::for_input(bytes.len());
        Self { bytes, position: 0, budget, is_shared: false }
    }

    /// A reader at the start of `bytes` that takes no more memory than `budget`, nor more than an input of this
    /// length may cost.
    pub fn with_budget(bytes: Bytes, budget: DecodeBudget) -> Self {
        let own = Self::new(bytes);
        Self { budget: DecodeBudget::new(own.budget.left().min(budget.left())), ..own }
    }

    /// Memory that may still be spent.
    pub fn budget(&self) -> DecodeBudget {
        self.budget
    }

    /// Bytes read so far.
    pub fn position(&self) -> usize {
        self.position
    }

    /// Bytes not read yet.
    pub fn remaining(&self) -> usize {
        self.bytes.len() - self.position
    }

    /// The bytes not read yet, as a slice of the input.
    pub fn rest(&self) -> Bytes {
        self.bytes.slice(self.position..)
    }

    /// Ends reading.
    ///
    /// # Errors
    /// When bytes are left over.
    pub fn finish(&self) -> Result<()> {
        match self.remaining() {
            0 => Ok(()),
            count => Err(DecodeError::LeftOver { count }),
        }
    }

    fn take(&mut self, count: usize) -> Result<&[u8]> {
        let at = self.position;
        let left = self.remaining();
        if count > left {
            return Err(DecodeError::Truncated { at, needed: count, left });
        }
        self.position += count;
        Ok(&self.bytes[at..at + count])
    }

    fn fixed<const N: usize>(&mut self) -> Result<[u8; N]> {
        let bytes = self.take(N)?;
        Ok(bytes.try_into().expect("exactly N bytes were taken"))
    }

    /// The next two 16-bit integers, which stay to be read.
    pub(crate) fn ahead(&mut self) -> Result<[i16; 2]> {
        let position = self.position;
        let read = [self.i16(), self.i16()];
        self.position = position;
        let [first, second] = read;
        Ok([first?, second?])
    }

    /// One byte, true unless zero.
    ///
    /// # Errors
    /// This and all following: when the bytes end too early or are not of the type.
    pub fn bool(&mut self) -> Result<bool> {
        Ok(self.i8()? != 0)
    }

    /// A signed byte.
    pub fn i8(&mut self) -> Result<i8> {
        self.fixed().map(i8::from_be_bytes)
    }

    /// A signed 16-bit integer, big-endian like all of them.
    pub fn i16(&mut self) -> Result<i16> {
        self.fixed().map(i16::from_be_bytes)
    }

    /// An unsigned 16-bit integer.
    pub fn u16(&mut self) -> Result<u16> {
        self.fixed().map(u16::from_be_bytes)
    }

    /// A signed 32-bit integer.
    pub fn i32(&mut self) -> Result<i32> {
        self.fixed().map(i32::from_be_bytes)
    }

    /// An unsigned 32-bit integer.
    pub fn u32(&mut self) -> Result<u32> {
        self.fixed().map(u32::from_be_bytes)
    }

    /// A signed 64-bit integer.
    pub fn i64(&mut self) -> Result<i64> {
        self.fixed().map(i64::from_be_bytes)
    }

    /// A double.
    pub fn f64(&mut self) -> Result<f64> {
        self.fixed().map(f64::from_be_bytes)
    }

    /// An id of 16 bytes.
    pub fn uuid(&mut self) -> Result<Uuid> {
        self.fixed().map(Uuid::from_bytes)
    }

    /// An unsigned integer of up to 32 bits in one to five bytes.
    pub fn unsigned_varint(&mut self) -> Result<u32> {
        let at = self.position;
        let value = self.unsigned_varlong_of(5)?;
        u32::try_from(value).map_err(|_| DecodeError::Varint { at })
    }

    /// A signed (zigzag) integer of up to 32 bits in one to five bytes.
    pub fn varint(&mut self) -> Result<i32> {
        let value = self.unsigned_varint()?;
        Ok((value >> 1) as i32 ^ -((value & 1) as i32))
    }

    /// A signed (zigzag) integer of up to 64 bits in one to ten bytes.
    pub fn varlong(&mut self) -> Result<i64> {
        let value = self.unsigned_varlong_of(10)?;
        Ok((value >> 1) as i64 ^ -((value & 1) as i64))
    }

    fn unsigned_varlong_of(&mut self, most_bytes: u32) -> Result<u64> {
        let at = self.position;
        let mut value = 0;
        for index in 0..most_bytes {
            let [byte] = self.fixed::<1>()?;
            let bits = u64::from(byte & 0x7f);
            // The tenth byte has room for one bit.
            if index == 9 && bits > 1 {
                break;
            }
            value |= bits << (7 * index);
            if byte & 0x80 == 0 {
                return Ok(value);
            }
        }
        Err(DecodeError::Varint { at })
    }

    /// A length that travels plus one, zero meaning null.
    fn compact_length(&mut self) -> Result<Option<usize>> {
        Ok(self.unsigned_varint()?.checked_sub(1).map(|length| length as usize))
    }

    fn string_length(&mut self, flexible: bool) -> Result<Option<usize>> {
        if flexible { self.compact_length() } else { Ok(usize::try_from(self.i16()?).ok()) }
    }

    fn bytes_length(&mut self, flexible: bool) -> Result<Option<usize>> {
        if flexible { self.compact_length() } else { Ok(usize::try_from(self.i32()?).ok()) }
    }

    fn null<T>(&self) -> Result<T> {
        Err(DecodeError::UnexpectedNull { at: self.position })
    }

    /// A string of at most 32,767 bytes. Bytes that are not UTF-8 become U+FFFD, as in Kafka; the string is not longer
    /// for that.
    pub fn string(&mut self, flexible: bool) -> Result<String> {
        match self.string_length(flexible)? {
            Some(length) => self.string_of(length),
            None => self.null(),
        }
    }

    /// A string or, where `nullable`, null.
    pub fn nullable_string(&mut self, flexible: bool, nullable: bool) -> Result<Option<String>> {
        match self.string_length(flexible)? {
            Some(length) => self.string_of(length).map(Some),
            None if nullable => Ok(None),
            None => self.null(),
        }
    }

    fn string_of(&mut self, length: usize) -> Result<String> {
        let mut budget = self.budget;
        let at = self.position;
        let too_long = |length| DecodeError::StringTooLong { at, length };
        if length > STRING_BYTES_MAX {
            return Err(too_long(length));
        }
        let bytes = self.take(length)?;
        let text = match std::str::from_utf8(bytes) {
            Ok(text) => {
                budget.charge(length)?;
                text.to_owned()
            }
            Err(_) => {
                // A bad byte becomes three; the buffer doubles as it grows, old and new exist for a moment.
                budget.charge(length.saturating_mul(9))?;
                let text = String::from_utf8_lossy(bytes).into_owned();
                if text.len() > STRING_BYTES_MAX {
                    return Err(too_long(text.len()));
                }
                text
            }
        };
        self.budget = budget;
        Ok(text)
    }

    /// Bytes, as a slice of the input.
    pub fn bytes(&mut self, flexible: bool) -> Result<Bytes> {
        match self.bytes_length(flexible)? {
            Some(length) => self.slice(length),
            None => self.null(),
        }
    }

    /// Bytes, as a slice of the input, or, where `nullable`, null.
    pub fn nullable_bytes(&mut self, flexible: bool, nullable: bool) -> Result<Option<Bytes>> {
        match self.bytes_length(flexible)? {
            Some(length) => self.slice(length).map(Some),
            None if nullable => Ok(None),
            None => self.null(),
        }
    }

    /// The next `length` bytes, as a slice of the input.
    pub fn slice(&mut self, length: usize) -> Result<Bytes> {
        let at = self.position;
        self.take(length)?;
        self.between(at, at + length)
    }

    /// Passes over the next `length` bytes.
    pub fn skip(&mut self, length: usize) -> Result<()> {
        self.take(length).map(|_| ())
    }

    /// A struct or, where `nullable`, null; only nullable ones are preceded by a byte that tells.
    pub(crate) fn nullable_struct<T>(
        &mut self,
        nullable: bool,
        read: impl FnOnce(&mut Self) -> Result<T>,
    ) -> Result<Option<Box<T>>> {
        if nullable && self.i8()? < 0 {
            return Ok(None);
        }
        self.boxed(read).map(Some)
    }

    /// A struct or null as the value of a tagged field: an unsigned integer tells, zero for null.
    pub(crate) fn nullable_tagged_struct<T>(
        &mut self,
        read: impl FnOnce(&mut Self) -> Result<T>,
    ) -> Result<Option<Box<T>>> {
        if self.unsigned_varint()? == 0 {
            return Ok(None);
        }
        self.boxed(read).map(Some)
    }

    fn boxed<T>(&mut self, read: impl FnOnce(&mut Self) -> Result<T>) -> Result<Box<T>> {
        self.budget.charge(size_of::<T>())?;
        Ok(Box::new(read(self)?))
    }

    /// An array whose elements take at least `minimum` bytes each.
    pub(crate) fn array<T>(
        &mut self,
        flexible: bool,
        minimum: usize,
        read: impl FnMut(&mut Self) -> Result<T>,
    ) -> Result<Vec<T>> {
        match self.array_length(flexible, minimum)? {
            Some(count) => self.elements(count, read),
            None => self.null(),
        }
    }

    /// An array whose elements take at least `minimum` bytes each or, where `nullable`, null.
    pub(crate) fn nullable_array<T>(
        &mut self,
        flexible: bool,
        nullable: bool,
        minimum: usize,
        read: impl FnMut(&mut Self) -> Result<T>,
    ) -> Result<Option<Vec<T>>> {
        match self.array_length(flexible, minimum)? {
            Some(count) => self.elements(count, read).map(Some),
            None if nullable => Ok(None),
            None => self.null(),
        }
    }

    fn array_length(&mut self, flexible: bool, minimum: usize) -> Result<Option<usize>> {
        let Some(count) = self.bytes_length(flexible)? else { return Ok(None) };
        let left = self.remaining();
        if count > left / minimum {
            return Err(DecodeError::ArrayTooLong { at: self.position, count, left });
        }
        Ok(Some(count))
    }

    fn elements<T>(&mut self, count: usize, mut read: impl FnMut(&mut Self) -> Result<T>) -> Result<Vec<T>> {
        let mut items = Vec::new();
        while items.len() < count {
            if items.len() == items.capacity() {
                let room = self.grow(items.len(), count, size_of::<T>())?;
                items.reserve_exact(room - items.len());
            }
            items.push(read(self)?);
        }
        Ok(items)
    }

    /// The room for elements to make next, paid for from the budget: some at first, then twice as much.
    fn grow(&mut self, full: usize, count: usize, size: usize) -> Result<usize> {
        let first = (FIRST_ALLOCATION / size.max(1)).max(4);
        let room = count.min(if full == 0 { first } else { full.saturating_mul(2) });
        self.budget.exchange(full.saturating_mul(size), room.saturating_mul(size))?;
        Ok(room)
    }

    /// The tagged fields of a struct that knows none.
    pub(crate) fn unknown_tagged_fields(&mut self) -> Result<TaggedFields> {
        let mut tags = TagReader::start(self)?;
        while tags.next(self)?.is_some() {
            tags.keep_unknown(self)?;
        }
        Ok(tags.finish())
    }

    pub(crate) fn tag_not_in_version(&self, tag: u32) -> DecodeError {
        DecodeError::TagNotInVersion { at: self.position, tag }
    }

    pub(crate) fn charge(&mut self, bytes: usize) -> Result<()> {
        self.budget.charge(bytes)
    }

    /// The input between two positions, as a slice.
    pub(crate) fn between(&mut self, start: usize, end: usize) -> Result<Bytes> {
        // An empty value need not keep the input alive.
        if start == end {
            return Ok(Bytes::new());
        }
        if !self.is_shared {
            self.budget.charge(SHARING)?;
            self.is_shared = true;
        }
        Ok(self.bytes.slice(start..end))
    }
}

#[cfg(test)]
#[path = "reader_test.rs"]
mod tests;
