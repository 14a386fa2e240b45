//! Reading a segment's batches piece by piece.

use bytes::Bytes;
use record::{AnyBatch, Limits, RecordBatch};

use super::CleanError;
use crate::LogError;
use crate::segment::Segment;

/// A batch and where it stands.
pub(super) struct Piece {
    pub(super) batch: AnyBatch,
    pub(super) position: u64,
}

/// Up to `read_bytes` of whole batches from `position` on, at least one; none at the segment's end. Each is checked:
/// what is written anew gets a new checksum, which must not cover old damage.
pub(super) fn batches(segment: &Segment, position: u64, read_bytes: usize) -> Result<Vec<Piece>, CleanError> {
    let mut pieces = Vec::new();
    let mut scan = segment.scan(position, read_bytes);
    let mut reached = position;
    while let Some(located) = scan.next()? {
        let size = located.header.size;
        if reached > position && located.position + size > position + read_bytes as u64 {
            return Ok(pieces);
        }
        let bytes = match scan.bytes(&located)? {
            Some(bytes) => Bytes::copy_from_slice(bytes),
            None => {
                let mut bytes = vec![0; usize::try_from(size).unwrap_or(usize::MAX)];
                let read = segment.file().read_exact_at(&mut bytes, located.position);
                read.map_err(|error| LogError::io(segment.path())(error))?;
                bytes.into()
            }
        };
        let batch = AnyBatch::new(bytes).and_then(|batch| batch.verify_crc().map(|()| batch));
        let batch = batch.map_err(|error| unreadable(segment, located.position, error))?;
        reached = located.position + size;
        pieces.push(Piece { batch, position: located.position });
    }
    if reached < segment.size() {
        return Err(LogError::corrupt(segment.path(), reached, "a segment that ends within a batch").into());
    }
    Ok(pieces)
}

/// The key of a control batch's first record.
pub(super) fn control_key(batch: &RecordBatch) -> Result<Option<Vec<u8>>, record::RecordError> {
    let mut records = batch.records(Limits::default())?;
    Ok(records.next()?.map(|record| record.key.unwrap_or_default().to_vec()))
}

pub(super) fn unreadable(segment: &Segment, position: u64, error: impl std::fmt::Display) -> CleanError {
    CleanError::Unreadable { path: segment.path(), position, reason: error.to_string() }
}
