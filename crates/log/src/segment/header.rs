//! The header of one batch in a segment file, of any format Kafka ever wrote.

use types::Offset;

/// Bytes up to and including the magic byte: what every format has in common.
pub(crate) const COMMON_LENGTH: usize = 17;
/// Bytes of a whole version-2 header.
pub(crate) const LENGTH: usize = 61;
/// Bytes before the ones that the length field counts.
const PREFIX: u64 = 12;

const MINIMUM_LEGACY: i32 = 14;
const MINIMUM_V2: i32 = 49;

/// What finding, indexing and replaying need to know of a batch, without its records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct BatchHeader {
    /// Offset of the first record; of the last one in formats 0 and 1, which do not say.
    pub(crate) base_offset: Offset,
    pub(crate) last_offset: Offset,
    /// Bytes of the whole batch.
    pub(crate) size: u64,
    pub(crate) magic: i8,
    /// −1 where the format does not say.
    pub(crate) leader_epoch: i32,
    pub(crate) attributes: i16,
    /// −1 where the format does not say.
    pub(crate) max_timestamp_ms: i64,
    pub(crate) producer_id: i64,
    pub(crate) producer_epoch: i16,
    pub(crate) base_sequence: i32,
    pub(crate) record_count: i32,
}

fn i64_at(bytes: &[u8], at: usize) -> i64 {
    i64::from_be_bytes(bytes[at..at + 8].try_into().expect("eight bytes were sliced"))
}

fn i32_at(bytes: &[u8], at: usize) -> i32 {
    i32::from_be_bytes(bytes[at..at + 4].try_into().expect("four bytes were sliced"))
}

fn i16_at(bytes: &[u8], at: usize) -> i16 {
    i16::from_be_bytes(bytes[at..at + 2].try_into().expect("two bytes were sliced"))
}

/// What the first bytes of a batch say about how to go on.
pub(crate) enum Parsed {
    Header(BatchHeader),
    /// So many bytes are needed.
    NeedsBytes(usize),
    Corrupt(&'static str),
}

impl BatchHeader {
    /// Reads a header from the start of `bytes`, which may hold less or more than the batch.
    pub(crate) fn parse(bytes: &[u8]) -> Parsed {
        if bytes.len() < COMMON_LENGTH {
            return Parsed::NeedsBytes(COMMON_LENGTH);
        }
        let first = i64_at(bytes, 0);
        let length = i32_at(bytes, 8);
        let magic = bytes[16].cast_signed();
        if first < 0 {
            return Parsed::Corrupt("a batch with a negative offset");
        }
        match magic {
            0 | 1 if length >= MINIMUM_LEGACY => Self::parse_legacy(bytes, magic),
            2 if length >= MINIMUM_V2 => Self::parse_v2(bytes),
            0..=2 => Parsed::Corrupt("a batch shorter than its header"),
            _ => Parsed::Corrupt("a batch of an unknown format"),
        }
    }

    fn parse_legacy(bytes: &[u8], magic: i8) -> Parsed {
        let needed = if magic == 0 { COMMON_LENGTH + 1 } else { COMMON_LENGTH + 9 };
        if bytes.len() < needed {
            return Parsed::NeedsBytes(needed);
        }
        let offset = Offset(i64_at(bytes, 0));
        Parsed::Header(Self {
            base_offset: offset,
            last_offset: offset,
            size: PREFIX + i32_at(bytes, 8).unsigned_abs() as u64,
            magic,
            leader_epoch: -1,
            attributes: i16::from(bytes[17]),
            max_timestamp_ms: if magic == 0 { -1 } else { i64_at(bytes, 18) },
            producer_id: -1,
            producer_epoch: -1,
            base_sequence: -1,
            record_count: 1,
        })
    }

    fn parse_v2(bytes: &[u8]) -> Parsed {
        if bytes.len() < LENGTH {
            return Parsed::NeedsBytes(LENGTH);
        }
        let base_offset = i64_at(bytes, 0);
        let last_offset_delta = i32_at(bytes, 23);
        let Some(last_offset) = base_offset.checked_add(i64::from(last_offset_delta)) else {
            return Parsed::Corrupt("a batch that ends past the largest offset");
        };
        if last_offset_delta < 0 || last_offset == i64::MAX {
            return Parsed::Corrupt("a batch that ends before it begins");
        }
        Parsed::Header(Self {
            base_offset: Offset(base_offset),
            last_offset: Offset(last_offset),
            size: PREFIX + i32_at(bytes, 8).unsigned_abs() as u64,
            magic: 2,
            leader_epoch: i32_at(bytes, 12),
            attributes: i16_at(bytes, 21),
            max_timestamp_ms: i64_at(bytes, 35),
            producer_id: i64_at(bytes, 43),
            producer_epoch: i16_at(bytes, 51),
            base_sequence: i32_at(bytes, 53),
            record_count: i32_at(bytes, 57),
        })
    }

    pub(crate) fn next_offset(&self) -> Offset {
        self.last_offset.plus(1)
    }

    pub(crate) fn has_producer(&self) -> bool {
        self.producer_id >= 0
    }

    pub(crate) fn is_transactional(&self) -> bool {
        self.magic >= 2 && self.attributes & 0x10 != 0
    }

    pub(crate) fn is_control(&self) -> bool {
        self.magic >= 2 && self.attributes & 0x20 != 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn v2(base_offset: i64, length: i32, last_offset_delta: i32) -> Vec<u8> {
        let mut bytes = vec![0; LENGTH];
        bytes[..8].copy_from_slice(&base_offset.to_be_bytes());
        bytes[8..12].copy_from_slice(&length.to_be_bytes());
        bytes[16] = 2;
        bytes[23..27].copy_from_slice(&last_offset_delta.to_be_bytes());
        bytes
    }

    #[test]
    fn nonsense_is_told_from_an_unfinished_header() {
        assert!(matches!(BatchHeader::parse(&[0; 5]), Parsed::NeedsBytes(COMMON_LENGTH)));
        assert!(matches!(BatchHeader::parse(&v2(1, 49, 0)[..30]), Parsed::NeedsBytes(LENGTH)));
        for bytes in
            [v2(-1, 49, 0), v2(0, 48, 0), v2(0, -1, 0), v2(0, 49, -1), v2(i64::MAX, 49, 0), vec![0; 61]]
        {
            assert!(matches!(BatchHeader::parse(&bytes), Parsed::Corrupt(_)));
        }
        let Parsed::Header(header) = BatchHeader::parse(&v2(5, 100, 3)) else { panic!("a header") };
        assert_eq!((header.size, header.last_offset, header.next_offset()), (112, Offset(8), Offset(9)));
    }
}
