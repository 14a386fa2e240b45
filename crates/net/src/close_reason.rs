//! Why a connection ended.

use std::io;

use crate::FrameError;

/// Why the server closed a connection; logged once, where the connection ends.
#[derive(Debug, thiserror::Error)]
pub enum CloseReason {
    /// The peer closed its side, or vanished.
    #[error("the peer closed the connection")]
    PeerClosed,
    /// No byte was read or written for `connections.max.idle.ms`.
    #[error("idle for {idle_ms} ms")]
    Idle {
        /// Milliseconds without a byte either way.
        idle_ms: u64,
    },
    /// A frame was begun and its bytes came too slowly.
    #[error("a frame of {announced} bytes came too slowly: {received} bytes so far")]
    SlowFrame {
        /// The length the frame announced; 0 while even that is incomplete.
        announced: usize,
        /// Bytes of it that arrived.
        received: usize,
    },
    /// A frame announced a length that is negative, or above the limit that holds for this connection now:
    /// `socket.request.max.bytes`, or a far smaller one before the first valid request.
    #[error("{0}")]
    Frame(#[from] FrameError),
    /// A request header could not be decoded, or names an API that does not exist.
    #[error("malformed request header: {detail}")]
    MalformedHeader {
        /// What the decoder found.
        detail: String,
    },
    /// The service will not go on with this peer: an API or version not served here, a body that cannot be decoded,
    /// an unanswered Produce (acks=0) that failed.
    #[error("{detail}")]
    Refused {
        /// What the service found, for the log.
        detail: String,
    },
    /// A handler panicked; only its connection ends.
    #[error("the handler of api key {api_key} panicked: {detail}")]
    HandlerPanicked {
        /// The request's API.
        api_key: i16,
        /// The panic's message.
        detail: String,
    },
    /// A file ended before a region that was promised in a response: the frame cannot be completed.
    #[error("a file ended {missing} bytes before the end of the region being sent")]
    FileCut {
        /// Bytes that were promised and do not exist.
        missing: usize,
    },
    /// Made room for a connection of the inter-broker listener (`max.connections`).
    #[error("closed as the least recently used connection, max.connections is reached")]
    Evicted,
    /// The server shuts down.
    #[error("the server shuts down")]
    Shutdown,
    /// The system reported an error on the socket or a file.
    #[error("input/output error: {0}")]
    Io(#[from] io::Error),
}

impl CloseReason {
    /// The service's refusal to go on with a peer.
    pub fn refused(detail: impl Into<String>) -> Self {
        Self::Refused { detail: detail.into() }
    }
}
