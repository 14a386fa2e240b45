//! Something asked for on the side: once at a time, and with growing patience where it fails.

use std::time::Duration;

use tokio::time::Instant;

/// Where the errand stands.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Errand {
    under_way: bool,
    failures: u32,
    not_before: Option<Instant>,
}

impl Errand {
    /// Whether it may begin now; if so, it has begun.
    pub(crate) fn begins(&mut self, now: Instant) -> bool {
        let begins = !self.under_way && self.not_before.is_none_or(|not_before| not_before <= now);
        self.under_way |= begins;
        begins
    }

    /// When it may begin again, where only time is missing.
    pub(crate) fn wake_at(&self) -> Option<Instant> {
        self.not_before.filter(|_| !self.under_way)
    }

    /// Whether it is awaited.
    pub(crate) const fn is_under_way(&self) -> bool {
        self.under_way
    }

    /// Whether it came back without at the last try.
    pub(crate) const fn has_failed(&self) -> bool {
        self.failures > 0
    }

    /// It came back with what was wanted.
    pub(crate) fn succeeded(&mut self) {
        *self = Self::default();
    }

    /// As [`Self::succeeded`], but it does not begin again before `until`.
    pub(crate) fn rests(&mut self, until: Instant) {
        *self = Self { not_before: Some(until), ..Self::default() };
    }

    /// It came back without; `patience` tells how long to wait after so many failures.
    pub(crate) fn failed(&mut self, now: Instant, patience: impl FnOnce(u32) -> Duration) {
        let failures = self.failures + 1;
        *self = Self { under_way: false, failures, not_before: Some(now + patience(failures)) };
    }
}
