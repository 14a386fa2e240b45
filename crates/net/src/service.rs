//! The door between the network and the node: a request in, an answer out.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use bytes::Bytes;
use io::FileRegion;
use protocol::frame::RequestHeader;
use smallvec::{SmallVec, smallvec};
use tokio::time::Instant;

use crate::{CloseReason, ConnectionContext};

/// What serves requests. One value serves all connections of a listener.
pub trait Service: Send + Sync + 'static {
    /// Serves one request. Returns when the request's side effects are done: the connection starts its next request
    /// only then. What remains, waiting for others or for time, goes into [`Answer::Later`].
    ///
    /// Never dropped half way because the peer went away; dropped only when a shutdown's deadline has passed.
    /// A panic closes this connection alone.
    fn call(&self, request: Request) -> impl Future<Output = Answer> + Send;
}

/// One request as it came from a connection.
#[derive(Debug)]
pub struct Request {
    /// The decoded request header.
    pub header: RequestHeader,
    /// What follows the header, not decoded. A slice of the read buffer: whoever keeps a small part of it beyond
    /// [`Service::call`] copies that part, or the whole buffer stays in memory.
    pub body: Bytes,
    /// The connection it came from.
    pub connection: Arc<ConnectionContext>,
    /// When its last byte had been read.
    pub received_at: Instant,
}

/// A future that only waits; dropping it frees what it waits on.
pub type Waiting = Pin<Box<dyn Future<Output = Response> + Send>>;

/// How a request is answered.
pub enum Answer {
    /// With this response, as soon as those before it are written.
    Now(Response),
    /// With what this future yields. It must not have side effects that later requests could depend on, and it is
    /// dropped when the peer goes away.
    Later(Waiting),
    /// Not at all: Produce with acks=0.
    Silent,
    /// By closing the connection, after the answers before it have been written.
    Close(CloseReason),
}

/// A response: everything after the 4-byte length, response header included.
#[derive(Debug, Default)]
pub struct Response {
    /// Its parts, sent one after the other; most responses have one.
    pub chunks: SmallVec<[Chunk; 1]>,
}

/// A part of a response.
#[derive(Clone, Debug)]
pub enum Chunk {
    /// Bytes in memory.
    Bytes(Bytes),
    /// Bytes of a file, sent without copying where the transport can.
    File(FileRegion),
}

impl Chunk {
    /// Bytes in this chunk.
    pub fn len(&self) -> usize {
        match self {
            Self::Bytes(bytes) => bytes.len(),
            Self::File(region) => region.length,
        }
    }

    /// Whether this chunk holds no byte.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl Response {
    /// Bytes in all chunks: the frame's length.
    pub fn len(&self) -> usize {
        self.chunks.iter().map(Chunk::len).sum()
    }

    /// Whether there is no byte to send.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl From<Bytes> for Response {
    fn from(bytes: Bytes) -> Self {
        Self { chunks: smallvec![Chunk::Bytes(bytes)] }
    }
}

impl std::fmt::Debug for Answer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Now(response) => f.debug_tuple("Now").field(response).finish(),
            Self::Later(_) => f.write_str("Later"),
            Self::Silent => f.write_str("Silent"),
            Self::Close(reason) => f.debug_tuple("Close").field(reason).finish(),
        }
    }
}
