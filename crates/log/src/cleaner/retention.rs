//! What stays of one batch.

use std::collections::BTreeMap;

use bytes::Bytes;
use record::{
    AnyBatch, BatchBuilder, BatchOptions, BuildError, Codec, Compression, LegacyBatch, Limits, RecordBatch,
    RecordError, TimestampType,
};
use types::{Offset, ProducerEpoch, ProducerId};

use super::offset_map::OffsetMap;
use super::read::control_key;
use super::transactions::{CleanedTransactions, MarkerFate};
use crate::index::AbortedTransaction;

/// The newest that the log has of a producer: it must not be forgotten.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum LastOfProducer {
    /// Its last record, whose batch tells the sequence that comes next.
    Data(Offset),
    /// It wrote no record in this epoch: the marker that tells the epoch.
    Marker(ProducerEpoch),
}

/// What one cleaning goes by.
#[derive(Debug)]
pub(super) struct Retention<'a> {
    pub(super) map: &'a OffsetMap,
    pub(super) producers: &'a BTreeMap<ProducerId, LastOfProducer>,
    /// The batch that ends here stays, if need be empty: it tells where the cleaned part ends.
    pub(super) end: Offset,
    pub(super) now_ms: i64,
    /// `delete.retention.ms`.
    pub(super) delete_retention_ms: i64,
}

/// What stays of a batch.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Kept {
    /// `None`: nothing.
    pub(super) batch: Option<Bytes>,
    /// To enter into the index of what is written.
    pub(super) aborted: Option<AbortedTransaction>,
}

