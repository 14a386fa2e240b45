//! Appending to a partition this broker leads.

use ::log::{AppendContext, AppendInfo, AppendOrigin, VerificationGuard};
use bytes::Bytes;
use types::{Offset, ProducerEpoch, ProducerId};

use super::error::PartitionAppendError;
use super::{LeadershipError, Partition};

/// What an append did.
#[derive(Debug)]
pub struct Appended {
    /// Where the records stand, or stood already where they are a duplicate.
    pub info: AppendInfo,
    /// Whether the high watermark moved, so that fetches and other appends may go on.
    pub moved_high_watermark: bool,
}

/// What an append says of its transaction.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TransactionTerms {
    /// Shown with the first records of a transaction.
    pub guard: Option<VerificationGuard>,
    /// `transaction.version` that a marker is written under.
    pub transaction_version: i16,
}

impl Partition {
    /// Appends one batch of a producer; `guard` is what [`Partition::start_verification`] gave for it. With `acks` −1 the in-sync replicas must be enough beforehand.
    ///
    /// When this returns the records have their offsets and survive the death of the process. They are acknowledged
    /// to an acks=all producer only once the high watermark has passed them.
    ///
    /// # Errors
    /// See [`PartitionAppendError`]; nothing was appended then.
    pub fn append(
        &self,
        records: Bytes,
        acks: i16,
        guard: Option<VerificationGuard>,
        now_ms: i64,
    ) -> Result<Appended, PartitionAppendError> {
        let terms = TransactionTerms { guard, ..TransactionTerms::default() };
        self.append_from(AppendOrigin::Client, records, acks, terms, now_ms)
    }

    /// Appends one batch of a coordinator, as with acks=all: to its internal topic, or the marker of a transaction.
    ///
    /// # Errors
    /// See [`PartitionAppendError`]; nothing was appended then.
    pub fn append_as_coordinator(
        &self,
        records: Bytes,
        terms: TransactionTerms,
        now_ms: i64,
    ) -> Result<Appended, PartitionAppendError> {
        self.append_from(AppendOrigin::Coordinator, records, -1, terms, now_ms)
    }

    /// Begins to verify a producer's transaction: the guard that its first records here must show once the transaction
    /// coordinator knows of them, `None` where the transaction is open here already (KIP-890). With `supports_epoch_bump`
    /// the client bumps its epoch with each transaction.
    ///
    /// # Errors
    /// This broker does not lead.
    pub fn start_verification(
        &self,
        (producer_id, epoch): (ProducerId, ProducerEpoch),
        sequence: i32,
        supports_epoch_bump: bool,
        now_ms: i64,
    ) -> Result<Option<VerificationGuard>, LeadershipError> {
        let _leadership = self.checked_leadership(None)?;
        Ok(self.log.start_transaction_verification(producer_id, epoch, sequence, supports_epoch_bump, now_ms))
    }

    fn append_from(
        &self,
        origin: AppendOrigin,
        records: Bytes,
        acks: i16,
        terms: TransactionTerms,
        now_ms: i64,
    ) -> Result<Appended, PartitionAppendError> {
        let leadership = self.checked_leadership(None)?;
        let config = self.log.config();
        let needed = usize::try_from(config.min_insync_replicas).unwrap_or(1).min(leadership.replicas.len());
        if acks == -1 && leadership.isr.len() < needed {
            return Err(PartitionAppendError::NotEnoughReplicas { in_sync: leadership.isr.len(), needed });
        }
        let context = AppendContext {
            guard: terms.guard,
            transaction_version: terms.transaction_version,
            ..AppendContext::of(origin, leadership.leader_epoch, now_ms)
        };
        let info = self.log.append_as_leader(records, context)?;
        let moved_high_watermark = self.advance_high_watermark(&leadership);
        Ok(Appended { info, moved_high_watermark })
    }

    /// Whether everything up to `end` (exclusive) is acknowledged: the high watermark has passed it. An error where
    /// this broker lost the partition meanwhile.
    ///
    /// # Errors
    /// [`LeadershipError::NotLeader`].
    pub fn is_acknowledged(&self, end: Offset) -> Result<bool, LeadershipError> {
        let _leadership = self.checked_leadership(None)?;
        Ok(self.log.high_watermark() >= end)
    }

    /// Flushes the log up to `end` (exclusive), and moves the high watermark where it waited for that. True where it
    /// moved.
    ///
    /// # Errors
    /// When the disk refuses: the records may be lost and must not be acknowledged.
    pub fn flush_for_acknowledgement(&self, end: Offset) -> Result<bool, PartitionAppendError> {
        self.log.flush_up_to(end)?;
        let leadership = self.checked_leadership(None)?;
        Ok(self.advance_high_watermark(&leadership))
    }

    /// Whether an append that ended at `end` (exclusive) has to be flushed before it is acknowledged: as many records
    /// as `flush.messages` says are not. With 1, that is every append.
    pub fn is_flush_due(&self, end: Offset) -> bool {
        let is_flushed = self.log.recovery_point() >= end;
        !is_flushed && self.log.unflushed_messages() >= self.log.config().flush_messages
    }
}
