//! The ports a node runs on.

use io::{Blocking, Clock, Disk, Entropy};

/// Everything outside a node but the network.
#[derive(Clone, Debug)]
pub struct Environment {
    /// Where its data is.
    pub disk: Disk,
    /// The wall clock.
    pub clock: Clock,
    /// Ids, jitter, placement.
    pub entropy: Entropy,
    /// Where work goes that may block for long.
    pub blocking: Blocking,
}

impl Environment {
    /// The real ones.
    ///
    /// # Errors
    /// When the operating system gives no randomness.
    pub fn real() -> std::io::Result<Self> {
        Ok(Self {
            disk: Disk::Real,
            clock: Clock::System,
            entropy: Entropy::from_system()?,
            blocking: Blocking::Threads,
        })
    }

    /// The real ones, for a node whose data ends with it: it syncs nothing.
    ///
    /// # Errors
    /// When the operating system gives no randomness.
    pub fn ephemeral() -> std::io::Result<Self> {
        Ok(Self { disk: Disk::Volatile, ..Self::real()? })
    }
}
