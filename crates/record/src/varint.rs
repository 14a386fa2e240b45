//! Variable-length zigzag numbers, as records use them.

use std::io::BufRead;

use crate::RecordError;

/// Bytes still to be read of one record; every read is counted against them.
pub(crate) struct Bounded<'r, R> {
    source: &'r mut R,
    left: usize,
    declared: i32,
}

impl<'r, R: BufRead> Bounded<'r, R> {
    pub(crate) fn new(source: &'r mut R, declared: i32) -> Result<Self, RecordError> {
        let left = usize::try_from(declared).map_err(|_| RecordError::LengthMismatch { declared })?;
        Ok(Self { source, left, declared })
    }

    /// Bytes of the record that were not read yet.
    pub(crate) fn left(&self) -> usize {
        self.left
    }

    fn spend(&mut self, count: usize) -> Result<(), RecordError> {
        let declared = self.declared;
        self.left = self.left.checked_sub(count).ok_or(RecordError::LengthMismatch { declared })?;
        Ok(())
    }

    pub(crate) fn byte(&mut self) -> Result<u8, RecordError> {
        self.spend(1)?;
        byte(self.source)
    }

    pub(crate) fn varint(&mut self) -> Result<i32, RecordError> {
        let (value, size) = varint(self.source)?;
        self.spend(size)?;
        Ok(value)
    }

    pub(crate) fn varlong(&mut self) -> Result<i64, RecordError> {
        let (value, size) = varlong(self.source)?;
        self.spend(size)?;
        Ok(value)
    }

    /// Skips a field of `size` bytes; a negative size is a null field.
    pub(crate) fn skip(&mut self, size: i32) -> Result<(), RecordError> {
        let Ok(mut size) = usize::try_from(size) else { return Ok(()) };
        self.spend(size)?;
        while size > 0 {
            let there = fill(self.source)?.len();
            if there == 0 {
                return Err(RecordError::Truncated);
            }
            let step = there.min(size);
            self.source.consume(step);
            size -= step;
        }
        Ok(())
    }

    /// Fails unless every byte of the record was read.
    pub(crate) fn finish(self) -> Result<(), RecordError> {
        if self.left == 0 { Ok(()) } else { Err(RecordError::LengthMismatch { declared: self.declared }) }
    }
}

fn fill<R: BufRead>(source: &mut R) -> Result<&[u8], RecordError> {
    source.fill_buf().map_err(RecordError::Inflate)
}

fn byte<R: BufRead>(source: &mut R) -> Result<u8, RecordError> {
    let first = *fill(source)?.first().ok_or(RecordError::Truncated)?;
    source.consume(1);
    Ok(first)
}

/// A 32-bit zigzag number of at most 5 bytes, and how many it took.
pub(crate) fn varint<R: BufRead>(source: &mut R) -> Result<(i32, usize), RecordError> {
    let (raw, size) = unsigned::<R, 5>(source)?;
    // The fifth byte's upper bits fall off, as in the oracle.
    let raw = raw as u32;
    Ok((((raw >> 1) as i32) ^ -((raw & 1) as i32), size))
}

/// A 64-bit zigzag number of at most 10 bytes, and how many it took.
pub(crate) fn varlong<R: BufRead>(source: &mut R) -> Result<(i64, usize), RecordError> {
    let (raw, size) = unsigned::<R, 10>(source)?;
    Ok((((raw >> 1) as i64) ^ -((raw & 1) as i64), size))
}

fn unsigned<R: BufRead, const MAX: usize>(source: &mut R) -> Result<(u64, usize), RecordError> {
    let mut raw = 0;
    let mut size = 0;
    while size < MAX {
        // Nearly always the whole number is in the buffer, and this turns once.
        let there = fill(source)?;
        if there.is_empty() {
            return Err(RecordError::Truncated);
        }
        let mut used = 0;
        for byte in there.iter().take(MAX - size) {
            raw |= u64::from(byte & 0x7f) << (7 * (size + used));
            used += 1;
            if *byte < 0x80 {
                source.consume(used);
                return Ok((raw, size + used));
            }
        }
        source.consume(used);
        size += used;
    }
    Err(RecordError::Varint)
}

/// Appends a zigzag number.
pub(crate) fn put_varint(out: &mut Vec<u8>, value: i32) {
    put_unsigned(out, u64::from(((value << 1) ^ (value >> 31)) as u32));
}

/// Appends a zigzag number.
pub(crate) fn put_varlong(out: &mut Vec<u8>, value: i64) {
    put_unsigned(out, ((value << 1) ^ (value >> 63)) as u64);
}

fn put_unsigned(out: &mut Vec<u8>, mut raw: u64) {
    while raw >= 0x80 {
        out.push(raw as u8 | 0x80);
        raw >>= 7;
    }
    out.push(raw as u8);
}

/// Bytes a zigzag number takes.
pub(crate) fn size_of_varlong(value: i64) -> usize {
    let raw = ((value << 1) ^ (value >> 63)) as u64;
    (70 - (raw | 1).leading_zeros() as usize) / 7
}

/// Bytes a zigzag number takes.
pub(crate) fn size_of_varint(value: i32) -> usize {
    size_of_varlong(i64::from(value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_survive_the_round_trip_and_take_the_size_foretold() {
        for value in [0, -1, 1, 63, 64, -64, -65, 8191, 8192, i64::from(i32::MAX), i64::MIN, i64::MAX] {
            let mut out = Vec::new();
            put_varlong(&mut out, value);
            assert_eq!(out.len(), size_of_varlong(value), "{value}");
            assert_eq!(varlong(&mut out.as_slice()).expect("just written"), (value, out.len()));
        }
        for value in [0, -1, 1, 63, 64, -64, -65, i32::MIN, i32::MAX] {
            let mut out = Vec::new();
            put_varint(&mut out, value);
            assert_eq!(out.len(), size_of_varint(value), "{value}");
            assert_eq!(varint(&mut out.as_slice()).expect("just written"), (value, out.len()));
        }
    }

    #[test]
    fn a_number_that_does_not_end_is_refused() {
        assert!(matches!(varint(&mut [0xff; 6].as_slice()), Err(RecordError::Varint)));
        assert!(matches!(varlong(&mut [0xff; 11].as_slice()), Err(RecordError::Varint)));
        assert!(matches!(varint(&mut [0x80].as_slice()), Err(RecordError::Truncated)));
    }
}
