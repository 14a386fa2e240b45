//! The open connections, so that they can be asked to end.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};

use tokio::sync::oneshot;
use tokio::time::Instant;

use super::lock;
use crate::ConnectionContext;

/// What a connection is asked to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ending {
    /// Close now: somebody else needs the place.
    Evict,
    /// Finish what was begun, then close: the server shuts down.
    Finish,
}

pub(super) struct ConnectionRegistry {
    /// Uses of connections are dated from here.
    origin: Instant,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    connections: BTreeMap<u64, Entry>,
    is_finishing: bool,
}

struct Entry {
    listener: Arc<str>,
    last_used: Arc<AtomicU64>,
    /// Taken when the connection has been asked.
    ending: Option<oneshot::Sender<Ending>>,
}

/// A connection's place in the registry.
pub(super) struct Registration {
    ending: oneshot::Receiver<Ending>,
    last_used: Arc<AtomicU64>,
    asked: Option<Ending>,
    origin: Instant,
}

impl ConnectionRegistry {
    pub(super) fn new() -> Self {
        Self { origin: Instant::now(), state: Mutex::default() }
    }

    /// Enters a connection; [`ConnectionRegistry::remove`] takes it out.
    pub(super) fn enter(&self, context: &ConnectionContext) -> Registration {
        let (sender, ending) = oneshot::channel();
        let last_used = Arc::new(AtomicU64::new(0));
        let mut state = lock(&self.state);
        let asked = state.is_finishing.then_some(Ending::Finish);
        let registration = Registration { ending, last_used: last_used.clone(), asked, origin: self.origin };
        registration.used(Instant::now());
        let entry = Entry { listener: context.listener.clone(), last_used, ending: Some(sender) };
        state.connections.insert(context.id, entry);
        registration
    }

    pub(super) fn remove(&self, id: u64) {
        lock(&self.state).connections.remove(&id);
    }

    pub(super) fn len(&self) -> usize {
        lock(&self.state).connections.len()
    }

    /// Has `count` connections on their way out, those included that were asked before: the least recently used,
    /// none on the listener `protected`.
    pub(super) fn evict(&self, count: usize, protected: Option<&str>) {
        let mut state = lock(&self.state);
        let leaving = state.connections.values().filter(|entry| entry.ending.is_none()).count();
        for _ in leaving..count {
            let entries = state.connections.values_mut();
            let oldest = entries
                .filter(|entry| entry.ending.is_some() && protected != Some(&*entry.listener))
                .min_by_key(|entry| entry.last_used.load(Ordering::Relaxed));
            let Some(ending) = oldest.and_then(|entry| entry.ending.take()) else { return };
            let _ = ending.send(Ending::Evict);
        }
    }

    /// Asks all connections, and those still to come, to finish.
    pub(super) fn finish_all(&self) {
        let mut state = lock(&self.state);
        state.is_finishing = true;
        for entry in state.connections.values_mut() {
            if let Some(ending) = entry.ending.take() {
                let _ = ending.send(Ending::Finish);
            }
        }
    }
}

impl Registration {
    /// The connection was in use at `now`.
    pub(super) fn used(&self, now: Instant) {
        let millis = now.saturating_duration_since(self.origin).as_millis() as u64;
        self.last_used.store(millis, Ordering::Relaxed);
    }

    /// What the connection is asked to do, from the moment it is asked.
    pub(super) fn poll_ending(&mut self, context: &mut Context<'_>) -> Poll<Ending> {
        if let Some(asked) = self.asked {
            return Poll::Ready(asked);
        }
        match Pin::new(&mut self.ending).poll(context) {
            Poll::Ready(Ok(ending)) => {
                self.asked = Some(ending);
                Poll::Ready(ending)
            }
            // The registry went first: the connection is not asked for anything any more.
            Poll::Ready(Err(_)) | Poll::Pending => Poll::Pending,
        }
    }
}
