//! Where requests wait: a future per wait, on one timing wheel.
//!
//! ```text
//! let wait = purgatory.wait(keys, deadline, move || enough_bytes().then(collect));
//! Answer::Later(Box::pin(async move { respond(wait.await.unwrap_or_else(|TimedOut| collect())) }))
//! ```
//! Whoever changes what a key stands for calls [`Purgatory::touch`] after the change; the waits under that key then
//! look again. A wait costs no task and no timer of the runtime, and dropping its future frees it.
//!
//! The owner of a purgatory spawns [`Purgatory::run`], without which no deadline passes.

use std::future::Future;
use std::hash::Hash;
use std::pin::Pin;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use ::purgatory::OperationId;
use tokio::sync::Notify;
use tokio::time::Instant;

/// Deadlines are kept to one millisecond, as Kafka keeps them.
const TICK_MS: u64 = 1;

/// The deadline passed before what was waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the deadline passed")]
pub struct TimedOut;

/// Waits under keys `K`, each with a note `N` of who waits for what; clones share them.
#[derive(Debug)]
pub struct Purgatory<K, N = ()> {
    shared: Arc<Shared<K, N>>,
}

impl<K, N> Clone for Purgatory<K, N> {
    fn clone(&self) -> Self {
        Self { shared: self.shared.clone() }
    }
}

#[derive(Debug)]
struct Shared<K, N> {
    /// What millisecond 0 of the machine is.
    origin: Instant,
    /// Guards the waits and when the timer wakes next. Never held while a waker runs or a check looks.
    state: Mutex<State<K, N>>,
    /// Tells the timer that a deadline came before the one it sleeps for.
    earlier_deadline: Notify,
}

#[derive(Debug)]
struct State<K, N> {
    machine: ::purgatory::Purgatory<K, Arc<Slot<N>>>,
    /// Until when the timer sleeps; `None`: until it is told.
    sleeps_until_ms: Option<u64>,
}

/// What touches and the timer leave for a wait to find.
#[derive(Debug)]
struct Slot<N> {
    flags: AtomicU8,
    waker: Mutex<Option<Waker>>,
    note: Option<N>,
}

const TOUCHED: u8 = 1;
const EXPIRED: u8 = 2;

impl<K: Clone + Eq + Hash, N> Default for Purgatory<K, N> {
    fn default() -> Self {
        Self::new()
    }
}

impl<K: Clone + Eq + Hash, N> Purgatory<K, N> {
    /// A purgatory without waits. Must be called within a runtime whose time may be paused.
    pub fn new() -> Self {
        let machine = ::purgatory::Purgatory::new(TICK_MS, 0);
        Self {
            shared: Arc::new(Shared {
                origin: Instant::now(),
                state: Mutex::new(State { machine, sleeps_until_ms: None }),
                earlier_deadline: Notify::new(),
            }),
        }
    }

    /// Waits until `check` finds what is waited for, or `deadline` passes.
    ///
    /// From this call on no touch of `keys` is missed. The future calls `check` when first polled and then once after
    /// each touch of one of the keys (touches in quick succession count as one), and a last time at the deadline; it
    /// runs on the task that polls the future, with no lock of the purgatory held.
    pub fn wait<T, C>(&self, keys: impl IntoIterator<Item = K>, deadline: Instant, check: C) -> Wait<K, N, C>
    where
        C: FnMut() -> Option<T>,
    {
        self.begin(keys, deadline, None, check)
    }

    /// As [`Self::wait`], with a note for those who ask why ([`Self::notes`]).
    pub fn wait_noted<T, C>(
        &self,
        keys: impl IntoIterator<Item = K>,
        deadline: Instant,
        note: N,
        check: C,
    ) -> Wait<K, N, C>
    where
        C: FnMut() -> Option<T>,
    {
        self.begin(keys, deadline, Some(note), check)
    }

    fn begin<C>(
        &self,
        keys: impl IntoIterator<Item = K>,
        deadline: Instant,
        note: Option<N>,
        check: C,
    ) -> Wait<K, N, C> {
        let slot = Arc::new(Slot { flags: AtomicU8::new(TOUCHED), waker: Mutex::new(None), note });
        let deadline_ms = self.shared.millis(deadline, Duration::from_nanos(999_999));
        let mut state = lock(&self.shared.state);
        let id = state.machine.register(slot.clone(), keys, Some(deadline_ms));
        let is_earlier = state.sleeps_until_ms.is_none_or(|until_ms| deadline_ms < until_ms);
        drop(state);
        if is_earlier {
            self.shared.earlier_deadline.notify_one();
        }
        Wait { purgatory: self.clone(), id: Some(id), slot, check }
    }

    /// Lets the waits under `key` look again. Call it after the change they wait for can be seen.
    pub fn touch(&self, key: &K) {
        for slot in self.waiting(key) {
            slot.raise(TOUCHED);
        }
    }

