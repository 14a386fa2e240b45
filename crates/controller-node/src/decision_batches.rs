//! Cuts a decision into batches of the metadata log.

use bytes::Bytes;
use metadata::{MetadataRecord, MetadataVersion, RecordError, encode_record};

/// Why a decision cannot be written. Nothing of it was; it is a fault of ours, and fails whoever asked, not the node.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UnwritableDecision {
    /// A record has no form at the cluster's metadata version.
    #[error(transparent)]
    Record(#[from] RecordError),
    /// A record does not fit into a batch.
    #[error("a metadata record of {bytes} bytes does not fit into a batch of {bytes_max}")]
    RecordTooLarge {
        /// Its length.
        bytes: usize,
        /// Most bytes of a batch.
        bytes_max: usize,
    },
    /// The decision must be one batch and does not fit into one.
    #[error("an atomic decision of {records} records does not fit into one batch of the metadata log")]
    AtomicTooLarge {
        /// Its records.
        records: usize,
    },
}

/// Most records in one batch (as in Kafka).
const RECORDS_MAX: usize = 10_000;
/// Bytes that a record takes in a batch beside its value, at most.
const RECORD_OVERHEAD_MAX: usize = 32;

/// The values of `records` in batches of at most `bytes_max` bytes; in one batch where they must be `atomic`.
///
/// # Errors
/// See [`UnwritableDecision`].
pub(crate) fn decision_batches(
    records: &[MetadataRecord],
    atomic: bool,
    version: MetadataVersion,
    bytes_max: usize,
) -> Result<Vec<Vec<Bytes>>, UnwritableDecision> {
    let mut batches: Vec<Vec<Bytes>> = Vec::new();
    let mut batch_bytes = 0;
    for record in records {
        let value = encode_record(record, version)?;
        let bytes = value.len() + RECORD_OVERHEAD_MAX;
        if bytes > bytes_max {
            return Err(UnwritableDecision::RecordTooLarge { bytes, bytes_max });
        }
        match batches.last_mut() {
            Some(batch) if batch.len() < RECORDS_MAX && batch_bytes + bytes <= bytes_max => {
                batch.push(value);
                batch_bytes += bytes;
            }
            Some(_) if atomic => return Err(UnwritableDecision::AtomicTooLarge { records: records.len() }),
            _ => {
                batches.push(vec![value]);
                batch_bytes = bytes;
            }
        }
    }
    Ok(batches)
}

#[cfg(test)]
mod tests {
    use protocol::records::topic_record::TopicRecord;

    use super::*;

    fn topics(count: usize, name_length: usize) -> Vec<MetadataRecord> {
        let record = TopicRecord { name: "x".repeat(name_length), ..Default::default() };
        vec![record.into(); count]
    }

    fn check(records: &[MetadataRecord], atomic: bool, expect: Result<&[usize], UnwritableDecision>) {
        let batches = decision_batches(records, atomic, MetadataVersion::LATEST_PRODUCTION, 1_000);
        let lengths = batches.map(|batches| batches.iter().map(Vec::len).collect::<Vec<_>>());
        assert_eq!(lengths, expect.map(<[usize]>::to_vec));
    }

    #[test]
    fn decisions_are_cut_where_a_batch_is_full_unless_they_are_atomic() {
        check(&[], true, Ok(&[]));
        // A topic of this name takes 153 bytes with what the batch adds.
        check(&topics(6, 100), true, Ok(&[6]));
        check(&topics(7, 100), false, Ok(&[6, 1]));
        check(&topics(7, 100), true, Err(UnwritableDecision::AtomicTooLarge { records: 7 }));
        let too_large = UnwritableDecision::RecordTooLarge { bytes: 1_054, bytes_max: 1_000 };
        check(&topics(1, 1_000), false, Err(too_large));
    }

    #[test]
    fn a_batch_has_ten_thousand_records_at_most() {
        let records = topics(RECORDS_MAX + 1, 1);
        let cut = |atomic| decision_batches(&records, atomic, MetadataVersion::LATEST_PRODUCTION, usize::MAX);
        assert_eq!(cut(false).map(|batches| batches.len()), Ok(2));
        let too_large = UnwritableDecision::AtomicTooLarge { records: RECORDS_MAX + 1 };
        assert_eq!(cut(true), Err(too_large));
    }
}
