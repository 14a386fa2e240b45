//! One partition of `__transaction_state`, as a machine: requests and time in, records and replies out.

use std::collections::VecDeque;

use coordinator::{CoordinatorRecord, MalformedRecord, Now, Shard, Step, Token, Written, fit_into_batch};
use types::{LeaderEpoch, ProducerEpoch, ProducerId, TransactionVersion};

use crate::due::Driver;
use crate::record::{LogRecord, transaction_record};
use crate::transactions::{TransactionalId, Transactions};
use crate::{Transaction, TransactionError, TransactionReply, TransactionRequest, TransactionSettings};

/// Bytes that the record which decides a transaction can be longer than the one before it: tagged fields that come in.
pub(crate) const DECISION_BYTES: usize = 32;

/// The transactional ids of one partition of `__transaction_state`.
#[derive(Debug)]
pub struct TransactionShard {
    pub(crate) settings: TransactionSettings,
    pub(crate) transactions: Transactions,
    pub(crate) driver: Driver,
    /// When transactional ids are looked through for those that nobody uses; in `uptime_ms`.
    pub(crate) expire_at_ms: Option<i64>,
    /// Those that were found, and are not removed yet.
    pub(crate) expiring: VecDeque<TransactionalId>,
    /// The leader epoch of the partition, which markers carry.
    pub(crate) coordinator_epoch: LeaderEpoch,
    batch_bytes_max: usize,
}

/// A log that cannot say that a client raises its epochs cannot take such a client's transactions over.
///
/// # Errors
/// `UnsupportedVersion`.
pub(crate) fn validate_version(
    client_version: TransactionVersion,
    server_version: TransactionVersion,
) -> Result<(), TransactionError> {
    let is_lost = client_version.bumps_epochs() && server_version == TransactionVersion::V0;
    if is_lost { Err(TransactionError::UnsupportedVersion) } else { Ok(()) }
}

/// A step of this shard.
pub(crate) type TransactionStep = Step<TransactionReply>;

impl TransactionShard {
    /// A shard that knows nothing yet.
    pub fn new(settings: TransactionSettings) -> Self {
        Self {
            settings,
            transactions: Transactions::default(),
            driver: Driver::default(),
            expire_at_ms: None,
            expiring: VecDeque::new(),
            coordinator_epoch: LeaderEpoch::NONE,
            batch_bytes_max: usize::MAX,
        }
    }

    /// The transactional ids and how they stand, in order: also what the log has not committed yet.
    pub fn transactions(&self) -> impl Iterator<Item = (&str, &Transaction)> {
        self.transactions.iter().map(|(id, entry)| (&**id, &entry.transaction))
    }

    /// A transactional id that a request may speak of.
    ///
    /// # Errors
    /// `EmptyTransactionalId`, `InvalidProducerIdMapping` where it is not known.
    pub(crate) fn known(&self, transactional_id: &str) -> Result<&Transaction, TransactionError> {
        if transactional_id.is_empty() {
            return Err(TransactionError::EmptyTransactionalId);
        }
        let entry =
            self.transactions.get(transactional_id).ok_or(TransactionError::InvalidProducerIdMapping)?;
        Ok(&entry.transaction)
    }

    /// Writes that a transactional id goes through `states`; the last one stands.
    ///
    /// # Errors
    /// `TooLarge`; nothing is changed then.
    pub(crate) fn write(
        &mut self,
        transactional_id: &str,
        states: Vec<Transaction>,
        server_version: TransactionVersion,
        now: Now,
        step: &mut TransactionStep,
    ) -> Result<(), TransactionError> {
        self.write_leaving(0, transactional_id, states, server_version, now, step)
    }

    /// The same, where a record that is larger by `bytes` has to fit as well.
    pub(crate) fn write_leaving(
        &mut self,
        bytes: usize,
        transactional_id: &str,
        states: Vec<Transaction>,
        server_version: TransactionVersion,
        now: Now,
        step: &mut TransactionStep,
    ) -> Result<(), TransactionError> {
        let record = |state| transaction_record(transactional_id, state, server_version);
        let records: Vec<CoordinatorRecord> = states.iter().map(record).collect();
        if !fit_into_batch(&records, self.batch_bytes_max.saturating_sub(bytes)) {
            return Err(TransactionError::TooLarge);
        }
        step.records.extend(records);
        for state in states {
            self.transactions.put(transactional_id, state, now);
        }
        Ok(())
    }
}

impl Shard for TransactionShard {
    type Request = TransactionRequest;
    type Reply = TransactionReply;

    fn replay(&mut self, _: Written, record: &CoordinatorRecord) -> Result<(), MalformedRecord> {
        match LogRecord::read(record)? {
            LogRecord::Transaction(id, transaction) => self.transactions.replay(id, *transaction),
            LogRecord::Tombstone(id) => self.transactions.remove(&id),
            LogRecord::Unknown => {}
        }
        Ok(())
    }

    /// Nobody writes to this topic in a transaction.
    fn replay_end_of_transaction(&mut self, _: (ProducerId, ProducerEpoch), _: bool) {}

    fn set_batch_bytes_max(&mut self, bytes_max: usize) {
        self.batch_bytes_max = bytes_max;
    }

    fn loaded(&mut self, leader_epoch: LeaderEpoch, now: Now) -> TransactionStep {
        self.coordinator_epoch = leader_epoch;
        self.transactions.loaded(now);
        self.driver.loaded(self.settings.abort_timed_out_interval_ms, now);
        self.expire_at_ms = Some(now.uptime_ms.saturating_add(self.settings.remove_expired_interval_ms));
        Step::default()
    }

    fn handle(&mut self, token: Token, request: TransactionRequest, now: Now) -> TransactionStep {
        let mut step = Step::default();
        let reply = match request {
            // This one may be parked.
            TransactionRequest::AwaitDue { is_anew } => {
                self.await_due(token, is_anew, &mut step);
                return step;
            }
            TransactionRequest::InitProducerId(request) => {
                TransactionReply::InitProducerId(self.init_producer_id(&request, now, &mut step))
            }
            TransactionRequest::AddPartitions(request) => {
                TransactionReply::AddPartitions(self.add_partitions(request, now, &mut step))
            }
            TransactionRequest::VerifyPartitions(request) => {
                TransactionReply::VerifyPartitions(self.verify_partitions(&request))
            }
            TransactionRequest::End(request) => {
                TransactionReply::End(self.end_transaction(&request, now, &mut step))
            }
            TransactionRequest::Describe { transactional_id } => {
                TransactionReply::Describe(self.describe(&transactional_id))
            }
            TransactionRequest::List(request) => TransactionReply::List(self.list(&request, now)),
            TransactionRequest::MarkersWritten(request) => {
                TransactionReply::MarkersWritten(self.markers_written(&request, now, &mut step))
            }
            TransactionRequest::AbortTimedOut(request) => {
                TransactionReply::AbortTimedOut(self.abort_timed_out(&request, now, &mut step))
            }
        };
        step.replies.push((token, reply));
        self.hand_out(&mut step);
        step
    }

    fn forget(&mut self, token: Token) {
        self.driver.forget(token);
    }

    fn next_deadline_ms(&self) -> Option<i64> {
        let check_ms =
            self.transactions.first_deadline_ms().map(|first_ms| self.driver.check_at_ms(first_ms));
        check_ms.into_iter().chain(self.expire_at_ms).min()
    }

    fn handle_timeout(&mut self, now: Now) -> TransactionStep {
        let mut step = Step::default();
        self.look_for_timed_out(now);
        self.expire(now, &mut step);
        self.hand_out(&mut step);
        step
    }
}
