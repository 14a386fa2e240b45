//! What can be wrong with bytes that claim to be batches or records. All of it is corruption, never IO.

use std::io;

use thiserror::Error;

/// A batch whose frame or header cannot be trusted.
#[derive(Debug, Error, Clone, PartialEq, Eq)]
pub enum BatchError {
    /// Fewer bytes than the header needs; at the end of a buffer or file this is a partial batch.
    #[error("{have} bytes are too few for a batch header of {need}")]
    TooShort {
        /// Bytes there.
        have: usize,
        /// Bytes needed.
        need: usize,
    },
    /// The length field is smaller than what every batch of this magic has (or negative).
    #[error("declared batch length {declared} is below the least, {least}")]
    LengthTooSmall {
        /// The length field: bytes that follow it.
        declared: i32,
        /// The least a batch can have.
        least: i32,
    },
    /// The buffer is not exactly one batch long.
    #[error("batch declares {declared} bytes, the buffer has {have}")]
    SizeMismatch {
        /// Whole size as declared.
        declared: usize,
        /// Bytes there.
        have: usize,
    },
    /// A magic other than 0, 1 and 2 (or other than the one asked for).
    #[error("unknown magic {magic}")]
    UnknownMagic {
        /// The magic byte.
        magic: i8,
    },
    /// The checksum does not fit the bytes.
    #[error("stored crc {stored:#010x} differs from the computed {computed:#010x}")]
    Crc {
        /// As stored.
        stored: u32,
        /// As computed.
        computed: u32,
    },
    /// A codec id nobody has defined.
    #[error("unknown compression codec {id}")]
    UnknownCodec {
        /// The id, 5–7.
        id: u8,
    },
    /// The number of records is negative.
    #[error("negative record count {count}")]
    NegativeCount {
        /// As stored.
        count: i32,
    },
}

/// Records that cannot be read out of a batch whose frame was fine.
#[derive(Debug, Error)]
pub enum RecordError {
    /// The header names a codec nobody has defined, or a negative count.
    #[error(transparent)]
    Batch(#[from] BatchError),
    /// The compressed stream is broken, or refused (window too large, unsupported frame).
    #[error("records cannot be inflated")]
    Inflate(#[source] io::Error),
    /// The batch ends within a record.
    #[error("the batch ends within a record")]
    Truncated,
    /// A variable-length number does not end after its 5 or 10 bytes.
    #[error("a variable-length number does not end")]
    Varint,
    /// A record's length field differs from what its fields take.
    #[error("record of declared length {declared} does not fit its fields")]
    LengthMismatch {
        /// The record's length field.
        declared: i32,
    },
    /// One record is larger than the caller's limit.
    #[error("record of {size} bytes is over the limit of {limit}")]
    TooLarge {
        /// Bytes of the record.
        size: usize,
        /// [`crate::Limits::record_bytes_max`].
        limit: usize,
    },
    /// The number of headers is negative or larger than the bytes that remain.
    #[error("impossible number of record headers {count}")]
    HeaderCount {
        /// As stored.
        count: i32,
    },
    /// A header's key is null.
    #[error("negative length {size} of a header key")]
    HeaderKey {
        /// As stored.
        size: i32,
    },
    /// Bytes follow the last record.
    #[error("bytes follow the last record that the batch declares")]
    LeftOver,
    /// A compressed message of magic 0 or 1 has no value, no inner messages or inner messages that are themselves
    /// compressed, or its offset is below those within.
    #[error("broken message set: {0}")]
    Legacy(&'static str),
}
