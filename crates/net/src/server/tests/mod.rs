//! The server against peers written by hand: over pipes with paused time, and over real loopback sockets.

mod files;
mod lifecycle;
mod limits;
mod order;

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};
use tokio::net::TcpStream;
use tokio::sync::Notify;
use tokio::task::JoinHandle;

use super::{Listener, ListenerSettings, Server, ServerSettings};
use crate::{Answer, Chunk, CloseReason, Request, Response, Service};

/// The API of test requests: the header of ApiVersions v0 has a client id and no tagged fields.
const API_KEY: i16 = 18;

/// A service that is a function.
struct Script<F>(F);

impl<F> Service for Script<F>
where
    F: Fn(Request) -> Pin<Box<dyn Future<Output = Answer> + Send>> + Send + Sync + 'static,
{
    fn call(&self, request: Request) -> impl Future<Output = Answer> + Send {
        (self.0)(request)
    }
}

fn script<F, A>(function: F) -> Arc<impl Service>
where
    F: Fn(Request) -> A + Send + Sync + 'static,
    A: Future<Output = Answer> + Send + 'static,
{
    Arc::new(Script(move |request| {
        Box::pin(function(request)) as Pin<Box<dyn Future<Output = Answer> + Send>>
    }))
}

/// A service that answers each request with its body.
fn echo() -> Arc<impl Service> {
    script(|request| async move { Answer::Now(answer(&request, &request.body)) })
}

fn answer(request: &Request, body: &[u8]) -> Response {
    let id = Bytes::copy_from_slice(&request.header.correlation_id.to_be_bytes());
    Response { chunks: [Chunk::Bytes(id), Chunk::Bytes(Bytes::copy_from_slice(body))].into_iter().collect() }
}

/// A whole frame of a request.
fn request(correlation_id: i32, body: &[u8]) -> Vec<u8> {
    let mut frame = Vec::new();
    frame.extend_from_slice(&((10 + body.len()) as i32).to_be_bytes());
    frame.extend_from_slice(&API_KEY.to_be_bytes());
    frame.extend_from_slice(&0_i16.to_be_bytes());
    frame.extend_from_slice(&correlation_id.to_be_bytes());
    frame.extend_from_slice(&(-1_i16).to_be_bytes());
    frame.extend_from_slice(body);
    frame
}

/// Reads one response: its correlation id and body.
async fn response(stream: &mut (impl AsyncRead + Unpin)) -> (i32, Vec<u8>) {
    let length = stream.read_i32().await.expect("a response follows");
    let correlation_id = stream.read_i32().await.expect("a response has an id");
    let mut body = vec![0; length as usize - 4];
    stream.read_exact(&mut body).await.expect("a response is whole");
    (correlation_id, body)
}

/// What still comes until the peer closes.
async fn rest(stream: &mut (impl AsyncRead + Unpin)) -> Vec<u8> {
    let mut rest = Vec::new();
    // A reset in place of an end tells the same here.
    let _ = stream.read_to_end(&mut rest).await;
    rest
}

/// Serves one end of a pipe; the other end, and why the connection will have ended.
fn over_pipe(server: &Server, service: Arc<impl Service>) -> (DuplexStream, JoinHandle<CloseReason>) {
    let (near, far) = duplex(64 * 1024);
    let server = server.clone();
    let ended = tokio::spawn(async move { server.serve_stream(near, "TEST", None, service).await });
    (far, ended)
}

/// Serves a loopback listener with small send buffers, and connects to it.
async fn over_tcp(server: &Server, service: Arc<impl Service>) -> TcpStream {
    let settings = ListenerSettings {
        send_buffer_bytes: Some(8 * 1024),
        ..ListenerSettings::new("TEST", Some("127.0.0.1".to_owned()), 0)
    };
    let listener = Listener::bind(&settings).await.unwrap();
    let address = listener.local_address();
    server.serve(listener, service);
    TcpStream::connect(address).await.unwrap()
}

/// Lets a real-time test fail instead of hanging.
async fn soon<T>(what: &str, future: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(30), future)
        .await
        .unwrap_or_else(|_| panic!("{what} never happened"))
}

/// What a service did, in order, and a way to wait for it.
#[derive(Clone, Default)]
struct Journal {
    entries: Arc<Mutex<Vec<String>>>,
    changed: Arc<Notify>,
}

impl Journal {
    fn write(&self, entry: impl Into<String>) {
        self.entries.lock().unwrap().push(entry.into());
        self.changed.notify_waiters();
    }

    fn read(&self) -> Vec<String> {
        self.entries.lock().unwrap().clone()
    }

    async fn has(&self, entry: &str) {
        loop {
            let changed = self.changed.notified();
            if self.read().iter().any(|known| known == entry) {
                return;
            }
            changed.await;
        }
    }
}

/// Events that a test lets happen by name.
#[derive(Clone, Default)]
struct Gates(Arc<Mutex<BTreeMap<String, Arc<Notify>>>>);

impl Gates {
    fn gate(&self, name: &str) -> Arc<Notify> {
        self.0.lock().unwrap().entry(name.to_owned()).or_default().clone()
    }

    fn open(&self, name: &str) {
        self.gate(name).notify_one();
    }

    async fn passed(&self, name: &str) {
        self.gate(name).notified().await;
    }
}

/// Writes into a journal when it is dropped.
struct Epitaph(Journal, &'static str);

impl Drop for Epitaph {
    fn drop(&mut self) {
        self.0.write(self.1);
    }
}