    /// What `look` makes of the notes of the waits under `key`, longest waiting first.
    pub fn notes<T>(&self, key: &K, look: impl FnMut(&N) -> T) -> Vec<T> {
        // Outside the lock: a look may take others.
        self.waiting(key).iter().filter_map(|slot| slot.note.as_ref()).map(look).collect()
    }

    fn waiting(&self, key: &K) -> Vec<Arc<Slot<N>>> {
        let state = lock(&self.shared.state);
        state.machine.touched(key).map(|(_, slot)| slot.clone()).collect()
    }

    /// Ends every wait as if its deadline had passed: the node shuts down.
    pub fn expire_all(&self) {
        let waiting: Vec<Arc<Slot<N>>> = lock(&self.shared.state).machine.iter().cloned().collect();
        for slot in waiting {
            slot.raise(EXPIRED);
        }
    }

    /// Waits now (Kafka's `NumDelayedOperations`).
    pub fn len(&self) -> usize {
        lock(&self.shared.state).machine.len()
    }

    /// Whether nothing waits.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Watches in all: a wait under three keys counts three times (Kafka's `PurgatorySize`).
    pub fn watches(&self) -> usize {
        lock(&self.shared.state).machine.watches()
    }

    /// Lets deadlines pass, until dropped. One of these must run for each purgatory.
    pub async fn run(&self) {
        let mut expired = Vec::new();
        loop {
            let until_ms = {
                let now_ms = self.shared.millis(Instant::now(), Duration::ZERO);
                let mut state = lock(&self.shared.state);
                expired.extend(state.machine.expire(now_ms));
                state.sleeps_until_ms = state.machine.next_expire_ms();
                state.sleeps_until_ms
            };
            for (_, slot) in expired.drain(..) {
                slot.raise(EXPIRED);
            }
            let earlier = self.shared.earlier_deadline.notified();
            match until_ms {
                None => earlier.await,
                Some(until_ms) => {
                    let until = self.shared.origin + Duration::from_millis(until_ms);
                    tokio::select! {
                        biased;
                        () = earlier => {}
                        () = tokio::time::sleep_until(until) => {}
                    }
                }
            }
        }
    }

    fn release(&self, id: OperationId) {
        // The slot is dropped after the lock: it may hold the last waker of a task that drops waits of its own.
        let removed = lock(&self.shared.state).machine.remove(id);
        drop(removed);
    }
}

impl<K, N> Shared<K, N> {
    /// Milliseconds since the origin, `rounding` added first.
    fn millis(&self, instant: Instant, rounding: Duration) -> u64 {
        let since_origin = instant.saturating_duration_since(self.origin) + rounding;
        u64::try_from(since_origin.as_millis()).unwrap_or(u64::MAX)
    }
}

impl<N> Slot<N> {
    fn raise(&self, flag: u8) {
        // Who raises a flag that is up already need not wake: the wait has yet to see it.
        if self.flags.fetch_or(flag, Ordering::AcqRel) & flag == 0 {
            let waker = lock(&self.waker).take();
            if let Some(waker) = waker {
                waker.wake();
            }
        }
    }
}

/// A wait of [`Purgatory::wait`]: what the check found, or [`TimedOut`]. Dropping it frees everything it holds.
#[must_use = "nothing waits until it is polled"]
pub struct Wait<K: Clone + Eq + Hash, N, C> {
    purgatory: Purgatory<K, N>,
    /// `None` once the wait is over.
    id: Option<OperationId>,
    slot: Arc<Slot<N>>,
    check: C,
}

impl<K: Clone + Eq + Hash, N, C> Unpin for Wait<K, N, C> {}

impl<K: Clone + Eq + Hash, N, C, T> Future for Wait<K, N, C>
where
    C: FnMut() -> Option<T>,
{
    type Output = Result<T, TimedOut>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        {
            let mut waker = lock(&this.slot.waker);
            match &mut *waker {
                Some(waker) => waker.clone_from(context.waker()),
                None => *waker = Some(context.waker().clone()),
            }
        }
        // Flags are taken down after the waker is in place, so that what is raised from here on wakes.
        let flags = this.slot.flags.fetch_and(!TOUCHED, Ordering::AcqRel);
        if flags == 0 {
            return Poll::Pending;
        }
        let outcome = match (this.check)() {
            Some(found) => Ok(found),
            None if flags & EXPIRED != 0 => Err(TimedOut),
            None => return Poll::Pending,
        };
        if let Some(id) = this.id.take() {
            this.purgatory.release(id);
        }
        Poll::Ready(outcome)
    }
}

impl<K: Clone + Eq + Hash, N, C> Drop for Wait<K, N, C> {
    fn drop(&mut self) {
        if let Some(id) = self.id.take() {
            self.purgatory.release(id);
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
