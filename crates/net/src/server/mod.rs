//! The side that others connect to.
//!
//! [`Server`] holds what the connections of a node share: limits, the budget of request bytes, counters. Each
//! [`Listener`] is one task that accepts, each connection one task that serves. [`Server::shutdown`] joins them all.

mod budget;
mod connection;
mod connection_quota;
mod connection_registry;
mod counters;
mod idle;
mod listener;
mod read_ahead;
mod response_order;
mod response_writer;
mod settings;
mod transport;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::Instant;

use self::budget::RequestBudget;
use self::connection::Connection;
use self::connection_quota::ConnectionQuota;
use self::connection_registry::ConnectionRegistry;
use self::read_ahead::ReadAhead;
use self::transport::{Plain, Transport};
use crate::{CloseReason, ConnectionContext, Service};

pub use self::connection_quota::ConnectionLimits;
pub use self::counters::ListenerCounters;
pub use self::listener::{BindError, Listener, ListenerSettings};
pub use self::settings::ServerSettings;

/// All listeners and connections of a node; clones share them.
#[derive(Clone)]
pub struct Server {
    shared: Arc<Shared>,
    /// The tasks that accept; each joins its connections before it ends.
    accepting: Arc<Mutex<Vec<JoinHandle<()>>>>,
}

/// What all connections know.
struct Shared {
    settings: ServerSettings,
    budget: RequestBudget,
    read_ahead: ReadAhead,
    quota: Arc<ConnectionQuota>,
    registry: ConnectionRegistry,
    counters: Mutex<BTreeMap<Arc<str>, Arc<ListenerCounters>>>,
    next_connection_id: AtomicU64,
    phase: watch::Sender<Phase>,
}

/// The life of a server. Only moves forward.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Phase {
    Serving,
    /// Nothing is accepted or started any more; what was begun may end.
    Finishing,
    /// What is left is dropped.
    Over,
}

impl Server {
    /// A server without listeners.
    pub fn new(settings: ServerSettings) -> Self {
        let shared = Shared {
            budget: RequestBudget::new(settings.in_flight_bytes_max),
            read_ahead: ReadAhead::new(settings.blocking),
            quota: Arc::new(ConnectionQuota::new(settings.connection_limits.clone())),
            registry: ConnectionRegistry::new(),
            counters: Mutex::default(),
            next_connection_id: AtomicU64::new(0),
            phase: watch::Sender::new(Phase::Serving),
            settings,
        };
        Self { shared: Arc::new(shared), accepting: Arc::default() }
    }

    /// Accepts connections on `listener` and serves them, until shutdown. Must be called within a runtime.
    pub fn serve<S: Service>(&self, listener: Listener, service: Arc<S>) {
        let accepting = tokio::spawn(listener::accept_all(listener, self.shared.clone(), service));
        lock(&self.accepting).push(accepting);
    }

    /// Serves one connection over any stream, as a connection of the listener named; returns why it ended. For
    /// simulations: limits on the number of connections do not count it, shutdown asks it to finish but does not
    /// join it.
    pub async fn serve_stream<T, S>(
        &self,
        stream: T,
        listener: &str,
        peer_address: Option<SocketAddr>,
        service: Arc<S>,
    ) -> CloseReason
    where
        T: AsyncRead + AsyncWrite + Unpin + Send,
        S: Service,
    {
        let context = self.shared.context(Arc::from(listener), None, peer_address);
        self.shared.clone().serve_connection(Plain(stream), context, service).await
    }

    /// What the connections of a listener did so far.
    pub fn counters(&self, listener: &str) -> Arc<ListenerCounters> {
        self.shared.counters(&Arc::from(listener))
    }

    /// Open connections on all listeners.
    pub fn connections(&self) -> usize {
        self.shared.registry.len()
    }

    /// Changes the limits on the number of connections. Connections above a lowered `max_connections` are closed, the
    /// least recently used first; those above a lowered limit of a listener or an address stay.
    pub fn set_connection_limits(&self, limits: ConnectionLimits) {
        self.shared.quota.set_limits(limits);
        self.shared.make_room();
    }

    /// Stops accepting and starting requests, lets what was begun be finished and answered for at most `grace`, then
    /// closes what is left. Returns when every task has ended.
    pub async fn shutdown(&self, grace: Duration) {
        self.shared.phase.send_replace(Phase::Finishing);
        self.shared.registry.finish_all();
        let accepting = std::mem::take(&mut *lock(&self.accepting));
        let deadline = Instant::now() + grace;
        for mut task in accepting {
            if tokio::time::timeout_at(deadline, &mut task).await.is_err() {
                self.shared.phase.send_replace(Phase::Over);
                // A panic of an accepting task was logged where it was joined last; there is nothing left to do.
                let _ = task.await;
            }
        }
        self.shared.phase.send_replace(Phase::Over);
    }
}

impl Shared {
    fn context(
        &self,
        listener: Arc<str>,
        local_address: Option<SocketAddr>,
        peer_address: Option<SocketAddr>,
    ) -> Arc<ConnectionContext> {
        let id = self.next_connection_id.fetch_add(1, Ordering::Relaxed);
        Arc::new(ConnectionContext::new(id, listener, local_address, peer_address))
    }

    /// Asks connections to close while there are more than there may be.
    fn make_room(&self) {
        let (excess, protected) = self.quota.excess();
        if excess > 0 {
            self.registry.evict(excess, protected.as_deref());
        }
    }

    fn counters(&self, listener: &Arc<str>) -> Arc<ListenerCounters> {
        lock(&self.counters).entry(listener.clone()).or_default().clone()
    }

    /// Serves one connection to its end and says why it ended, in the log and to the caller.
    async fn serve_connection<T: Transport, S: Service>(
        self: Arc<Self>,
        transport: T,
        context: Arc<ConnectionContext>,
        service: Arc<S>,
    ) -> CloseReason {
        let counters = self.counters(&context.listener);
        counters.opened();
        let closing = OnDrop(|| counters.closed());
        // Boxed: every future around this one would hold it a second time.
        let mut connection =
            Box::new(Connection::new(transport, context.clone(), service, self, counters.clone()));
        let reason = connection.run().await;
        drop(connection);
        drop(closing);
        log_end(&context, &reason);
        reason
    }
}

fn log_end(context: &ConnectionContext, reason: &CloseReason) {
    let (id, listener, peer) = (context.id, &*context.listener, context.peer_address);
    match reason {
        CloseReason::PeerClosed | CloseReason::Shutdown | CloseReason::Idle { .. } => {
            tracing::debug!(id, listener, ?peer, %reason, "connection closed");
        }
        CloseReason::Evicted | CloseReason::Refused { .. } | CloseReason::Io(_) => {
            tracing::info!(id, listener, ?peer, %reason, "connection closed");
        }
        CloseReason::SlowFrame { .. } | CloseReason::Frame(_) | CloseReason::MalformedHeader { .. } => {
            tracing::warn!(id, listener, ?peer, %reason, "connection closed");
        }
        CloseReason::HandlerPanicked { .. } | CloseReason::FileCut { .. } => {
            tracing::error!(id, listener, ?peer, %reason, "connection closed");
        }
    }
}

/// Does something at the end of its scope, also when a task is dropped half way.
struct OnDrop<F: FnMut()>(F);

impl<F: FnMut()> Drop for OnDrop<F> {
    fn drop(&mut self) {
        (self.0)();
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
