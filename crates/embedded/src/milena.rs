//! The node as its program holds it.

use std::thread;
use std::time::Duration;

use client::{ClientConfig, NetworkClient};
use handlers::Handlers;
use io::Clock;
use milena::node::NodeError;
use tokio::runtime;
use tokio::sync::oneshot;

use crate::host::{self, run_on};
use crate::virtual_time::VirtualTime;
use crate::Builder;

/// A node at work. [`Milena::stop`] ends it; dropping it does so too, and waits for its thread.
#[derive(Debug)]
pub struct Milena {
    running: Running,
    /// Dropped or sent: the node stops.
    stop: Option<oneshot::Sender<()>>,
    end: oneshot::Receiver<Result<(), NodeError>>,
    /// `None` once it is taken down.
    home: Option<Home>,
}

/// What a node that serves tells its holder.
#[derive(Debug)]
pub(crate) struct Running {
    pub(crate) bootstrap: String,
    pub(crate) handlers: Handlers,
    pub(crate) runtime: runtime::Handle,
    pub(crate) clock: Clock,
    /// Of a node with virtual time on a thread of its own.
    pub(crate) time: Option<VirtualTime>,
}

/// Where a node lives.
#[derive(Debug)]
pub(crate) enum Home {
    Thread(thread::JoinHandle<()>),
    Task,
}

impl Milena {
    /// A node to be.
    pub fn builder() -> Builder {
        Builder::default()
    }

    pub(crate) fn new(
        running: Running,
        stop: oneshot::Sender<()>,
        end: oneshot::Receiver<Result<(), NodeError>>,
        home: Home,
    ) -> Self {
        Self { running, stop: Some(stop), end, home: Some(home) }
    }

    /// host:port for `bootstrap.servers`.
    pub fn bootstrap(&self) -> &str {
        &self.running.bootstrap
    }

    /// The id of its cluster, which is a new one for fresh data.
    pub fn cluster_id(&self) -> &str {
        self.running.handlers.broker.cluster_id()
    }

    /// A client of it, for a producer, a consumer or an admin of crate [`client`]. Must be called within a runtime.
    pub fn client(&self, client_id: &str) -> NetworkClient {
        NetworkClient::new(ClientConfig::new(vec![self.running.bootstrap.clone()], client_id))
    }

    /// Moves the time of a node with [`Builder::virtual_clock`]. Everything that falls due in this span happens in its
    /// order, each at its own time: retention, sessions that end, groups that expire, fetches that have waited long
    /// enough. Returns when it has happened. Answers may still be on their way to clients.
    ///
    /// On the caller's runtime ([`Builder::start_on_this_runtime`]) this is a sleep, which takes no time where the
    /// runtime's time is paused.
    ///
    /// # Panics
    /// When the node's time is not virtual, or the node has ended.
    pub async fn advance(&self, span: Duration) {
        match (&self.running.time, &self.home) {
            (Some(time), _) => {
                let time = time.clone();
                run_on(&self.running.runtime, async move { time.advance(span).await }).await;
            }
            (None, Some(Home::Task)) => tokio::time::sleep(span).await,
            (None, _) => panic!("only a node with a virtual clock lets its time be moved"),
        }
    }

    /// The node's wall clock, in milliseconds since 1970.
    ///
    /// # Panics
    /// When the node has ended.
    pub async fn now_ms(&self) -> i64 {
        let clock = self.running.clock.clone();
        run_on(&self.running.runtime, async move { clock.now_ms() }).await
    }

    /// Stops the node cleanly, as SIGTERM stops the binary: what was begun is answered, data is closed and marked. When
    /// this returns nothing of it is left but the data, where that was to be kept.
    ///
    /// # Errors
    /// Why it had failed before it was told to stop.
    pub async fn stop(mut self) -> Result<(), NodeError> {
        drop(self.stop.take());
        let ended = (&mut self.end).await;
        if let Some(Home::Thread(thread)) = self.home.take() {
            match thread.join() {
                Ok(()) => {}
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        // Without a word its runtime is gone, and the node with it.
        ended.unwrap_or(Ok(()))
    }
}

impl Drop for Milena {
    /// Stops the node cleanly. On a thread of its own it is gone when this returns; on the caller's runtime it ends as
    /// soon as the runtime lets it.
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(Home::Thread(thread)) = self.home.take() {
            host::join(thread);
        }
    }
}
