//! A length of time that may be changed while logs are open.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

/// How long something is kept, in milliseconds; clones share it, and it may change while they look.
#[derive(Clone, Debug)]
pub struct Expiration(Arc<AtomicI64>);

impl Expiration {
    /// So many milliseconds.
    pub fn of_ms(ms: i64) -> Self {
        Self(Arc::new(AtomicI64::new(ms)))
    }

    /// The milliseconds now.
    pub fn ms(&self) -> i64 {
        self.0.load(Ordering::Relaxed)
    }

    /// So many milliseconds from here on, for all clones.
    pub fn set_ms(&self, ms: i64) {
        self.0.store(ms, Ordering::Relaxed);
    }
}
