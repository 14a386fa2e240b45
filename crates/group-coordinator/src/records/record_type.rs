//! The types of record that a coordinator of groups finds in its log.

use bytes::Bytes;
use coordinator::MalformedRecord;

use super::versioned;
use crate::modern::ModernKind;

/// What a record is about, by the first two bytes of its key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RecordType {
    /// A committed offset (0, 1).
    Offset,
    /// A classic group (2).
    ClassicGroup,
    /// Something of a consumer group (3–8, 16).
    Consumer,
    /// Something of a group of another protocol.
    Modern {
        /// Which protocol.
        kind: ModernKind,
        /// What of it.
        part: ModernPart,
    },
    /// None that Kafka 4.3 knows.
    Unknown,
}

/// What a record says about a group of a protocol newer than the classic one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ModernPart {
    /// That there is such a group: without this record there is none.
    Group,
    /// A member's own words.
    Member,
    /// Anything else.
    Other,
}

impl RecordType {
    /// The type of the record with this key.
    ///
    /// # Errors
    /// Where the key is too short to say.
    pub(crate) fn of(key: &[u8]) -> Result<Self, MalformedRecord> {
        use ModernKind::{Share, Streams};
        use ModernPart::{Group, Member, Other};
        let Some((number, _)) = key.split_first_chunk::<2>() else {
            return Err(MalformedRecord { kind: "record key", reason: "it has no type".to_owned() });
        };
        let (kind, part) = match i16::from_be_bytes(*number) {
            0 | 1 => return Ok(Self::Offset),
            2 => return Ok(Self::ClassicGroup),
            3..=8 | 16 => return Ok(Self::Consumer),
            10 => (Share, Member),
            11 => (Share, Group),
            12..=15 => (Share, Other),
            17 => (Streams, Group),
            19 => (Streams, Member),
            20..=23 => (Streams, Other),
            _ => return Ok(Self::Unknown),
        };
        Ok(Self::Modern { kind, part })
    }
}

/// The group that a key is about: every key has it first, as a string.
pub(crate) fn group_of(key: &Bytes) -> Result<String, MalformedRecord> {
    versioned("record key", key, |reader, _| reader.string(false))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_of_no_known_type_is_told_apart() {
        assert_eq!(RecordType::of(&[0, 99, 0, 0]), Ok(RecordType::Unknown));
        assert_eq!(RecordType::of(&[0, 2, 0, 0]), Ok(RecordType::ClassicGroup));
    }

    #[test]
    fn a_key_that_is_cut_off_is_malformed() {
        assert!(RecordType::of(&[0]).is_err());
        assert!(group_of(&Bytes::from_static(&[0, 2, 0, 9, b'g'])).is_err());
        assert_eq!(group_of(&Bytes::from_static(&[0, 3, 0, 1, b'g'])), Ok("g".to_owned()));
    }
}
