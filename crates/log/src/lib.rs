//! A partition's log on disk: segments, indexes, checkpoints, recovery, retention.
//!
//! [`Log`] is one partition's log, Kafka's UnifiedLog; [`log_dirs`] and [`checkpoint`] are what stands around it.
//! Files are Apache Kafka's, byte for byte.
//!
//! *Invariants:* batches below a segment's size are whole and intact; readers see a consistent picture and take no
//! lock of the writer; the recovery point moves only after the bytes below it are durable.

mod append;
pub mod checkpoint;
pub mod cleaner;
mod control;
mod error;
mod expiration;
mod files;
mod flush;
mod index;
mod log;
pub mod log_dirs;
#[cfg(test)]
mod log_test;
mod open;
mod patience;
mod producer_snapshot;
mod read;
mod retention;
mod roll;
mod segment;
mod switch;
mod timestamps;
mod transactions;
mod truncate;
mod view;

pub use append::{AppendContext, AppendError, AppendInfo};
pub use error::LogError;
pub use expiration::Expiration;
pub use index::AbortedTransaction;
pub use log::{Log, LogOffsets, LogSettings};
pub use open::{OpenOptions, RecoveryProgress};
pub use partition::producer_state::{AppendOrigin, ProducerEntry, ProducerStateError, VerificationGuard};
pub use patience::Patience;
pub use read::{ReadError, ReadRequest, ReadSlice, ReadUpTo};
pub use switch::Switch;
pub use timestamps::{FoundOffset, OffsetQuery};
