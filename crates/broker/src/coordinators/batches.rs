//! A coordinator's records as batches, and batches as what a shard replays.

use bytes::Bytes;
use coordinator::runtime::EndOfTransaction;
use coordinator::{CoordinatorRecord, MalformedRecord, Shard, Written};
use record::control_batch::MarkerOwner;
use record::{
    AnyBatch, AnyHeader, BatchBuilder, BatchError, BatchOptions, BuildError, Compression, ControlRecordType,
    Limits, RecordError, control_batch,
};
use types::{ProducerEpoch, ProducerId, Sequence};

/// Records as one batch, of a transaction where one is named. Tombstones alone may become several: each is true by itself, and there may be more of them
/// than `bytes_max` allows.
///
/// # Errors
/// See [`BuildError`].
pub(super) fn encode(
    records: &[CoordinatorRecord],
    transaction: Option<(ProducerId, ProducerEpoch)>,
    compression: Compression,
    now_ms: i64,
    bytes_max: usize,
) -> Result<Vec<Bytes>, BuildError> {
    let may_split = records.iter().all(|record| record.value.is_none());
    let mut options = BatchOptions { compression, ..BatchOptions::default() };
    if let Some((producer_id, producer_epoch)) = transaction {
        // A coordinator does not count its batches; Kafka writes 0.
        let base_sequence = Sequence(0);
        options = BatchOptions { producer_id, producer_epoch, base_sequence, transactional: true, ..options };
    }
    let mut batches = Vec::with_capacity(1);
    let mut builder = BatchBuilder::new(options)?;
    for record in records {
        let (key, value) = (Some(&record.key[..]), record.value.as_deref());
        let size = BatchBuilder::record_size(0, builder.count(), key, value, &[]);
        if may_split && !builder.is_empty() && builder.uncompressed_size() + size > bytes_max {
            batches.extend(std::mem::replace(&mut builder, BatchBuilder::new(options)?).build()?);
        }
        builder.append(now_ms, key, value, &[])?;
    }
    batches.extend(builder.build()?);
    Ok(batches)
}

/// The marker that ends a transaction, as a batch.
///
/// # Errors
/// See [`BuildError`].
pub(crate) fn encode_marker(end: &EndOfTransaction, now_ms: i64) -> Result<Bytes, BuildError> {
    let kind = if end.is_committed { ControlRecordType::Commit } else { ControlRecordType::Abort };
    let (producer_id, producer_epoch) = end.producer;
    let owner = MarkerOwner { producer_id, producer_epoch, coordinator_epoch: end.coordinator_epoch };
    control_batch::end_transaction(kind, owner, now_ms)
}

/// Why a batch cannot be replayed.
#[derive(Debug, thiserror::Error)]
pub(super) enum ReplayError {
    #[error(transparent)]
    Batch(#[from] BatchError),
    #[error(transparent)]
    Records(#[from] RecordError),
    #[error(transparent)]
    Record(#[from] MalformedRecord),
}

/// Replays a batch of a coordinator's log.
///
/// # Errors
/// See [`ReplayError`].
pub(super) fn replay<S: Shard>(shard: &mut S, batch: &AnyBatch) -> Result<(), ReplayError> {
    batch.verify_crc()?;
    let (mut is_control, mut transaction) = (false, None);
    if let AnyHeader::Batch(header) = batch.header() {
        is_control = header.attributes.is_control();
        if header.attributes.is_transactional() {
            transaction = Some((header.producer_id, header.producer_epoch));
        }
    }
    let mut records = batch.records(Limits::default())?;
    while let Some(record) = records.next()? {
        if is_control {
            replay_marker(shard, record.key, transaction);
            continue;
        }
        let key = record.key.map(Bytes::copy_from_slice).ok_or_else(|| MalformedRecord {
            kind: "record",
            reason: format!("the record at offset {} has no key", record.offset),
        })?;
        let value = record.value.map(Bytes::copy_from_slice);
        let written = Written { offset: record.offset, transaction };
        shard.replay(written, &CoordinatorRecord { key, value })?;
    }
    Ok(())
}

fn replay_marker<S: Shard>(
    shard: &mut S,
    key: Option<&[u8]>,
    transaction: Option<(ProducerId, ProducerEpoch)>,
) {
    let kind = key.and_then(control_batch::parse_key).and_then(ControlRecordType::from_id);
    let is_committed = match kind {
        Some(ControlRecordType::Commit) => true,
        Some(ControlRecordType::Abort) => false,
        // Other control records concern the log, not the coordinator.
        _ => return,
    };
    if let Some(producer) = transaction {
        shard.replay_end_of_transaction(producer, is_committed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(key: usize, value: Option<&'static [u8]>) -> CoordinatorRecord {
        CoordinatorRecord {
            key: Bytes::from(format!("key-{key}").into_bytes()),
            value: value.map(Bytes::from_static),
        }
    }

    #[test]
    fn records_that_say_something_stay_in_one_batch() {
        let records: Vec<_> = (0..100).map(|key| record(key, Some(b"value"))).collect();
        assert_eq!(encode(&records, None, Compression::None, 0, 100).expect("encoded").len(), 1);
    }

    #[test]
    fn tombstones_are_spread_over_batches_that_fit() {
        let records: Vec<_> = (0..100).map(|key| record(key, None)).collect();
        let batches = encode(&records, None, Compression::None, 0, 200).expect("encoded");
        assert!(batches.len() > 5 && batches.iter().all(|batch| batch.len() <= 200));
        let count = |batch: &Bytes| {
            let batch = AnyBatch::new(batch.clone()).expect("a batch");
            let mut records = batch.records(Limits::default()).expect("records");
            std::iter::from_fn(|| records.next().expect("a record").map(drop)).count()
        };
        assert_eq!(batches.iter().map(count).sum::<usize>(), 100);
    }
}
