//! Wall-clock time as a port. Monotonic time is `tokio::time::Instant`, which a simulation pauses and moves.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use tokio::time::Instant;

/// Tells the wall-clock time; cheap to clone.
#[derive(Clone, Debug)]
pub enum Clock {
    /// The machine's clock.
    System,
    /// A clock that a test or a simulation sets: milliseconds since the Unix epoch.
    Simulated(Arc<AtomicI64>),
    /// A clock that goes with the monotonic time of the runtime it is asked on, which may be paused.
    Following {
        /// Milliseconds since the Unix epoch at `since`.
        begin_ms: i64,
        /// When it began.
        since: Instant,
    },
}

impl Clock {
    /// A simulated clock that stands at `now_ms` until [`Clock::set_ms`] moves it.
    pub fn simulated(now_ms: i64) -> Self {
        Self::Simulated(Arc::new(AtomicI64::new(now_ms)))
    }

    /// A clock that shows `now_ms` now and goes on with the time of the present runtime. To be asked only there.
    pub fn following(now_ms: i64) -> Self {
        Self::Following { begin_ms: now_ms, since: Instant::now() }
    }

    /// Milliseconds since the Unix epoch; may jump either way, as wall clocks do.
    #[allow(clippy::disallowed_methods, reason = "this is the port that everybody else asks")]
    pub fn now_ms(&self) -> i64 {
        match self {
            Self::System => {
                let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
                i64::try_from(since_epoch.as_millis()).unwrap_or(i64::MAX)
            }
            Self::Simulated(now_ms) => now_ms.load(Ordering::Relaxed),
            Self::Following { begin_ms, since } => {
                let passed_ms = i64::try_from(since.elapsed().as_millis()).unwrap_or(i64::MAX);
                begin_ms.saturating_add(passed_ms)
            }
        }
    }

    /// Moves a simulated clock.
    ///
    /// # Panics
    /// On the machine's clock and on one that follows a runtime's, which nobody here may set.
    pub fn set_ms(&self, now_ms: i64) {
        match self {
            Self::System | Self::Following { .. } => panic!("only a simulated clock can be set"),
            Self::Simulated(cell) => cell.store(now_ms, Ordering::Relaxed),
        }
    }
}
