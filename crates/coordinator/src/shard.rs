//! The shape of a coordinator's shard.

use types::{LeaderEpoch, ProducerEpoch, ProducerId};

use crate::record::{CoordinatorRecord, MalformedRecord, Written};

/// The time, as a shard is told it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Now {
    /// Wall clock, milliseconds since 1970; goes into records (commit timestamps), may jump.
    pub clock_ms: i64,
    /// Milliseconds since the broker was made; for every timeout, never goes back.
    pub uptime_ms: i64,
}

/// Names one request, so that its reply finds whoever waits. Given by whoever runs the shard; never reused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Token(pub u64);

/// What came of a request or of time passing.
#[derive(Debug, PartialEq)]
#[must_use]
pub struct Step<R> {
    /// To append as one batch, in order; the shard's state is already that after them.
    pub records: Vec<CoordinatorRecord>,
    /// The producer, where the records belong to a transaction: they count when its marker says so.
    pub transaction: Option<(ProducerId, ProducerEpoch)>,
    /// To give once the records, and everything appended before, are committed. A request whose token is not here is
    /// parked: a later step replies to it.
    pub replies: Vec<(Token, R)>,
}

impl<R> Default for Step<R> {
    fn default() -> Self {
        Self { records: Vec::new(), transaction: None, replies: Vec::new() }
    }
}

impl<R> Step<R> {
    /// Nothing to write, one reply.
    pub fn reply(token: Token, reply: R) -> Self {
        Self { replies: vec![(token, reply)], ..Self::default() }
    }
}

/// One partition's state of a coordinator.
pub trait Shard {
    /// What it is asked.
    type Request;
    /// What it answers. That a shard is gone or not loaded yet is not among it: whoever runs the shard says so.
    type Reply;

    /// Takes a record of the log over, while the shard is loaded. Records come in order of their offsets.
    ///
    /// # Errors
    /// [`MalformedRecord`]; the shard must not be used then.
    fn replay(&mut self, written: Written, record: &CoordinatorRecord) -> Result<(), MalformedRecord>;

    /// A transaction's marker: what the producer wrote in it counts, or never was. While the shard is loaded, and from
    /// [`crate::runtime::Runtime::end_transaction`].
    fn replay_end_of_transaction(&mut self, producer: (ProducerId, ProducerEpoch), is_committed: bool);

    /// How large a batch may be from here on: the `max.message.bytes` of the shard's topic, which may change at any time.
    /// What does not fit into one ([`crate::fit_into_batch`]) is refused before it changes anything, for an append that
    /// fails costs everybody of the shard a reload. Records without values may be more: they are spread over batches.
    fn set_batch_bytes_max(&mut self, bytes_max: usize);

    /// The whole log is replayed, and this broker leads the partition in `leader_epoch`: timers start.
    fn loaded(&mut self, leader_epoch: LeaderEpoch, now: Now) -> Step<Self::Reply>;

    /// One request.
    fn handle(&mut self, token: Token, request: Self::Request, now: Now) -> Step<Self::Reply>;

    /// The caller of a parked request has gone away; its reply will find nobody. Nothing else changes: a member whose
    /// connection broke is a member until its session ends.
    fn forget(&mut self, token: Token);

    /// When [`Shard::handle_timeout`] wants to be called, in `uptime_ms`. May be earlier than needed, never later.
    fn next_deadline_ms(&self) -> Option<i64>;

    /// Time has passed.
    fn handle_timeout(&mut self, now: Now) -> Step<Self::Reply>;
}
