//! Why a connection to a broker cannot be used.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use crate::FrameError;

/// Why a request got no response. After any of these except [`ConnectionError::RequestTimedOut`] the connection is of
/// no further use; after that one its answer, should it still come, is thrown away.
#[derive(Clone, Debug, thiserror::Error)]
pub enum ConnectionError {
    /// Nobody answers at the address, or its name is unknown.
    #[error("cannot connect to {address}: {error}")]
    Connect {
        /// `host:port` as given.
        address: String,
        /// What the system reports.
        error: Arc<io::Error>,
    },
    /// The connection was not established in time.
    #[error("cannot connect to {address}: no answer within {} ms", after.as_millis())]
    ConnectTimedOut {
        /// `host:port` as given.
        address: String,
        /// The time that was allowed.
        after: Duration,
    },
    /// The response did not come in time.
    #[error("no response within {} ms", after.as_millis())]
    RequestTimedOut {
        /// The time that was allowed.
        after: Duration,
    },
    /// The peer closed the connection before it answered. Kafka does so without a word when it does not serve a
    /// request's API or version, or when the request is malformed.
    #[error("the peer closed the connection")]
    Closed,
    /// The peer's frame has a length that is not accepted.
    #[error("the peer's response is unacceptable: {0}")]
    Frame(#[from] FrameError),
    /// The response does not belong to the oldest request that waits for one.
    #[error("the response carries correlation id {received:?}, the oldest request has {expected:?}")]
    CorrelationMismatch {
        /// Of the oldest request; `None` where none waits.
        expected: Option<i32>,
        /// Of the response; `None` where it is shorter than an id.
        received: Option<i32>,
    },
    /// A request was given up while it was being written, so that the peer sees half a frame.
    #[error("an earlier request was given up while it was being written")]
    HalfWritten,
    /// The system reports an error on the socket.
    #[error("input/output error: {0}")]
    Io(Arc<io::Error>),
}

impl From<io::Error> for ConnectionError {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::ConnectionReset
            | io::ErrorKind::ConnectionAborted
            | io::ErrorKind::BrokenPipe
            | io::ErrorKind::UnexpectedEof => Self::Closed,
            _ => Self::Io(Arc::new(error)),
        }
    }
}
