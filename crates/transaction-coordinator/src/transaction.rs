//! A transactional id as the log keeps it, and what may become of it: every step is a function from one state to the next.

use std::collections::BTreeSet;

use coordinator::Now;
use types::{ProducerEpoch, ProducerId, TopicPartition, TransactionVersion};

use crate::{Decision, TransactionError, TransactionState};

/// The last epoch that a client may have; the one beyond is kept to fence it with.
const LAST_EPOCH: ProducerEpoch = ProducerEpoch(i16::MAX - 1);

/// Who goes by a transactional id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Producer {
    /// Its id.
    pub id: ProducerId,
    /// Its epoch; an older one is fenced.
    pub epoch: ProducerEpoch,
}

impl Producer {
    /// None: the client keeps to the one it has.
    pub const NONE: Self = Self { id: ProducerId::NONE, epoch: ProducerEpoch::NONE };

    /// Whether its producer id has no further epochs for clients.
    pub(crate) fn is_exhausted(self) -> bool {
        self.epoch >= LAST_EPOCH
    }
}

/// What is known of a transactional id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transaction {
    /// What it is doing.
    pub state: TransactionState,
    /// Who goes by it.
    pub producer: Producer,
    /// The producer id before the last change, whatever that was.
    pub previous_producer_id: ProducerId,
    /// The producer id to go on with when the transaction is complete, for this one's epochs are exhausted; else −1.
    pub next_producer_id: ProducerId,
    /// The epoch before the last, where a retry may name it; else −1. The log does not keep it.
    pub last_epoch: ProducerEpoch,
    /// How long a transaction may take; `i32::MAX` where an outer coordinator decides, and time does not (KIP-939).
    pub timeout_ms: i32,
    /// What is in the transaction. Stays until it is complete.
    pub partitions: BTreeSet<TopicPartition>,
    /// When the transaction began, also after its end; −1 where there was none. Milliseconds since 1970.
    pub started_at_ms: i64,
    /// When the last record of it was written. Milliseconds since 1970.
    pub updated_at_ms: i64,
    /// Under which version the client began or ended the transaction.
    pub client_version: TransactionVersion,
}

impl Transaction {
    /// The first producer that goes by a transactional id.
    pub(crate) fn first(producer_id: ProducerId, timeout_ms: i32, now: Now) -> Self {
        Self {
            state: TransactionState::Empty,
            producer: Producer { id: producer_id, epoch: ProducerEpoch(0) },
            previous_producer_id: producer_id,
            next_producer_id: ProducerId::NONE,
            last_epoch: ProducerEpoch::NONE,
            timeout_ms,
            partitions: BTreeSet::new(),
            started_at_ms: -1,
            updated_at_ms: now.clock_ms,
            client_version: TransactionVersion::V0,
        }
    }

    /// Without end, for an outer coordinator decides.
    pub fn has_no_timeout(&self) -> bool {
        self.timeout_ms == i32::MAX
    }

    /// Whether a producer is the one that goes by the transactional id.
    ///
    /// # Errors
    /// `InvalidProducerIdMapping`, `ProducerFenced`.
    pub(crate) fn validate_producer(&self, producer: Producer) -> Result<(), TransactionError> {
        if self.producer.id != producer.id {
            Err(TransactionError::InvalidProducerIdMapping)
        } else if self.producer.epoch != producer.epoch {
            Err(TransactionError::ProducerFenced)
        } else {
            Ok(())
        }
    }

    /// How the transaction was decided.
    pub(crate) fn decision(&self) -> Option<Decision> {
        match self.state {
            TransactionState::PrepareCommit | TransactionState::CompleteCommit => Some(Decision::Commit),
            TransactionState::PrepareAbort | TransactionState::CompleteAbort => Some(Decision::Abort),
            TransactionState::Empty | TransactionState::Ongoing => None,
        }
    }

    /// The next state, with these partitions in it.
    fn changed(&self, state: TransactionState, partitions: BTreeSet<TopicPartition>, now: Now) -> Self {
        Self {
            state,
            producer: self.producer,
            previous_producer_id: self.producer.id,
            next_producer_id: self.next_producer_id,
            last_epoch: self.last_epoch,
            timeout_ms: self.timeout_ms,
            partitions,
            started_at_ms: self.started_at_ms,
            updated_at_ms: now.clock_ms,
            client_version: self.client_version,
        }
    }

    fn initialized(&self, producer: Producer, last_epoch: ProducerEpoch, timeout_ms: i32, now: Now) -> Self {
        Self {
            producer,
            last_epoch,
            timeout_ms,
            started_at_ms: -1,
            ..self.changed(TransactionState::Empty, BTreeSet::new(), now)
        }
    }

