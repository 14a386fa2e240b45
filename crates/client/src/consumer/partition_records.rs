//! What one fetch brought of one partition.

use std::ops::ControlFlow;

use bytes::Bytes;
use record::{AnyBatch, Batches, Limits, RecordView};
use types::{LeaderEpoch, Offset, TopicPartition};

use crate::consumer::aborted_transactions::AbortedTransactions;
use crate::consumer::machine::Position;
use crate::error::ClientError;

/// Batches of one partition, in the order of the log.
#[derive(Clone, Debug)]
pub struct PartitionRecords {
    /// Where they come from.
    pub partition: TopicPartition,
    /// The first offset that was asked for; batches may begin before it.
    pub position: Offset,
    /// The offset to go on at.
    pub next_position: Offset,
    /// The first offset not yet replicated to all in-sync replicas.
    pub high_watermark: Offset,
    pub(super) batches: Bytes,
    pub(super) aborted: Option<AbortedTransactions>,
    pub(super) check_crcs: bool,
}

impl PartitionRecords {
    /// Lends every record that is to be seen, in order, until `visit` breaks.
    ///
    /// # Errors
    /// When the batches are damaged.
    pub fn for_each<B>(
        &self,
        mut visit: impl FnMut(RecordView<'_>) -> ControlFlow<B>,
    ) -> Result<ControlFlow<B>, ClientError> {
        let limits = Limits::default();
        let mut aborted = self.aborted.clone();
        for batch in Batches::new(self.batches.clone()) {
            let batch = batch.map_err(|error| self.corrupt(&error))?;
            if self.check_crcs {
                batch.verify_crc().map_err(|error| self.corrupt(&error))?;
            }
            if let AnyBatch::Batch(batch) = &batch {
                let hidden = match &mut aborted {
                    Some(aborted) => aborted.hide(batch, limits).map_err(|error| self.corrupt(&error))?,
                    None => batch.header().attributes.is_control(),
                };
                if hidden {
                    continue;
                }
            }
            let mut records = batch.records(limits).map_err(|error| self.corrupt(&error))?;
            while let Some(record) = records.next().map_err(|error| self.corrupt(&error))? {
                if record.offset >= self.position
                    && let ControlFlow::Break(with) = visit(record)
                {
                    return Ok(ControlFlow::Break(with));
                }
            }
        }
        Ok(ControlFlow::Continue(()))
    }

    fn corrupt(&self, error: &dyn std::fmt::Display) -> ClientError {
        corrupt(&self.partition, self.position, error)
    }
}

/// The position behind the last whole batch of `batches`; `None` where there is none.
pub(super) fn next_position(
    partition: &TopicPartition,
    position: Offset,
    batches: &Bytes,
) -> Result<Option<Position>, ClientError> {
    let mut next = None;
    for batch in Batches::new(batches.clone()) {
        let batch = batch.map_err(|error| corrupt(partition, position, &error))?;
        let epoch = match &batch {
            AnyBatch::Batch(batch) => batch.header().partition_leader_epoch,
            _ => LeaderEpoch::NONE,
        };
        next = Some(Position { offset: batch.last_offset().plus(1), epoch });
    }
    Ok(next)
}

fn corrupt(partition: &TopicPartition, position: Offset, error: &dyn std::fmt::Display) -> ClientError {
    ClientError::CorruptRecords {
        subject: partition.to_string(),
        offset: position.0,
        reason: error.to_string(),
    }
}
