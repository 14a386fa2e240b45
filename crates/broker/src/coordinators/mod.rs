//! The coordinators of this broker: shards of an internal topic, each on a partition that this broker leads.
//!
//! | file | what |
//! |---|---|
//! | `call` | a request: in line, under the shard's short mutex; what cannot be answered yet is a future |
//! | `call_in_transaction` | a request whose records belong to a transaction, and the end of one |
//! | `commit_in_transaction` | TxnOffsetCommit: what both coordinators are asked |
//! | `effects` | carries out what a runtime asks for: append, flush, reply, load |
//! | `load` | reads a partition's log into a fresh shard, on the pool for blocking work |
//! | `leadership` | which shards there are: follows the metadata |
//! | `timer_driver` | the one task that lets the time of all shards pass |
//! | `batches` | records to batches and back |
//! | `groups`, `transactions` | the coordinators that there are |
//! | `placement` | which partition a group or a transactional id belongs to |
//! | `group_jobs` | what the coordinator of groups gives its callers to do |
//!
//! *Locks:* the map of shards, then a shard's mutex, then whatever an append takes. No lock is held over `.await`.

pub(crate) mod batches;
mod call;
mod call_in_transaction;
mod commit_in_transaction;
mod effects;
mod group_jobs;
pub mod groups;
mod leadership;
mod load;
mod placement;
mod timer_driver;
pub mod transactions;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use coordinator::runtime::Runtime;
use coordinator::{Now, Token};
use foldhash::fast::FixedState;
use hashbrown::HashMap;
use io::{Blocking, Clock};
use tokio::sync::{oneshot, watch};
use tokio::time::Instant;
use types::{LeaderEpoch, PartitionIndex};

use crate::fetch::DelayedFetches;
use crate::partition::{Partition, VerificationGuard};
use crate::produce::DelayedProduces;
use load::LoadQueue;
use timer_driver::Timer;

pub use call::{Called, Looked, Parked};
pub use commit_in_transaction::TransactionalCommitError;
pub use coordinator::runtime::EndOfTransaction;
pub use coordinator::{Shard, Unavailable};
pub use record::Compression;

/// What a shard answers, or why it does not.
pub type ShardReply<S> = Result<<S as Shard>::Reply, Unavailable>;

/// The settings that all shards of a coordinator share.
#[derive(Clone, Copy, Debug)]
pub struct CoordinatorSettings {
    /// How long a reply waits for the high watermark (`offsets.commit.timeout.ms`).
    pub write_timeout_ms: i64,
    /// How the batches are compressed (`offsets.topic.compression.codec`).
    pub compression: Compression,
    /// Bytes read at once while a log is loaded (`offsets.load.buffer.size`).
    pub load_bytes: usize,
}

/// What a coordinator is made of.
#[derive(Debug)]
pub(crate) struct CoordinatorParts<F> {
    /// The internal topic whose partitions are the shards.
    pub(crate) topic: &'static str,
    pub(crate) settings: CoordinatorSettings,
    /// Makes an empty shard.
    pub(crate) new_shard: F,
    pub(crate) clock: Clock,
    pub(crate) blocking: Blocking,
    /// What uptime counts from.
    pub(crate) started_at: Instant,
    pub(crate) delayed_produces: DelayedProduces,
    pub(crate) delayed_fetches: DelayedFetches,
}

/// The shards of one internal topic that live on this broker.
pub struct Coordinator<S: Shard> {
    topic: &'static str,
    settings: CoordinatorSettings,
    new_shard: Box<dyn Fn() -> S + Send + Sync>,
    clock: Clock,
    blocking: Blocking,
    started_at: Instant,
    delayed_produces: DelayedProduces,
    delayed_fetches: DelayedFetches,
    slots: RwLock<BTreeMap<PartitionIndex, Arc<Slot<S>>>>,
    loads: Mutex<LoadQueue<S>>,
    /// Counts the shards that began to answer, for whoever waits for one.
    loaded: watch::Sender<u64>,
    timer: Timer,
}

impl<S: Shard> std::fmt::Debug for Coordinator<S> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Coordinator").field("topic", &self.topic).finish_non_exhaustive()
    }
}