    /// InitProducerId on an epoch that is not exhausted: the next one; or the same again, where a client that says who it
    /// was did not hear the answer.
    ///
    /// # Errors
    /// `ProducerFenced`: another client came in between.
    pub(crate) fn with_next_epoch(
        &self,
        expected: Option<Producer>,
        timeout_ms: i32,
        now: Now,
    ) -> Result<Self, TransactionError> {
        let next =
            Producer { epoch: ProducerEpoch(self.producer.epoch.0.saturating_add(1)), ..self.producer };
        let (producer, last_epoch) = match expected.map(|producer| producer.epoch) {
            None => (next, ProducerEpoch::NONE),
            Some(epoch) if epoch == self.producer.epoch => (next, epoch),
            Some(epoch) if epoch == self.last_epoch => (self.producer, epoch),
            Some(_) => return Err(TransactionError::ProducerFenced),
        };
        Ok(self.initialized(producer, last_epoch, timeout_ms, now))
    }

    /// InitProducerId on exhausted epochs: another producer id.
    pub(crate) fn with_fresh_id(
        &self,
        fresh: ProducerId,
        is_expected: bool,
        timeout_ms: i32,
        now: Now,
    ) -> Self {
        let producer = Producer { id: fresh, epoch: ProducerEpoch(0) };
        let last_epoch = if is_expected { self.producer.epoch } else { ProducerEpoch::NONE };
        self.initialized(producer, last_epoch, timeout_ms, now)
    }

    /// Partitions join; the first ones begin the transaction.
    pub(crate) fn with_partitions(
        &self,
        partitions: &BTreeSet<TopicPartition>,
        client_version: TransactionVersion,
        now: Now,
    ) -> Self {
        let all = self.partitions.union(partitions).cloned().collect();
        let mut next = self.changed(TransactionState::Ongoing, all, now);
        if self.state.is_idle() {
            next.started_at_ms = now.clock_ms;
        }
        next.client_version = client_version;
        next
    }

    /// The decision. At V2 the epoch rises with it; `next` is the producer id to go on with, where epochs are exhausted.
    pub(crate) fn decided(
        &self,
        decision: Decision,
        client_version: TransactionVersion,
        next: Option<ProducerId>,
        now: Now,
    ) -> Self {
        let state = match decision {
            Decision::Commit => TransactionState::PrepareCommit,
            Decision::Abort => TransactionState::PrepareAbort,
        };
        let mut prepared = self.changed(state, self.partitions.clone(), now);
        if client_version.bumps_epochs() {
            prepared.last_epoch = self.producer.epoch;
            // Only an epoch that was never given to a client is the last there is.
            prepared.producer.epoch = ProducerEpoch(self.producer.epoch.0.saturating_add(1));
        }
        // At V2 nothing at all can be aborted: then it began now.
        if self.state.is_idle() {
            prepared.started_at_ms = now.clock_ms;
        }
        prepared.next_producer_id = next.unwrap_or(ProducerId::NONE);
        prepared.client_version = client_version;
        prepared
    }

    /// An abort that its producer did not ask for, and that fences it. The epoch that it gets is told to nobody.
    ///
    /// # Errors
    /// `NeedsProducerId`.
    pub(crate) fn fenced(
        &self,
        fresh: Option<ProducerId>,
        server_version: TransactionVersion,
        now: Now,
    ) -> Result<Self, TransactionError> {
        if server_version.bumps_epochs() {
            let next = self.next_producer(fresh)?;
            return Ok(self.decided(Decision::Abort, TransactionVersion::V2, next, now));
        }
        let mut prepared = self.decided(Decision::Abort, TransactionVersion::V0, None, now);
        prepared.producer.epoch = ProducerEpoch(self.producer.epoch.0.saturating_add(1));
        prepared.last_epoch = ProducerEpoch::NONE;
        Ok(prepared)
    }

    /// The producer id to go on with after a decision that raises the epoch, where another one is needed.
    ///
    /// # Errors
    /// `NeedsProducerId`.
    pub(crate) fn next_producer(
        &self,
        fresh: Option<ProducerId>,
    ) -> Result<Option<ProducerId>, TransactionError> {
        if !self.producer.is_exhausted() {
            return Ok(None);
        }
        fresh.map(Some).ok_or(TransactionError::NeedsProducerId)
    }

    /// Who goes by the transactional id when the decided transaction is complete.
    pub(crate) fn producer_when_complete(&self) -> Producer {
        if self.client_version.bumps_epochs() && self.next_producer_id != ProducerId::NONE {
            return Producer { id: self.next_producer_id, epoch: ProducerEpoch(0) };
        }
        self.producer
    }

    /// All markers of the decided transaction are written.
    pub(crate) fn completed(&self, now: Now) -> Self {
        let state = match self.state {
            TransactionState::PrepareCommit => TransactionState::CompleteCommit,
            _ => TransactionState::CompleteAbort,
        };
        let mut complete = self.changed(state, BTreeSet::new(), now);
        complete.producer = self.producer_when_complete();
        complete.next_producer_id = ProducerId::NONE;
        complete
    }
}
