//! Kafka's record batches on the wire and on disk: parse, walk, validate, build, compress.
//!
//! Bytes in, bytes out: no file, socket, clock or randomness. The way in for most callers:
//!
//! | to | use |
//! |---|---|
//! | scan a segment by headers | [`AnyHeader::parse`], [`BatchHeader::parse`] |
//! | walk the batches of a buffer | [`Batches`] |
//! | look at one batch | [`AnyBatch`], [`RecordBatch`], [`LegacyBatch`] |
//! | walk its records | [`RecordBatch::records`], [`RecordBatch::summaries`], [`RecordBatch::owned_records`] |
//! | write one | [`BatchBuilder`], [`control_batch`] |
//! | append what a producer sent | [`validate::single_batch`], [`validate::validate`] |
//!
//! *Invariant:* no input panics, and what it costs in memory is bounded by its own length, the codec's window and
//! the caller's [`Limits`], however far it inflates.

mod attributes;
mod batch;
mod batches;
mod builder;
pub mod compression;
pub mod control_batch;
mod crc;
mod error;
mod legacy;
mod record;
mod records;
pub mod validate;
mod varint;

pub use attributes::{Attributes, TimestampType};
pub use batch::{BatchHeader, HEADER_SIZE, RecordBatch};
pub use batches::{AnyBatch, AnyHeader, AnyRecords, Batches, PREFIX_SIZE};
pub use builder::{BatchBuilder, BatchOptions, BuildError};
pub use compression::{Codec, Compression};
pub use control_batch::{ControlRecordType, EndTxnMarker};
pub use error::{BatchError, RecordError};
pub use legacy::{LegacyBatch, LegacyHeader, LegacyRecords};
pub use record::{Header, HeaderRef, Headers, Record, RecordSummary, RecordView};
pub use records::{Limits, OwnedRecords, Records, RecordsPosition, Summaries};
