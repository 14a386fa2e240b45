//! The machine around one [`Shard`]: when it may be asked, what is to be appended, and when a reply may leave.
//!
//! One file for each kind of event. Whoever drives it (see `broker`) calls an event, then carries out every
//! [`Effect`] in order before the next event, under one lock:
//!
//! | event | file | from whom |
//! |---|---|---|
//! | [`Runtime::lead`], [`Runtime::loaded`], [`Runtime::load_failed`] | `loading` | the metadata; the reader of the log |
//! | [`Runtime::request`], [`Runtime::forget`] | `request` | handlers |
//! | [`Runtime::end_transaction`] | `transaction` | the coordinator of transactions |
//! | [`Runtime::timeout`] | `timeout` | the timer |
//! | [`Runtime::appended`], [`Runtime::committed`] | `committed` | the log |
//! | [`Runtime::append_failed`] | `append_failed` | the log |
//! | [`Runtime::unload`] | `unloaded` | the metadata, the stop of the node |
//!
//! *Invariant:* a token that was given to [`Runtime::request`] and not forgotten is replied to exactly once.
//! *Invariant:* a reply leaves only when the high watermark has passed everything the shard appended before it.

mod append_failed;
mod committed;
mod loading;
#[cfg(test)]
mod random_test;
mod request;
mod timeout;
#[cfg(test)]
mod toy;
mod transaction;
mod unloaded;

use std::collections::{BTreeSet, VecDeque};

use types::{LeaderEpoch, Offset, ProducerEpoch, ProducerId};

use crate::{CoordinatorRecord, Now, Shard, Step, Token};

pub use append_failed::AppendFailure;
pub use loading::LoadNumber;
pub use transaction::EndOfTransaction;

/// Why a shard cannot answer. Clients try again on all but [`Unavailable::TooLarge`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unavailable {
    /// The log is being read.
    #[error("the coordinator is loading")]
    Loading,
    /// This broker does not lead the partition, or cannot read its log.
    #[error("this is not the coordinator")]
    NotCoordinator,
    /// What the request changed could not be made durable now.
    #[error("the coordinator cannot write now")]
    NotAvailable,
    /// What the request changed does not fit into a batch of its topic.
    #[error("the records are larger than the topic takes")]
    TooLarge,
}

/// What the driver has to do.
#[derive(Debug, PartialEq)]
pub enum Effect<R> {
    /// Append this; then call [`Runtime::appended`] or [`Runtime::append_failed`] before anything else.
    Append(Append),
    /// Give this to whoever waits under the token; nobody may.
    Reply(Token, Result<R, Unavailable>),
    /// Read the log from its start to its end into a fresh shard, then call [`Runtime::loaded`] or
    /// [`Runtime::load_failed`] with this number.
    Load(LoadNumber),
}

/// What the log has to take.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Append {
    /// Records.
    Records {
        /// In order, as one batch.
        records: Vec<CoordinatorRecord>,
        /// The producer, where the batch belongs to a transaction.
        transaction: Option<(ProducerId, ProducerEpoch)>,
    },
    /// The marker that ends a transaction.
    Marker(EndOfTransaction),
}

/// A shard and what stands around it.
#[derive(Debug)]
pub struct Runtime<S: Shard> {
    state: State<S>,
    /// In which this broker leads, or led last.
    leader_epoch: LeaderEpoch,
    /// Loads begun so far; a load with another number is of the past.
    loads: LoadNumber,
    /// Requests that the shard has not answered.
    parked: BTreeSet<Token>,
    /// Replies of the step whose records are being appended.
    appending: Option<Vec<(Token, S::Reply)>>,
    /// Replies that wait for the high watermark, in the order of their offsets.
    held: VecDeque<Held<S::Reply>>,
    /// Everything that the shard's state stands on is below.
    appended: Offset,
    /// The high watermark.
    committed: Offset,
    /// How long a reply waits for the high watermark.
    write_timeout_ms: i64,
    /// How large a batch may be.
    batch_bytes_max: usize,
    effects: VecDeque<Effect<S::Reply>>,
}

#[derive(Debug)]
enum State<S> {
    /// The partition is not led here, or its log cannot be read.
    Unloaded,
    /// Its log is being read.
    Loading,
    /// The shard answers.
    Active(S),
}

/// A reply that may leave once the high watermark is at `end`.
#[derive(Debug)]
struct Held<R> {
    end: Offset,
    deadline_ms: i64,
    token: Token,
    reply: R,
}

impl<S: Shard> Runtime<S> {
    /// A runtime without a shard. A reply waits at most `write_timeout_ms` for the high watermark.
    pub fn new(write_timeout_ms: i64) -> Self {
        Self {
            state: State::Unloaded,
            leader_epoch: LeaderEpoch::NONE,
            loads: LoadNumber::default(),
            parked: BTreeSet::new(),
            appending: None,
            held: VecDeque::new(),
            appended: Offset(0),
            committed: Offset(0),
            write_timeout_ms,
            batch_bytes_max: usize::MAX,
            effects: VecDeque::new(),
        }
    }

    /// What is to be done next.
    pub fn poll_effect(&mut self) -> Option<Effect<S::Reply>> {
        self.effects.pop_front()
    }

    /// How large a batch may be from here on; see [`Shard::set_batch_bytes_max`].
    pub fn set_batch_bytes_max(&mut self, bytes_max: usize) {
        self.batch_bytes_max = bytes_max;
        if let State::Active(shard) = &mut self.state {
            shard.set_batch_bytes_max(bytes_max);
        }
    }

    /// The shard, while it answers.
    pub fn shard(&self) -> Option<&S> {
        match &self.state {
            State::Active(shard) => Some(shard),
            State::Unloaded | State::Loading => None,
        }
    }

    /// Whether the log is being read.
    pub fn is_loading(&self) -> bool {
        matches!(self.state, State::Loading)
    }

    /// Replies that wait for the high watermark.
    pub fn held(&self) -> usize {
        self.held.len()
    }

    /// Takes a step of the shard over: its records to the log, its replies behind everything appended before.
    fn take(&mut self, mut step: Step<S::Reply>, now: Now) {
        debug_assert!(self.appending.is_none(), "an append is reported before the next event");
        // A shard may reply to a caller that has gone away.
        step.replies.retain(|(token, _)| self.parked.remove(token));
        if step.records.is_empty() {
            self.hold(step.replies, now);
        } else {
            self.appending = Some(std::mem::take(&mut step.replies));
            let Step { records, transaction, .. } = step;
            self.effects.push_back(Effect::Append(Append::Records { records, transaction }));
        }
    }

    /// Replies now where nothing is before the replies, else when that is committed.
    fn hold(&mut self, replies: Vec<(Token, S::Reply)>, now: Now) {
        let is_committed = self.committed >= self.appended;
        for (token, reply) in replies {
            if is_committed {
                self.effects.push_back(Effect::Reply(token, Ok(reply)));
            } else {
                let deadline_ms = now.uptime_ms.saturating_add(self.write_timeout_ms);
                self.held.push_back(Held { end: self.appended, deadline_ms, token, reply });
            }
        }
    }

    /// Tells everybody who waits that there is no answer.
    fn refuse_all(&mut self, why: Unavailable) {
        let appending = self.appending.take().into_iter().flatten().map(|(token, _)| token);
        let held = self.held.drain(..).map(|held| held.token);
        let parked = std::mem::take(&mut self.parked);
        for token in held.chain(appending).chain(parked) {
            self.effects.push_back(Effect::Reply(token, Err(why)));
        }
    }
}
