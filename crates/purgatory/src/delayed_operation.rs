//! Operations that wait on keys until something happens or their deadline passes (Kafka's DelayedOperationPurgatory).

use std::hash::Hash;

use crate::linked_slab::{LinkedSlab, List, SlabKey};
use crate::timing_wheel::{TimerKey, TimingWheel};
use crate::watchers::{WatchKey, Watchers};

/// Names an operation of one purgatory; once the operation is gone, its id finds nothing, ever.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct OperationId(SlabKey);

/// Waiting operations, each an `O` under keys `K`. See the crate's page for invariants and costs. Times are
/// milliseconds of a monotonic clock whose origin the caller chooses.
///
/// To lose no event: [`Purgatory::register`] first, then look whether the operation can be completed already. What
/// happens after the registration is reported by [`Purgatory::touched`].
#[derive(Debug)]
pub struct Purgatory<K, O> {
    operations: LinkedSlab<Operation<O>>,
    /// All operations, in the order of registration.
    all: List,
    watchers: Watchers<K, OperationId>,
    wheel: TimingWheel<OperationId>,
}

#[derive(Debug)]
struct Operation<O> {
    value: O,
    timer: Option<TimerKey>,
    watches: Vec<WatchKey>,
}

impl<K: Clone + Eq + Hash, O> Purgatory<K, O> {
    /// An empty purgatory whose deadlines are kept to `tick_ms` (at least 1), starting at `now_ms`.
    pub fn new(tick_ms: u64, now_ms: u64) -> Self {
        Self {
            operations: LinkedSlab::new(),
            all: List::default(),
            watchers: Watchers::default(),
            wheel: TimingWheel::new(tick_ms, now_ms),
        }
    }

    /// Lets an operation wait on `keys` (a key named twice counts twice) until it is removed or `deadline_ms` passes;
    /// `None`: it waits for its keys alone.
    pub fn register(
        &mut self,
        value: O,
        keys: impl IntoIterator<Item = K>,
        deadline_ms: Option<u64>,
    ) -> OperationId {
        let operation = Operation { value, timer: None, watches: Vec::new() };
        let id = OperationId(self.operations.push_back(&mut self.all, operation));
        let watches = keys.into_iter().map(|key| self.watchers.watch(key, id)).collect();
        let timer = deadline_ms.map(|deadline_ms| self.wheel.insert(deadline_ms, id));
        let operation = self.operations.get_mut(id.0).expect("it was put there above");
        (operation.watches, operation.timer) = (watches, timer);
        id
    }

    /// Takes an operation out, completed or given up, with everything it held; `None` where it is gone already. Of
    /// all who try, exactly one gets the value.
    pub fn remove(&mut self, id: OperationId) -> Option<O> {
        let operation = self.operations.remove(&mut self.all, id.0)?;
        for watch in operation.watches {
            self.watchers.unwatch(watch);
        }
        if let Some(timer) = operation.timer {
            self.wheel.cancel(timer);
        }
        Some(operation.value)
    }

    /// The operations to look at again because something happened to `key`, longest waiting first. They keep waiting
    /// until they are removed.
    pub fn touched(&self, key: &K) -> impl Iterator<Item = (OperationId, &O)> {
        self.watchers
            .of(key)
            .filter_map(|id| self.operations.get(id.0).map(|operation| (*id, &operation.value)))
    }

    /// Takes out what `now_ms` finds past its deadline, earliest deadline first.
    pub fn expire(&mut self, now_ms: u64) -> Vec<(OperationId, O)> {
        let mut expired = Vec::new();
        self.wheel.advance(now_ms, &mut expired);
        expired.into_iter().filter_map(|id| self.remove(id).map(|value| (id, value))).collect()
    }

    /// When [`Purgatory::expire`] has to be called next, at the latest; `None` while nothing has a deadline.
    pub fn next_expire_ms(&self) -> Option<u64> {
        self.wheel.next_advance_ms()
    }

    /// An operation that still waits.
    pub fn get(&self, id: OperationId) -> Option<&O> {
        self.operations.get(id.0).map(|operation| &operation.value)
    }

    /// Changes an operation that still waits.
    pub fn get_mut(&mut self, id: OperationId) -> Option<&mut O> {
        self.operations.get_mut(id.0).map(|operation| &mut operation.value)
    }

    /// All operations, longest waiting first.
    pub fn iter(&self) -> impl Iterator<Item = &O> {
        self.operations.iter(&self.all).map(|operation| &operation.value)
    }

    /// Operations that wait (Kafka's `NumDelayedOperations`).
    pub fn len(&self) -> usize {
        self.operations.len()
    }

    /// Whether nothing waits.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Watches in all: an operation under three keys counts three times (Kafka's `PurgatorySize`).
    pub fn watches(&self) -> usize {
        self.watchers.len()
    }

    /// Keys that an operation waits on.
    pub fn watched_keys(&self) -> usize {
        self.watchers.keys()
    }
}
