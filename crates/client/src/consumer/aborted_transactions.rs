//! Which batches a reader of committed records passes over (KIP-98).
//!
//! The broker names, for a range of batches, the aborted transactions that reach into it, by producer and first offset.
//! A producer's batches are passed over from there until its abort marker.

use std::collections::BTreeSet;

use record::{ControlRecordType, Limits, RecordBatch, RecordError, control_batch};
use types::{Offset, ProducerId};

/// Follows the aborted transactions of one fetched range.
#[derive(Clone, Debug, Default)]
pub(crate) struct AbortedTransactions {
    /// Not begun yet, the next one last.
    upcoming: Vec<(Offset, ProducerId)>,
    open: BTreeSet<ProducerId>,
}

impl AbortedTransactions {
    /// Producer and first offset of each, in any order.
    pub(crate) fn new(transactions: impl IntoIterator<Item = (ProducerId, Offset)>) -> Self {
        let mut upcoming: Vec<_> = transactions.into_iter().map(|(id, first)| (first, id)).collect();
        upcoming.sort_unstable_by(|left, right| right.cmp(left));
        Self { upcoming, open: BTreeSet::new() }
    }

    /// Whether the records of `batch` are aborted. Batches come in the order of the log.
    pub(crate) fn hide(&mut self, batch: &RecordBatch, limits: Limits) -> Result<bool, RecordError> {
        let header = batch.header();
        while let Some((_, id)) = self.upcoming.pop_if(|(first, _)| *first <= header.last_offset()) {
            self.open.insert(id);
        }
        if header.attributes.is_control() {
            let mut records = batch.records(limits)?;
            let marker = records.next()?.and_then(|record| control_batch::parse_key(record.key?));
            if marker == Some(ControlRecordType::Abort.id()) {
                self.open.remove(&header.producer_id);
            }
            return Ok(true);
        }
        Ok(header.attributes.is_transactional() && self.open.contains(&header.producer_id))
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use record::{BatchBuilder, BatchOptions, EndTxnMarker};
    use types::{ProducerEpoch, Sequence};

    use super::*;

    fn batch(offset: i64, producer: i64, transactional: bool) -> RecordBatch {
        let mut builder = BatchBuilder::new(BatchOptions {
            base_offset: Offset(offset),
            producer_id: ProducerId(producer),
            producer_epoch: ProducerEpoch(0),
            base_sequence: Sequence(0),
            transactional,
            ..BatchOptions::default()
        })
        .expect("no codec to refuse");
        builder.append(0, None, Some(b"v"), &[]).expect("fits");
        RecordBatch::new(builder.build().expect("builds").expect("has a record")).expect("is a batch")
    }

    fn abort_marker(offset: i64, producer: i64) -> RecordBatch {
        let mut builder = BatchBuilder::new(BatchOptions {
            base_offset: Offset(offset),
            producer_id: ProducerId(producer),
            producer_epoch: ProducerEpoch(0),
            transactional: true,
            control: true,
            ..BatchOptions::default()
        })
        .expect("no codec to refuse");
        let value = EndTxnMarker { coordinator_epoch: 0 }.encode();
        builder.append_control(0, ControlRecordType::Abort, &value).expect("fits");
        let bytes: Bytes = builder.build().expect("builds").expect("has a record");
        RecordBatch::new(bytes).expect("is a batch")
    }

    #[test]
    fn records_are_hidden_from_the_first_aborted_one_to_the_marker() {
        let aborted = [(ProducerId(1), Offset(2)), (ProducerId(1), Offset(6)), (ProducerId(2), Offset(3))];
        let mut transactions = AbortedTransactions::new(aborted);
        let mut check = |batch: RecordBatch, hidden: bool| {
            let at = batch.header().base_offset;
            assert_eq!(transactions.hide(&batch, Limits::default()).expect("readable"), hidden, "at {at}");
        };
        check(batch(1, 1, true), false);
        check(batch(2, 1, true), true);
        check(batch(3, 2, true), true);
        check(abort_marker(4, 1), true);
        check(batch(5, 1, true), false);
        check(batch(6, 1, true), true);
        check(batch(7, 1, false), false);
        check(batch(8, 3, true), false);
        check(batch(9, 2, true), true);
    }
}
