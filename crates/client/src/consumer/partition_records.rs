//! What one fetch brought of one partition.

use std::ops::ControlFlow;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use record::{AnyBatch, Batches, Limits, RecordBatch, RecordView, RecordsPosition};
use types::{LeaderEpoch, Offset, TopicPartition};

use crate::consumer::aborted_transactions::AbortedTransactions;
use crate::consumer::machine::Position;
use crate::error::ClientError;
use crate::serialization::Deserializer;

/// A batch that is handed out in parts is held inflated up to this size; a larger one is inflated again for each part.
const INFLATED_MAX: usize = 64 << 20;

/// Where the next part of a batch begins: several may be of one batch, which is inflated and walked once for all of them.
#[derive(Clone, Debug)]
struct Cut {
    /// Of the first record behind it.
    offset: Offset,
    /// Uncompressed.
    batch: RecordBatch,
    at: RecordsPosition,
}

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
    /// Where the part that was read last ended; shared by the parts of what one fetch brought.
    pub(super) cut: LastCut,
}

#[derive(Clone, Debug, Default)]
pub(super) struct LastCut(Arc<Mutex<Option<Cut>>>);

impl LastCut {
    fn take(&self) -> Option<Cut> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    fn put(&self, cut: Cut) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(cut);
    }
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
            // It was handed out before, but may begin or end a transaction.
            let is_behind = batch.last_offset() < self.position;
            if is_behind && aborted.is_none() {
                continue;
            }
            let base = batch.header().base_offset();
            if base.is_some_and(|base| base >= self.next_position) {
                break;
            }
            let begins_inside = base.is_none_or(|base| base < self.position);
            let is_part = !is_behind && (begins_inside || batch.last_offset() >= self.next_position);
            let cut = if is_part { self.cut.take() } else { None }
                .filter(|cut| cut.offset == self.position && Some(cut.batch.header().base_offset) == base);
            if self.check_crcs && cut.is_none() {
                batch.verify_crc().map_err(|error| self.corrupt(&error))?;
            }
            if let AnyBatch::Batch(batch) = &batch {
                let hidden = match &mut aborted {
                    Some(aborted) => aborted.hide(batch, limits).map_err(|error| self.corrupt(&error))?,
                    None => batch.header().attributes.is_control(),
                };
                if hidden || is_behind {
                    continue;
                }
            }
            if let AnyBatch::Batch(batch) = &batch
                && is_part
            {
                if let ControlFlow::Break(with) = self.visit_part(batch, cut, limits, &mut visit)? {
                    return Ok(ControlFlow::Break(with));
                }
                continue;
            }
            let mut records = batch.records(limits).map_err(|error| self.corrupt(&error))?;
            while let Some(record) = records.next().map_err(|error| self.corrupt(&error))? {
                if record.offset >= self.next_position {
                    return Ok(ControlFlow::Continue(()));
                }
                if record.offset >= self.position
                    && let ControlFlow::Break(with) = visit(record)
                {
                    return Ok(ControlFlow::Break(with));
                }
            }
        }
        Ok(ControlFlow::Continue(()))
    }

    /// Lends those records of a batch that belong to this part of it, and notes where the next part begins.
    fn visit_part<B>(
        &self,
        batch: &RecordBatch,
        cut: Option<Cut>,
        limits: Limits,
        visit: &mut impl FnMut(RecordView<'_>) -> ControlFlow<B>,
    ) -> Result<ControlFlow<B>, ClientError> {
        let corrupt = |error| self.corrupt(&error);
        let (plain, from) = match cut {
            Some(cut) => (Some(cut.batch), Some(cut.at)),
            None => (batch.inflated(limits, INFLATED_MAX).map_err(corrupt)?, None),
        };
        let plain = plain.as_ref().unwrap_or(batch);
        let records = match from {
            Some(at) => plain.records_from(at, limits),
            None => plain.records(limits),
        };
        let mut records = records.map_err(corrupt)?;
        loop {
            let at = records.position();
            let Some(record) = records.next().map_err(corrupt)? else { return Ok(ControlFlow::Continue(())) };
            if record.offset >= self.next_position {
                if let Some(at) = at {
                    self.cut.put(Cut { offset: self.next_position, batch: plain.clone(), at });
                }
                return Ok(ControlFlow::Continue(()));
            }
            if record.offset >= self.position
                && let ControlFlow::Break(with) = visit(record)
            {
                return Ok(ControlFlow::Break(with));
            }
        }
    }

    /// Parts the front off, with at most `max` records: whole batches, unless the first alone has more. Returns it with the
    /// leader epoch of its last record, and leaves the rest; `None` where that would be nothing.
    pub(super) fn part_front(&mut self, max: usize) -> Option<(Self, LeaderEpoch)> {
        let max = i64::try_from(max.max(1)).unwrap_or(i64::MAX);
        let (mut count, mut bytes) = (0, 0);
        let mut end = None;
        for batch in Batches::new(self.batches.clone()).map_while(Result::ok) {
            let epoch = match &batch {
                AnyBatch::Batch(batch) => batch.header().partition_leader_epoch,
                _ => LeaderEpoch::NONE,
            };
            let next = batch.last_offset().plus(1);
            if next > self.position {
                let first =
                    batch.header().base_offset().map_or(self.position, |base| base.max(self.position));
                // Offsets rise: there are no more records than that.
                count += next.0 - first.0;
                if count > max {
                    end = end.or(Some((first.plus(max), epoch, bytes)));
                    break;
                }
                end = Some((next, epoch, bytes + batch.size()));
            }
            bytes += batch.size();
        }
        let (end, epoch, bytes) = end.filter(|(end, ..)| *end < self.next_position)?;
        let front = Self { next_position: end, ..self.clone() };
        self.position = end;
        if self.aborted.is_none() {
            self.batches = self.batches.slice(bytes..);
        }
        Some((front, epoch))
    }

    /// Every record that is to be seen, with its key and value made sense of.
    ///
    /// # Errors
    /// As [`Self::for_each`], and `Serialization` at the first key or value that makes none.
    pub fn deserialize<K, V>(
        &self,
        key_deserializer: &impl Deserializer<K>,
        value_deserializer: &impl Deserializer<V>,
    ) -> Result<Vec<ConsumerRecord<K, V>>, ClientError> {
        let topic = &*self.partition.topic;
        let mut records = Vec::new();
        let ended = self.for_each(|record| {
            let failed = |what: &str, reason| ClientError::Serialization {
                what: format!("{what} of {} at offset {}", self.partition, record.offset),
                reason,
            };
            let key = record.key.map(|bytes| key_deserializer.deserialize(topic, bytes)).transpose();
            let value = record.value.map(|bytes| value_deserializer.deserialize(topic, bytes)).transpose();
            let (key, value) = match (key, value) {
                (Ok(key), Ok(value)) => (key, value),
                (Err(reason), _) => return ControlFlow::Break(failed("key", reason)),
                (_, Err(reason)) => return ControlFlow::Break(failed("value", reason)),
            };
            let headers = record.headers.iter();
            records.push(ConsumerRecord {
                offset: record.offset,
                timestamp: record.timestamp,
                key,
                value,
                headers: headers.map(|it| (it.key.to_vec(), it.value.map(<[u8]>::to_vec))).collect(),
            });
            ControlFlow::Continue(())
        })?;
        match ended {
            ControlFlow::Break(error) => Err(error),
            ControlFlow::Continue(()) => Ok(records),
        }
    }

    fn corrupt(&self, error: &dyn std::fmt::Display) -> ClientError {
        corrupt(&self.partition, self.position, error)
    }
}

