//! What the connections of a listener did, as numbers that only metrics read.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// Counters of one listener since the start of the process.
#[derive(Debug, Default)]
pub struct ListenerCounters {
    opened: AtomicU64,
    closed: AtomicU64,
    rejected: AtomicU64,
    requests: AtomicU64,
    request_bytes: AtomicU64,
    responses: AtomicU64,
    response_bytes: AtomicU64,
}

impl ListenerCounters {
    /// Connections served, those still open included (Kafka's `connection-creation-total`).
    pub fn connections_opened(&self) -> u64 {
        self.opened.load(Relaxed)
    }

    /// Connections that ended (Kafka's `connection-close-total`).
    pub fn connections_closed(&self) -> u64 {
        self.closed.load(Relaxed)
    }

    /// Connections closed before they were served, because their address has too many.
    pub fn connections_rejected(&self) -> u64 {
        self.rejected.load(Relaxed)
    }

    /// Requests read (Kafka's `request-total`).
    pub fn requests(&self) -> u64 {
        self.requests.load(Relaxed)
    }

    /// Bytes of requests read, lengths included (Kafka's `incoming-byte-total`).
    pub fn request_bytes(&self) -> u64 {
        self.request_bytes.load(Relaxed)
    }

    /// Responses begun to be written (Kafka's `response-total`).
    pub fn responses(&self) -> u64 {
        self.responses.load(Relaxed)
    }

    /// Bytes of responses written, lengths included (Kafka's `outgoing-byte-total`).
    pub fn response_bytes(&self) -> u64 {
        self.response_bytes.load(Relaxed)
    }

    pub(super) fn opened(&self) {
        self.opened.fetch_add(1, Relaxed);
    }

    pub(super) fn closed(&self) {
        self.closed.fetch_add(1, Relaxed);
    }

    pub(super) fn rejected(&self) {
        self.rejected.fetch_add(1, Relaxed);
    }

    pub(super) fn request_read(&self, bytes: usize) {
        self.requests.fetch_add(1, Relaxed);
        self.request_bytes.fetch_add(bytes as u64, Relaxed);
    }

    pub(super) fn response_begun(&self) {
        self.responses.fetch_add(1, Relaxed);
    }

    pub(super) fn response_written(&self, bytes: u64) {
        self.response_bytes.fetch_add(bytes, Relaxed);
    }
}