/// Why a batch cannot be cleaned.
#[derive(Debug, thiserror::Error)]
pub(super) enum BatchFailure {
    #[error(transparent)]
    Record(#[from] RecordError),
    #[error(transparent)]
    Build(#[from] BuildError),
}

/// What a look at the records says.
#[derive(Clone, Copy, Debug, Default)]
struct Count {
    kept: usize,
    dropped: usize,
    first_kept: Option<Offset>,
    tombstones: usize,
}

impl Retention<'_> {
    /// Decides on a batch, the next one in the log.
    pub(super) fn keep(
        &self,
        batch: &AnyBatch,
        transactions: &mut CleanedTransactions,
    ) -> Result<Kept, BatchFailure> {
        match batch {
            AnyBatch::Batch(current) if current.header().attributes.is_control() => {
                self.keep_control(batch, current, transactions)
            }
            AnyBatch::Batch(current) => {
                let is_aborted = transactions.on_data(current);
                let kept = self.keep_records(batch, is_aborted, false)?;
                Ok(Kept { batch: kept, aborted: None })
            }
            AnyBatch::Legacy(_) => Ok(Kept { batch: self.keep_records(batch, false, false)?, aborted: None }),
        }
    }

    fn keep_control(
        &self,
        batch: &AnyBatch,
        current: &RecordBatch,
        transactions: &mut CleanedTransactions,
    ) -> Result<Kept, BatchFailure> {
        let key = control_key(current)?;
        match transactions.on_control(current, key.as_deref()) {
            MarkerFate::Stays(aborted) => {
                Ok(Kept { batch: self.keep_records(batch, false, false)?, aborted })
            }
            MarkerFate::MayGo => {
                let has_expired =
                    current.header().delete_horizon_ms().is_some_and(|at_ms| at_ms <= self.now_ms);
                Ok(Kept { batch: self.keep_records(batch, has_expired, true)?, aborted: None })
            }
        }
    }

    /// `drops_all`: none of its records stays. `starts_horizon`: it is a marker that may go after a while.
    fn keep_records(
        &self,
        batch: &AnyBatch,
        drops_all: bool,
        starts_horizon: bool,
    ) -> Result<Option<Bytes>, BatchFailure> {
        let must_stay = self.must_stay(batch);
        if drops_all {
            return if must_stay { Ok(Some(emptied(batch)?)) } else { Ok(None) };
        }
        let count = self.count(batch)?;
        if count.kept == 0 {
            return if must_stay { Ok(Some(emptied(batch)?)) } else { Ok(None) };
        }
        let horizon_ms = match batch {
            AnyBatch::Batch(current) => current.header().delete_horizon_ms(),
            AnyBatch::Legacy(_) => None,
        };
        let begins = (starts_horizon || count.tombstones > 0) && horizon_ms.is_none();
        if let AnyBatch::Batch(current) = batch
            && count.dropped == 0
            && !begins
        {
            return Ok(Some(current.bytes().clone()));
        }
        let new_horizon_ms = self.now_ms.saturating_add(self.delete_retention_ms);
        let horizon_ms = if begins { Some(new_horizon_ms) } else { horizon_ms };
        self.rewritten(batch, count, horizon_ms).map(Some)
    }

    /// Whether a batch stays even without records.
    fn must_stay(&self, batch: &AnyBatch) -> bool {
        let ends_the_round = batch.last_offset().plus(1) == self.end;
        let AnyBatch::Batch(current) = batch else { return ends_the_round };
        let header = current.header();
        let is_last_of_producer = match self.producers.get(&header.producer_id) {
            Some(LastOfProducer::Data(offset)) => header.last_offset() == *offset,
            Some(LastOfProducer::Marker(epoch)) => {
                header.attributes.is_control() && header.producer_epoch == *epoch
            }
            None => false,
        };
        ends_the_round || (header.has_producer_id() && is_last_of_producer)
    }

    fn count(&self, batch: &AnyBatch) -> Result<Count, RecordError> {
        let mut count = Count::default();
        let mut records = batch.records(Limits::default())?;
        while let Some(record) = records.next()? {
            if self.stays(batch, record.offset, record.key, record.value) {
                count.kept += 1;
                count.first_kept.get_or_insert(record.offset);
                count.tombstones += usize::from(record.value.is_none());
            } else {
                count.dropped += 1;
            }
        }
        Ok(count)
    }

    fn stays(&self, batch: &AnyBatch, offset: Offset, key: Option<&[u8]>, value: Option<&[u8]>) -> bool {
        let before_horizon = match batch {
            AnyBatch::Batch(current) if current.header().attributes.is_control() => return true,
            AnyBatch::Batch(current) => self.is_before_horizon(current),
            // They get their horizon now, with the new format.
            AnyBatch::Legacy(_) => true,
        };
        if offset > self.map.latest() {
            return true;
        }
        let Some(key) = key else { return false };
        let is_last = self.map.get(key).is_none_or(|last| offset >= last);
        is_last && (value.is_some() || before_horizon)
    }

    fn is_before_horizon(&self, batch: &RecordBatch) -> bool {
        batch.header().delete_horizon_ms().is_none_or(|horizon_ms| self.now_ms < horizon_ms)
    }

    fn rewritten(
        &self,
        batch: &AnyBatch,
        count: Count,
        delete_horizon_ms: Option<i64>,
    ) -> Result<Bytes, BatchFailure> {
        let options = match batch {
            AnyBatch::Batch(current) => options_of(current)?,
            AnyBatch::Legacy(legacy) => {
                options_of_legacy(legacy, count.first_kept.unwrap_or(batch.last_offset()))?
            }
        };
        let mut builder = BatchBuilder::new(BatchOptions { delete_horizon_ms, ..options })?;
        let mut records = batch.records(Limits::default())?;
        while let Some(record) = records.next()? {
            if self.stays(batch, record.offset, record.key, record.value) {
                builder.append_view(record.offset, &record)?;
            }
        }
        if let AnyBatch::Batch(current) = batch {
            // The last sequence follows from it.
            builder.set_last_offset(current.header().last_offset());
        }
        Ok(builder.build()?.expect("records were counted"))
    }
}

fn options_of(batch: &RecordBatch) -> Result<BatchOptions, RecordError> {
    let header = batch.header();
    Ok(BatchOptions {
        base_offset: header.base_offset,
        compression: Compression::of(batch.codec()?),
        timestamp_type: header.attributes.timestamp_type(),
        log_append_time: header.max_timestamp,
        partition_leader_epoch: header.partition_leader_epoch,
        producer_id: header.producer_id,
        producer_epoch: header.producer_epoch,
        base_sequence: header.base_sequence,
        transactional: header.attributes.is_transactional(),
        control: header.attributes.is_control(),
        delete_horizon_ms: header.delete_horizon_ms(),
    })
}

fn options_of_legacy(batch: &LegacyBatch, base_offset: Offset) -> Result<BatchOptions, RecordError> {
    let header = batch.header();
    Ok(BatchOptions {
        base_offset,
        compression: Compression::of(header.codec()?),
        timestamp_type: header.timestamp_type().unwrap_or(TimestampType::CreateTime),
        log_append_time: header.timestamp,
        ..BatchOptions::default()
    })
}

/// The batch without its records.
fn emptied(batch: &AnyBatch) -> Result<Bytes, BatchFailure> {
    let options = match batch {
        AnyBatch::Batch(current) => {
            BatchOptions { compression: Compression::of(Codec::None), ..options_of(current)? }
        }
        AnyBatch::Legacy(legacy) => options_of_legacy(legacy, batch.last_offset())?,
    };
    Ok(BatchBuilder::build_empty(options, batch.last_offset(), batch.max_timestamp())?)
}
