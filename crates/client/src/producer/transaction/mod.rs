//! The transactions of one producer (KIP-98, KIP-360, KIP-447, KIP-890): what stands where, what is asked next, and what
//! an answer means. No IO: the [sender](super::sender) carries calls out, one at a time, and tells what came of them.
//!
//! What is asked next follows from the state alone ([`calls`]), so that a call that failed is simply asked for again. States
//! are those of Kafka's producer:
//!
//! ```text
//! Uninitialized -> Initializing -> Ready -> InTransaction -> CommittingTransaction -> Ready
//!                      ^                     |        |              |
//!                      | new epoch           |        v              v
//!                      +--- AbortingTransaction <- AbortableError <--+        any -> FatalError
//! ```
//!
//! Once a transaction is bound to be aborted, nothing of it is tried again, and the producer's epoch rises before the next
//! one: what of it is still on its way is fenced. With `transaction.version` 2 the epoch rises with every transaction, and
//! partitions and groups need not be added beforehand.
//!
//! | file | what |
//! |---|---|
//! | `calls` | what is asked of the coordinators, and when |
//! | `answers` | what their answers mean: again, abort, or the end |
//! | `transaction_call` | how they are asked |
//! | `handle` | what the sender and the application's calls share |
//! | `transactional_producer` | what the application sees |

mod answers;
mod calls;
mod handle;
mod transaction_call;
mod transactional_producer;

use std::collections::{BTreeSet, VecDeque};
use std::time::Duration;

use tokio::time::Instant;
use types::{ErrorCode, ProducerEpoch, ProducerId, TopicPartition};

use crate::consumer::{ConsumerGroupMetadata, Offsets};
use crate::errand::Errand;
use crate::error::ClientError;

pub(super) use handle::Transactions;
pub(super) use transaction_call::{TransactionAnswer, TransactionCall};
pub use transactional_producer::{Transaction, TransactionError, TransactionalProducer};

/// From this level of `transaction.version` on the epoch rises with every transaction (KIP-890).
const EPOCH_PER_TRANSACTION: i16 = 2;

/// See the module.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum State {
    Uninitialized,
    Initializing,
    Ready,
    InTransaction,
    CommittingTransaction,
    AbortingTransaction,
    /// It has to be aborted, for this reason.
    AbortableError(ClientError),
    /// The producer cannot go on.
    FatalError(ClientError),
}

/// Offsets that belong to the transaction, and the consumer whose they are.
#[derive(Clone, Debug)]
struct PendingOffsets {
    id: u64,
    group: ConsumerGroupMetadata,
    offsets: Offsets,
    /// The coordinator was told of the group, as far as it has to be; it may have heard.
    is_asked: bool,
    /// It has heard.
    is_added: bool,
}

/// See the module.
pub(in crate::producer) struct TransactionMachine {
    transactional_id: String,
    timeout: Duration,
    state: State,
    producer: Option<(ProducerId, ProducerEpoch)>,
    /// Partitions and groups are part of a transaction by being written to: `transaction.version` is 2.
    is_version_2: bool,
    coordinator: Option<String>,
    /// The last group that was asked about, and its coordinator.
    group_coordinator: Option<(String, String)>,
    /// Partitions of the transaction that may be written to.
    partitions: BTreeSet<TopicPartition>,
    /// Those that the coordinator is to be told of.
    new_partitions: BTreeSet<TopicPartition>,
    /// Those that it was told of, without an answer yet.
    adding: BTreeSet<TopicPartition>,
    offsets: VecDeque<PendingOffsets>,
    last_offsets: u64,
    /// The coordinator has heard of the transaction: it is to be told how it ends.
    has_begun: bool,
    /// The epoch has to rise before the next transaction (KIP-360).
    needs_new_epoch: bool,
    /// The one call at a time.
    call: Errand,
    wake_at: Option<Instant>,
    backoff: Duration,
    backoff_max: Duration,
}

impl TransactionMachine {
    /// `timeout` is `transaction.timeout.ms`; failed calls wait as `retry.backoff.ms` says, up to `backoff_max`.
    pub(super) fn new(
        transactional_id: String,
        timeout: Duration,
        backoff: Duration,
        backoff_max: Duration,
    ) -> Self {
        Self {
            transactional_id,
            timeout,
            state: State::Uninitialized,
            producer: None,
            is_version_2: false,
            coordinator: None,
            group_coordinator: None,
            partitions: BTreeSet::new(),
            new_partitions: BTreeSet::new(),
            adding: BTreeSet::new(),
            offsets: VecDeque::new(),
            last_offsets: 0,
            has_begun: false,
            needs_new_epoch: false,
            call: Errand::default(),
            wake_at: None,
            backoff,
            backoff_max,
        }
    }

    pub(super) const fn state(&self) -> &State {
        &self.state
    }

    /// Who writes now.
    pub(super) const fn producer(&self) -> Option<(ProducerId, ProducerEpoch)> {
        self.producer
    }

    /// Whether Produce may say to the partitions' leaders what the coordinator was not told (version 12 and above).
    pub(super) const fn is_version_2(&self) -> bool {
        self.is_version_2
    }

    /// Asks for a producer id, where the producer has not ended before.
    pub(super) fn initialize(&mut self) {
        if self.state == State::Uninitialized {
            self.state = State::Initializing;
        }
    }

    /// Begins a transaction where the one before has ended; whether it did.
    pub(super) fn begin(&mut self) -> bool {
        let is_ready = self.state == State::Ready;
        if is_ready {
            self.state = State::InTransaction;
        }
        is_ready
    }

