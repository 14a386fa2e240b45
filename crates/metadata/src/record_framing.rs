//! A metadata record as bytes: frame version, type and version, each an unsigned varint, then the body.
//!
//! The bytes are the value of a record of the metadata log; its key is null.

use bytes::Bytes;
use protocol::{Reader, Writer};

use crate::{MetadataRecord, MetadataVersion, RecordError};

const FRAME_VERSION: u32 = 1;

/// The record that `value` holds.
///
/// # Errors
/// When the frame version or the type is not known, or the body is not an encoding of the type at its version.
pub fn decode_record(value: Bytes) -> Result<MetadataRecord, RecordError> {
    let mut reader = Reader::new(value);
    let frame_version = reader.unsigned_varint()?;
    if frame_version != FRAME_VERSION {
        return Err(RecordError::FrameVersion(frame_version));
    }
    let record_type = reader.unsigned_varint()?;
    let version = reader.unsigned_varint()?;
    // A version above 32,767 is as unknown as any other above the newest one.
    let version = i16::try_from(version).unwrap_or(i16::MAX);
    let record = MetadataRecord::decode_body(&mut reader, record_type, version)?;
    reader.finish()?;
    Ok(record)
}

/// The bytes of `record` at the version that `metadata_version` asks for.
///
/// # Errors
/// When that version cannot carry what the record says.
pub fn encode_record(
    record: &MetadataRecord,
    metadata_version: MetadataVersion,
) -> Result<Bytes, RecordError> {
    let version = record.version_at(metadata_version);
    let mut writer = Writer::new();
    writer.unsigned_varint(FRAME_VERSION);
    writer.unsigned_varint(record.record_type().unsigned_abs().into());
    writer.unsigned_varint(version.unsigned_abs().into());
    record.encode_body(&mut writer, version)?;
    Ok(writer.into_bytes())
}