/// A record whose key and value are values again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConsumerRecord<K, V> {
    /// Its place in the partition.
    pub offset: Offset,
    /// Milliseconds since 1970.
    pub timestamp: i64,
    /// `None` is null.
    pub key: Option<K>,
    /// `None` is null.
    pub value: Option<V>,
    /// In order; keys may repeat.
    pub headers: Vec<(Vec<u8>, Option<Vec<u8>>)>,
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

#[cfg(test)]
mod tests {
    use record::{BatchBuilder, BatchOptions, Codec, Compression};

    use super::*;

    fn batch(base: i64, count: i64) -> Bytes {
        let compression = Compression::of(Codec::Zstd);
        let options = BatchOptions { base_offset: Offset(base), compression, ..BatchOptions::default() };
        let mut builder = BatchBuilder::new(options).expect("a level of the codec");
        for offset in base..base + count {
            builder.append(0, None, Some(offset.to_string().as_bytes()), &[]).expect("fits");
        }
        builder.build().expect("builds").expect("has records")
    }

    #[test]
    fn each_part_of_a_batch_goes_on_where_the_one_before_ended() {
        let mut rest = PartitionRecords {
            partition: TopicPartition::new("t", 0),
            position: Offset(0),
            next_position: Offset(20),
            high_watermark: Offset(20),
            batches: [batch(0, 10), batch(10, 10)].concat().into(),
            aborted: None,
            check_crcs: true,
            cut: LastCut::default(),
        };
        let mut read = Vec::new();
        let mut cuts = Vec::new();
        loop {
            let part = rest.part_front(4).map(|(front, _)| front);
            let part = part.as_ref().unwrap_or(&rest);
            let whole = part.for_each(|record| {
                read.push(record.offset.0);
                ControlFlow::<()>::Continue(())
            });
            assert_eq!(whole, Ok(ControlFlow::Continue(())));
            let cut = part.cut.take();
            cuts.push(cut.as_ref().map(|cut| (cut.offset.0, cut.batch.header().base_offset.0)));
            cut.into_iter().for_each(|cut| part.cut.put(cut));
            if part.next_position == Offset(20) {
                break;
            }
        }
        assert_eq!(read, (0..20).collect::<Vec<i64>>());
        let inside = |offset, base| Some((offset, base));
        assert_eq!(cuts, [inside(4, 0), inside(8, 0), None, inside(14, 10), inside(18, 10), None]);
    }
}
