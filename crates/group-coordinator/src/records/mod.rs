//! Records of `__consumer_offsets`: which types there are, and those that keep classic groups and offsets; the
//! others are read to see that they can be.
//!
//! A key begins with its type, which Kafka calls the key's version; a value begins with its own version.

mod consumer_record;
#[cfg(test)]
mod golden_test;
mod group_metadata;
mod modern_record;
mod offset_commit;
mod record_type;

pub(crate) use consumer_record::{ConsumerRecord, GroupEpoch};
pub(crate) use group_metadata::{
    GroupMetadata, LoadedMember, group_metadata_record, group_metadata_tombstone,
};
pub(crate) use modern_record::check_modern;
pub(crate) use offset_commit::{
    offset_commit_record, offset_commit_tombstone, read_offset_commit_key, read_offset_commit_value,
};
pub(crate) use record_type::{ModernPart, RecordType, group_of};

use bytes::Bytes;
use coordinator::MalformedRecord;
use protocol::Reader;

/// Reads `bytes` as a version and what follows it.
fn versioned<T>(
    kind: &'static str,
    bytes: &Bytes,
    decode: impl FnOnce(&mut Reader, i16) -> Result<T, protocol::DecodeError>,
) -> Result<T, MalformedRecord> {
    let mut reader = Reader::new(bytes.clone());
    let decoded = reader.i16().and_then(|version| decode(&mut reader, version));
    decoded.map_err(|error| MalformedRecord { kind, reason: error.to_string() })
}