/// The place of one shard.
struct Slot<S: Shard> {
    partition: Arc<Partition>,
    /// When the shard wants to be told the time; `i64::MAX` for never. For the timer to look at without the lock.
    deadline_ms: AtomicI64,
    state: Mutex<SlotState<S>>,
}

/// What a shard's mutex guards.
struct SlotState<S: Shard> {
    runtime: Runtime<S>,
    /// The epoch in which this broker leads; `None` while it does not.
    leader_epoch: Option<LeaderEpoch>,
    /// Whoever waits for a reply.
    waiting: HashMap<Token, oneshot::Sender<ShardReply<S>>, FixedState>,
    last_token: Token,
    /// Requests of the broker itself that came while the shard was loaded.
    deferred: Vec<S::Request>,
    /// Shown with the append of the call under way.
    guard: Option<VerificationGuard>,
    /// A flush is under way; it goes on until it has reached the end of the log.
    is_flushing: bool,
}

impl<S: Shard> Slot<S> {
    /// The state. Its shard knows how large a batch may be by now.
    fn lock(&self) -> MutexGuard<'_, SlotState<S>> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.runtime.set_batch_bytes_max(batch_bytes_max(&self.partition));
        state
    }
}

/// `max.message.bytes` of the internal topic, as it is now.
fn batch_bytes_max(partition: &Partition) -> usize {
    usize::try_from(partition.log().config().max_message_bytes).unwrap_or(0)
}

impl<S: Shard> SlotState<S> {
    fn next_token(&mut self) -> Token {
        self.last_token.0 += 1;
        self.last_token
    }
}

impl<S> Coordinator<S>
where
    S: Shard + Send + 'static,
    S::Request: Send,
    S::Reply: Send,
{
    /// A coordinator without shards.
    pub(crate) fn new(parts: CoordinatorParts<impl Fn() -> S + Send + Sync + 'static>) -> Self {
        Self {
            topic: parts.topic,
            settings: parts.settings,
            new_shard: Box::new(parts.new_shard),
            clock: parts.clock,
            blocking: parts.blocking,
            started_at: parts.started_at,
            delayed_produces: parts.delayed_produces,
            delayed_fetches: parts.delayed_fetches,
            slots: RwLock::default(),
            loads: Mutex::default(),
            loaded: watch::Sender::new(0),
            timer: Timer::default(),
        }
    }

    /// The internal topic whose partitions are the shards.
    pub fn topic(&self) -> &'static str {
        self.topic
    }

    /// Changes each time that a shard begins to answer.
    pub(crate) fn loaded(&self) -> watch::Receiver<u64> {
        self.loaded.subscribe()
    }

    /// The partitions whose shards answer.
    pub(crate) fn active(&self) -> Vec<PartitionIndex> {
        let slots = self.slots();
        let active = slots.iter().filter(|slot| slot.lock().runtime.shard().is_some());
        active.map(|slot| slot.partition.id().partition).collect()
    }

    /// Whether there is a place for the partition's shard here, loaded or not.
    pub(crate) fn has_shard(&self, partition: PartitionIndex) -> bool {
        self.slot(partition).is_some()
    }

    fn slot(&self, partition: PartitionIndex) -> Option<Arc<Slot<S>>> {
        self.slots.read().unwrap_or_else(PoisonError::into_inner).get(&partition).cloned()
    }

    fn slots(&self) -> Vec<Arc<Slot<S>>> {
        self.slots.read().unwrap_or_else(PoisonError::into_inner).values().cloned().collect()
    }

    fn now(&self) -> Now {
        let uptime_ms = i64::try_from(self.started_at.elapsed().as_millis()).unwrap_or(i64::MAX);
        Now { clock_ms: self.clock.now_ms(), uptime_ms }
    }

    /// Notes when the shard wants to be told the time next.
    fn arm(&self, slot: &Slot<S>, state: &SlotState<S>) {
        let deadline_ms = state.runtime.next_deadline_ms().unwrap_or(i64::MAX);
        // The timer keeps to a deadline that it was told before.
        if deadline_ms < slot.deadline_ms.swap(deadline_ms, Ordering::SeqCst) {
            self.timer.wake_by(deadline_ms);
        }
    }
}
