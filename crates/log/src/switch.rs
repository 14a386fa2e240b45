//! A yes or no that may be changed while logs are open.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Whether something is done; clones share it, and it may change while they look.
#[derive(Clone, Debug)]
pub struct Switch(Arc<AtomicBool>);

impl Switch {
    /// On, or off.
    pub fn new(is_on: bool) -> Self {
        Self(Arc::new(AtomicBool::new(is_on)))
    }

    /// Whether it is on now.
    pub fn is_on(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    /// On or off from here on, for all clones.
    pub fn set(&self, is_on: bool) {
        self.0.store(is_on, Ordering::Relaxed);
    }
}
