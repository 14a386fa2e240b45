//! One connection to a broker: frames out, frames in, answers matched to requests.

use std::collections::VecDeque;
use std::future::{Future, poll_fn};
use std::io::IoSlice;
use std::pin::Pin;
use std::sync::atomic::{AtomicI32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout, timeout_at};

use super::ConnectionError;
use crate::frame::FrameBuffer;
use crate::vectored::write_all_vectored;

/// A broker that has answered with so many bytes gets memory for as many at once (Kafka's `fetch.max.bytes` is 50 MiB).
const PROVEN_MAX: usize = 64 << 20;

/// How a connection behaves.
#[derive(Clone, Copy, Debug)]
pub struct ConnectionSettings {
    /// How long establishing the connection may take, name resolution included (Kafka's
    /// `socket.connection.setup.timeout.ms`).
    pub connect_timeout: Duration,
    /// How long a response may take, from the end of writing its request (Kafka's `request.timeout.ms`).
    pub request_timeout: Duration,
    /// The largest response accepted, in bytes without its length.
    pub response_bytes_max: usize,
}

impl Default for ConnectionSettings {
    fn default() -> Self {
        Self {
            connect_timeout: Duration::from_secs(10),
            request_timeout: Duration::from_secs(30),
            response_bytes_max: 256 * 1024 * 1024,
        }
    }
}

/// A connection to a broker. Requests may be pipelined: [`Connection::send`] returns once the request is written, and
/// what it returns waits for the response.
///
/// One task reads; it ends with this value.
pub struct Connection {
    settings: ConnectionSettings,
    next_correlation_id: AtomicI32,
    /// Held while a request is written, so that requests and those who wait have one order.
    writer: tokio::sync::Mutex<Box<dyn AsyncWrite + Send + Unpin>>,
    in_flight: Arc<Mutex<InFlight>>,
    reader: JoinHandle<()>,
}

/// A response that has been asked for. Dropping it gives the response up, not the request.
#[must_use = "the response arrives here"]
#[derive(Debug)]
pub struct PendingResponse {
    receiver: oneshot::Receiver<Result<Bytes, ConnectionError>>,
    deadline: Instant,
    request_timeout: Duration,
}

/// Requests that wait for their responses, oldest first.
#[derive(Debug, Default)]
struct InFlight {
    requests: VecDeque<(i32, oneshot::Sender<Result<Bytes, ConnectionError>>)>,
    /// Why nothing goes any more.
    failure: Option<ConnectionError>,
}

impl Connection {
    /// Connects to `address`, `host:port` with a name or an IP (IPv6 in brackets).
    ///
    /// # Errors
    /// `Connect` and `ConnectTimedOut`.
    pub async fn connect(address: &str, settings: ConnectionSettings) -> Result<Self, ConnectionError> {
        let failed = |error| ConnectionError::Connect { address: address.to_owned(), error: Arc::new(error) };
        let stream = timeout(settings.connect_timeout, TcpStream::connect(address))
            .await
            .map_err(|_| ConnectionError::ConnectTimedOut {
                address: address.to_owned(),
                after: settings.connect_timeout,
            })?
            .map_err(failed)?;
        stream.set_nodelay(true).map_err(failed)?;
        let (reader, writer) = stream.into_split();
        Ok(Self::new(reader, writer, settings))
    }

