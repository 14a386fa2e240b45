//! Log compaction: of the records of each key the last one stays, at its offset. Kafka's LogCleaner.
//!
//! A log is clean up to its first dirty offset: no key occurs twice there. One cleaning makes it clean further:
//!
//! 1. [`Log::cleanable`] tells the range: whole segments, below the one written to, decided (below the last stable
//!    offset) and old enough. The log is made durable first: a power cut must not take what supersedes, or decides.
//! 2. `offset_map` learns the last offset of each key in that range, as far as its memory goes.
//! 3. Small segments are grouped; each group is copied into one `.cleaned` segment, batch by batch (`retention`), without
//!    the records that the map knows to be superseded.
//! 4. `replace` swaps it in: `.cleaned`, `.swap`, live. A start after a stop in the middle finishes or undoes it.
//! 5. The first dirty offset moves, and is checkpointed.
//!
//! *Invariants:* offsets never change; the last record of each key stays, but for tombstones whose delete horizon has
//! passed (KIP-534); each known producer's last batch stays, if need be empty, so that its next sequence is known.
//! *Order:* nothing is locked while a cleaning reads and copies; the swap takes the append mutex, and gives up where
//! retention or truncation has changed the segments meanwhile.

mod cleanable;
mod cleaning;
mod error;
mod group;
mod offset_map;
mod read;
mod replace;
mod retention;
mod transactions;

pub use cleanable::Cleanable;
pub use cleaning::{Cleaned, CleanerSettings, Cleaning, Progress};
pub use error::CleanError;

use std::sync::atomic::{AtomicBool, Ordering};

/// What is going on with a log, for whoever chooses the next one to clean.
#[derive(Debug, Default)]
pub(crate) struct CleanerMarks {
    /// A cleaning is under way.
    is_busy: AtomicBool,
    /// A cleaning has failed for good.
    is_unfit: AtomicBool,
}

impl CleanerMarks {
    /// Whether a cleaning has failed for good.
    pub(crate) fn is_unfit(&self) -> bool {
        self.is_unfit.load(Ordering::Acquire)
    }

    /// Whether a cleaning may begin.
    pub(crate) fn is_free(&self) -> bool {
        !self.is_busy.load(Ordering::Acquire) && !self.is_unfit.load(Ordering::Acquire)
    }
}
