//! What one fetch brought of one partition.

use std::ops::ControlFlow;

use bytes::Bytes;
use record::{AnyBatch, Batches, Limits, RecordView};
use types::{LeaderEpoch, Offset, TopicPartition};

use crate::consumer::aborted_transactions::AbortedTransactions;
use crate::consumer::machine::Position;
use crate::error::ClientError;
use crate::serialization::Deserializer;

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
            // It was handed out before, but may begin or end a transaction.
            let is_behind = batch.last_offset() < self.position;
            if is_behind && aborted.is_none() {
                continue;
            }
            if self.check_crcs {
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