    /// A connection over any stream, for simulations.
    pub fn over<S>(stream: S, settings: ConnectionSettings) -> Self
    where
        S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        let (reader, writer) = tokio::io::split(stream);
        Self::new(reader, writer, settings)
    }

    fn new(
        reader: impl AsyncRead + Send + Unpin + 'static,
        writer: impl AsyncWrite + Send + Unpin + 'static,
        settings: ConnectionSettings,
    ) -> Self {
        let in_flight = Arc::new(Mutex::new(InFlight::default()));
        let answered = in_flight.clone();
        let reader = tokio::spawn(async move {
            let failure = read_responses(reader, settings.response_bytes_max, &answered).await;
            fail(&answered, failure);
        });
        Self {
            settings,
            next_correlation_id: AtomicI32::new(0),
            writer: tokio::sync::Mutex::new(Box::new(writer)),
            in_flight,
            reader,
        }
    }

    /// A number that no request of this connection has carried yet (until they wrap, never negative).
    pub fn next_correlation_id(&self) -> i32 {
        self.next_correlation_id.fetch_add(1, Ordering::Relaxed) & i32::MAX
    }

    /// Writes a request that will be answered. `frame` is everything after the length, header included, in pieces;
    /// the header carries `correlation_id`.
    ///
    /// # Errors
    /// When the connection has failed before or fails now; `RequestTimedOut` where the peer does not take the request in
    /// time. A call that is dropped while it writes half a frame makes the connection useless.
    pub async fn send(
        &self,
        correlation_id: i32,
        frame: &[Bytes],
    ) -> Result<PendingResponse, ConnectionError> {
        let (sender, receiver) = oneshot::channel();
        self.write(frame, Some((correlation_id, sender))).await?;
        let request_timeout = self.settings.request_timeout;
        Ok(PendingResponse { receiver, deadline: Instant::now() + request_timeout, request_timeout })
    }

    /// Writes a request that has no answer: Produce with acks=0.
    ///
    /// # Errors
    /// As [`Connection::send`].
    pub async fn send_unanswered(&self, frame: &[Bytes]) -> Result<(), ConnectionError> {
        self.write(frame, None).await
    }

    /// Writes a request and waits for its response: everything after the length, header included.
    ///
    /// # Errors
    /// As [`Connection::send`], and `RequestTimedOut`.
    pub async fn request(&self, correlation_id: i32, frame: &[Bytes]) -> Result<Bytes, ConnectionError> {
        self.send(correlation_id, frame).await?.await_response().await
    }

    /// Requests that wait for their responses.
    pub fn in_flight(&self) -> usize {
        lock(&self.in_flight).requests.len()
    }

    /// Why the connection is of no further use; `None` while it is.
    pub fn failure(&self) -> Option<ConnectionError> {
        lock(&self.in_flight).failure.clone()
    }

    /// Writes a frame. A peer that takes nothing for as long as `request_timeout` is given up.
    async fn write(
        &self,
        frame: &[Bytes],
        waiting: Option<(i32, oneshot::Sender<Result<Bytes, ConnectionError>>)>,
    ) -> Result<(), ConnectionError> {
        let after = self.settings.request_timeout;
        let written = timeout(after, self.write_whole(frame, waiting)).await;
        written.unwrap_or(Err(ConnectionError::RequestTimedOut { after }))
    }

    async fn write_whole(
        &self,
        frame: &[Bytes],
        waiting: Option<(i32, oneshot::Sender<Result<Bytes, ConnectionError>>)>,
    ) -> Result<(), ConnectionError> {
        let mut writer = self.writer.lock().await;
        {
            let mut in_flight = lock(&self.in_flight);
            if let Some(failure) = &in_flight.failure {
                return Err(failure.clone());
            }
            in_flight.requests.extend(waiting);
        }
        let length: usize = frame.iter().map(Bytes::len).sum();
        let length = i32::try_from(length)
            .map_err(|_| std::io::Error::new(std::io::ErrorKind::InvalidInput, "a frame above 2 GiB"))?
            .to_be_bytes();
        let mut slices = Vec::with_capacity(frame.len() + 1);
        slices.push(IoSlice::new(&length));
        slices.extend(frame.iter().map(|piece| IoSlice::new(piece)));
        let half_written = FailUnlessDone(Some(&self.in_flight));
        let written = write_all_vectored(&mut *writer, &mut slices).await;
        half_written.done();
        written.map_err(|error| {
            let failure = ConnectionError::from(error);
            fail(&self.in_flight, failure.clone());
            failure
        })
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.reader.abort();
        fail(&self.in_flight, ConnectionError::Closed);
    }
}

impl PendingResponse {
    /// Waits for the response: everything after the length, header included.
    ///
    /// # Errors
    /// When the connection fails first, or `RequestTimedOut`.
    pub async fn await_response(mut self) -> Result<Bytes, ConnectionError> {
        let after = self.request_timeout;
        timeout_at(self.deadline, poll_fn(|context| self.poll_response(context)))
            .await
            .unwrap_or(Err(ConnectionError::RequestTimedOut { after }))
    }

    /// The response, if it is there; otherwise wakes when it comes. Knows no timeout.
    ///
    /// # Errors
    /// When the connection fails first.
    pub fn poll_response(&mut self, context: &mut Context<'_>) -> Poll<Result<Bytes, ConnectionError>> {
        Pin::new(&mut self.receiver).poll(context).map(|sent| sent.unwrap_or(Err(ConnectionError::Closed)))
    }
}

/// Marks the connection as useless when a write is dropped half way.
struct FailUnlessDone<'a>(Option<&'a Mutex<InFlight>>);

impl FailUnlessDone<'_> {
    fn done(mut self) {
        self.0 = None;
    }
}

impl Drop for FailUnlessDone<'_> {
    fn drop(&mut self) {
        if let Some(in_flight) = self.0 {
            fail(in_flight, ConnectionError::HalfWritten);
        }
    }
}

/// Hands responses to those who wait, until the stream ends or misbehaves.
async fn read_responses<R: AsyncRead + Unpin>(
    mut reader: R,
    response_bytes_max: usize,
    in_flight: &Mutex<InFlight>,
) -> ConnectionError {
    let mut buffer = FrameBuffer::with_proven_max(PROVEN_MAX);
    loop {
        let frame = match buffer.next_frame(response_bytes_max) {
            Ok(Some(frame)) => frame,
            Ok(None) => match poll_fn(|context| buffer.poll_read(&mut reader, context)).await {
                Ok(0) => return ConnectionError::Closed,
                Ok(_) => continue,
                Err(error) => return error.into(),
            },
            Err(error) => return error.into(),
        };
        let received = frame.first_chunk().map(|id| i32::from_be_bytes(*id));
        let oldest = lock(in_flight).requests.pop_front();
        match oldest {
            Some((expected, waiting)) if received == Some(expected) => {
                // Who gave the response up does not get it.
                let _ = waiting.send(Ok(frame));
            }
            other => {
                let failure = ConnectionError::CorrelationMismatch {
                    expected: other.as_ref().map(|(id, _)| *id),
                    received,
                };
                if let Some((_, waiting)) = other {
                    let _ = waiting.send(Err(failure.clone()));
                }
                return failure;
            }
        }
    }
}

/// Remembers the first failure and tells it to all who wait.
fn fail(in_flight: &Mutex<InFlight>, failure: ConnectionError) {
    let mut in_flight = lock(in_flight);
    let failure = in_flight.failure.get_or_insert(failure).clone();
    for (_, waiting) in in_flight.requests.drain(..) {
        let _ = waiting.send(Err(failure.clone()));
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
