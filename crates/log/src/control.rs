//! Reading the decision out of a control batch.

use bytes::Bytes;
use partition::producer_state::EndTransactionMarker;
use record::{ControlRecordType, EndTxnMarker, Limits, RecordBatch, control_batch};

/// The end of a transaction that a control batch carries; `None` where it carries none: a KRaft record, or a marker
/// that was compacted away or cannot be read.
pub(crate) fn end_transaction_marker(batch: Bytes) -> Option<EndTransactionMarker> {
    let batch = RecordBatch::new(batch).ok()?;
    let mut records = batch.records(Limits::default()).ok()?;
    let record = records.next().ok()??;
    let is_commit = match ControlRecordType::from_id(control_batch::parse_key(record.key?)?)? {
        ControlRecordType::Commit => true,
        ControlRecordType::Abort => false,
        _ => return None,
    };
    let value = EndTxnMarker::decode(record.value?)?;
    Some(EndTransactionMarker {
        is_commit,
        coordinator_epoch: value.coordinator_epoch,
        timestamp_ms: record.timestamp,
    })
}