    /// A record goes to this partition.
    ///
    /// # Errors
    /// `NotInTransaction`, or why the transaction is to be aborted.
    pub(super) fn add_partition(&mut self, partition: &TopicPartition) -> Result<(), ClientError> {
        match &self.state {
            State::InTransaction => {}
            State::AbortableError(error) | State::FatalError(error) => return Err(error.clone()),
            _ => return Err(ClientError::NotInTransaction),
        }
        if self.partitions.contains(partition) {
            return Ok(());
        }
        if self.is_version_2 {
            self.has_begun = true;
            self.partitions.insert(partition.clone());
        } else if !self.adding.contains(partition) {
            self.new_partitions.insert(partition.clone());
        }
        Ok(())
    }

    /// Makes offsets part of the transaction; returns what [`Self::are_offsets_sent`] is asked with.
    ///
    /// # Errors
    /// As [`Self::add_partition`].
    pub(super) fn add_offsets(
        &mut self,
        offsets: Offsets,
        group: ConsumerGroupMetadata,
    ) -> Result<u64, ClientError> {
        match &self.state {
            State::InTransaction => {}
            State::AbortableError(error) | State::FatalError(error) => return Err(error.clone()),
            _ => return Err(ClientError::NotInTransaction),
        }
        self.last_offsets += 1;
        if !offsets.is_empty() {
            self.has_begun |= self.is_version_2;
            let (id, is_added) = (self.last_offsets, self.is_version_2);
            self.offsets.push_back(PendingOffsets { id, group, offsets, is_asked: false, is_added });
        }
        Ok(self.last_offsets)
    }

    /// Whether the group's coordinator has these offsets.
    pub(super) fn are_offsets_sent(&self, id: u64) -> bool {
        self.offsets.front().is_none_or(|first| first.id > id)
    }

    /// Ends the transaction once all its records have an outcome.
    ///
    /// # Errors
    /// As [`Self::add_partition`].
    pub(super) fn commit(&mut self) -> Result<(), ClientError> {
        match &self.state {
            State::InTransaction => self.state = State::CommittingTransaction,
            State::AbortableError(error) | State::FatalError(error) => return Err(error.clone()),
            _ => return Err(ClientError::NotInTransaction),
        }
        Ok(())
    }

    /// Gives up what the transaction holds; without effect where nothing is left to give up.
    pub(super) fn abort(&mut self) {
        if matches!(self.state, State::InTransaction | State::AbortableError(_)) {
            self.state = State::AbortingTransaction;
            self.new_partitions.clear();
            // Where the coordinator may have heard of a group, that has to be known before it is told of the end.
            self.offsets.retain(|pending| pending.is_asked && !pending.is_added);
        }
    }

    /// Whether records of this partition may be sent.
    pub(super) fn may_send(&self, partition: &TopicPartition) -> bool {
        matches!(self.state, State::InTransaction | State::CommittingTransaction)
            && self.partitions.contains(partition)
    }

    /// Why nothing of what waits is sent any more, where that is so.
    pub(super) fn doom(&self) -> Option<ClientError> {
        match &self.state {
            State::AbortingTransaction => Some(ClientError::TransactionAborted),
            State::AbortableError(error) | State::FatalError(error) => Some(error.clone()),
            _ => None,
        }
    }

    /// Whether a transaction is open, or its end not known yet.
    pub(super) const fn is_open(&self) -> bool {
        matches!(
            self.state,
            State::InTransaction
                | State::CommittingTransaction
                | State::AbortingTransaction
                | State::AbortableError(_)
        )
    }

    /// Records of the transaction will not be written, or nobody knows whether they are.
    pub(super) fn failed(&mut self, error: ClientError) {
        match error.code() {
            Some(
                ErrorCode::ClusterAuthorizationFailed
                | ErrorCode::TransactionalIdAuthorizationFailed
                | ErrorCode::ProducerFenced
                | ErrorCode::UnsupportedVersion
                | ErrorCode::InvalidProducerIdMapping,
            ) => self.fatal(error),
            _ => self.abortable(error),
        }
    }

    /// The transaction cannot be committed any more.
    fn abortable(&mut self, error: ClientError) {
        self.needs_new_epoch |= !self.is_version_2;
        match self.state {
            State::InTransaction | State::CommittingTransaction => {
                tracing::info!(id = %self.transactional_id, %error, "the transaction has to be aborted");
                self.state = State::AbortableError(error);
            }
            // There is none to abort, and nothing to begin one with.
            State::Uninitialized | State::Initializing => self.fatal(error),
            _ => {}
        }
    }

    /// The producer is at its end.
    pub(super) fn fatal(&mut self, error: ClientError) {
        if !matches!(self.state, State::FatalError(_)) {
            tracing::info!(id = %self.transactional_id, %error, "the transactional producer cannot go on");
            self.state = State::FatalError(error);
        }
    }

    /// The transaction has ended.
    fn ended(&mut self) {
        self.partitions.clear();
        self.new_partitions.clear();
        self.adding.clear();
        self.offsets.clear();
        self.has_begun = false;
        self.state = if self.needs_new_epoch { State::Initializing } else { State::Ready };
    }

    fn again_after(&mut self, now: Instant, wait: Duration) {
        self.call.failed(now, |_| wait);
    }
}

#[cfg(test)]
#[path = "transaction_test.rs"]
mod tests;
