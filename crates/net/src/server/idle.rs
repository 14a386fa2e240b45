//! When a connection that does nothing, or does it too slowly, is closed. One timer a connection.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::time::{Instant, Sleep};

use super::ServerSettings;
use crate::CloseReason;

/// Bytes a second that a frame has to bring.
const FRAME_BYTES_PER_SECOND: u64 = 1024;

/// A century: "never" for a timer.
const NEVER: Duration = Duration::from_secs(100 * 365 * 24 * 3600);

/// Keeps the time of one connection.
pub(super) struct Pace {
    timer: Pin<Box<Sleep>>,
    last_byte_at: Instant,
    max_idle: Duration,
    first_request_timeout: Duration,
    frame_window: Duration,
    /// Set while a frame is incomplete and we are reading it.
    frame: Option<FrameWindow>,
}

struct FrameWindow {
    since: Instant,
    bytes: u64,
    limit: Duration,
}

impl Pace {
    pub(super) fn new(settings: &ServerSettings) -> Self {
        let now = Instant::now();
        let max_idle = settings.connections_max_idle.unwrap_or(NEVER).min(NEVER);
        Self {
            timer: Box::pin(tokio::time::sleep_until(now + max_idle)),
            last_byte_at: now,
            max_idle,
            first_request_timeout: settings.first_request_timeout,
            frame_window: settings.frame_window,
            frame: None,
        }
    }

    /// Bytes were read or written; returns when.
    pub(super) fn bytes_moved(&mut self) -> Instant {
        self.last_byte_at = Instant::now();
        self.last_byte_at
    }

    /// Bytes of a frame that is still incomplete arrived, or (0) are waited for.
    pub(super) fn frame_bytes(&mut self, bytes: usize, is_first: bool) {
        let now = Instant::now();
        let limit = if is_first { self.first_request_timeout } else { self.frame_window };
        let window = self.frame.get_or_insert(FrameWindow { since: now, bytes: 0, limit });
        window.bytes += bytes as u64;
        if !is_first && window.bytes >= self.frame_window.as_secs().max(1) * FRAME_BYTES_PER_SECOND {
            (window.since, window.bytes) = (now, 0);
        }
    }

    /// No frame is being read: it is complete, or we make the peer wait.
    pub(super) fn frame_over(&mut self) {
        self.frame = None;
    }

    /// Ready when the connection has to be closed. `partial` tells the announced length and the bytes that arrived.
    pub(super) fn poll_late(
        &mut self,
        partial: impl FnOnce() -> (usize, usize),
        context: &mut Context<'_>,
    ) -> Poll<CloseReason> {
        let idle_at = self.last_byte_at + self.max_idle;
        let late_at = self.frame.as_ref().map_or(idle_at, |window| idle_at.min(window.since + window.limit));
        let now = Instant::now();
        if now >= late_at {
            if now >= idle_at {
                let idle_ms = (now - self.last_byte_at).as_millis() as u64;
                return Poll::Ready(CloseReason::Idle { idle_ms });
            }
            let (announced, received) = partial();
            return Poll::Ready(CloseReason::SlowFrame { announced, received });
        }
        // A timer that fires too early is set again; only a nearer end has to reset it now.
        if late_at < self.timer.deadline() || self.timer.is_elapsed() {
            self.timer.as_mut().reset(late_at);
        }
        while self.timer.as_mut().poll(context).is_ready() {
            self.timer.as_mut().reset(late_at);
        }
        Poll::Pending
    }
}
