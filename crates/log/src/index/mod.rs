//! The indexes of a segment: offset to position, timestamp to offset, and aborted transactions.
//!
//! None is mapped into memory: an index that is still written keeps its newest entries in memory and hands them to
//! the file in portions; older ones are found by a binary search with `pread`. Files have the exact size of their
//! entries; the preallocated, zero-tailed ones of an Apache Kafka that was killed are accepted.

mod entry_file;
#[cfg(test)]
mod index_test;
mod offset_index;
mod sorted_index;
mod time_index;
mod transaction_index;

pub(crate) use offset_index::OffsetIndex;
pub(crate) use time_index::{TimeIndex, TimestampOffset};
pub use transaction_index::AbortedTransaction;
pub(crate) use transaction_index::TransactionIndex;
