//! Fetch, as all that read need it: requests made, answers taken apart.

use protocol::Records;
use protocol::messages::fetch_request::{FetchPartition, FetchRequest, FetchTopic};
use protocol::messages::fetch_response::PartitionData;
use protocol::messages::list_offsets_request::{ListOffsetsPartition, ListOffsetsRequest, ListOffsetsTopic};
use record::{AnyBatch, Batches, Limits};
use types::Uuid;

use crate::invariants::{Seen, Violation};
use crate::keyed::{TEXT_HEADER, keyed};
use crate::wire::{Connection, Lost};

/// A request that asks for partitions of one topic from these offsets on; without a session, answered at once.
pub(super) fn fetch_request(id: Uuid, name: &str, from: &[(i32, i64)], bytes_max: i32) -> FetchRequest {
    let partitions = from.iter().map(|(partition, offset)| FetchPartition {
        partition: *partition,
        current_leader_epoch: -1,
        fetch_offset: *offset,
        last_fetched_epoch: -1,
        log_start_offset: -1,
        partition_max_bytes: bytes_max,
        ..Default::default()
    });
    FetchRequest {
        max_bytes: i32::MAX,
        session_epoch: -1,
        topics: vec![FetchTopic {
            topic: name.to_owned(),
            topic_id: id,
            partitions: partitions.collect(),
            ..Default::default()
        }],
        ..Default::default()
    }
}

/// Where a partition's log starts; `None` where it is not served. Asked by name.
pub(super) async fn log_start(
    connection: &mut Connection,
    name: &str,
    partition: i32,
) -> Result<Option<i64>, Lost> {
    const EARLIEST: i64 = -2;
    let request = ListOffsetsRequest {
        replica_id: -1,
        topics: vec![ListOffsetsTopic {
            name: name.to_owned(),
            partitions: vec![ListOffsetsPartition {
                partition_index: partition,
                current_leader_epoch: -1,
                timestamp: EARLIEST,
                ..Default::default()
            }],
            ..Default::default()
        }],
        ..Default::default()
    };
    let version = connection.version::<ListOffsetsRequest>();
    let response = connection.call(&request, version).await?;
    let found = response.topics.first().and_then(|topic| topic.partitions.first());
    Ok(found.filter(|found| found.error_code == 0).map(|found| found.offset))
}

/// What an answer has from an offset on.
pub(super) struct Read {
    pub(super) records: Vec<Seen>,
    /// Where to go on: behind the last batch, whose last records compaction may have taken.
    pub(super) next: i64,
}

/// The records of an answer from `from` on: an answer begins with the batch that holds the offset.
pub(super) fn records_from(place: &str, data: &PartitionData, from: i64) -> Result<Read, Violation> {
    let mut next = from;
    let Some(Records::Bytes(bytes)) = &data.records else { return Ok(Read { records: Vec::new(), next }) };
    let broken =
        |detail: String| Violation::new("batches_are_whole", format!("{place} from {from}: {detail}"));
    let mut seen = Vec::new();
    for batch in Batches::new(bytes.clone()) {
        let batch = batch.map_err(|error| broken(error.to_string()))?;
        batch.verify_crc().map_err(|error| broken(error.to_string()))?;
        let AnyBatch::Batch(batch) = batch else { return Err(broken("an old format".to_owned())) };
        next = next.max(batch.header().last_offset().0 + 1);
        let mut records = batch.records(Limits::default()).map_err(|error| broken(error.to_string()))?;
        while let Some(record) = records.next().map_err(|error| broken(error.to_string()))? {
            if record.offset.0 >= from {
                let header = record.headers.iter().find(|header| header.key == TEXT_HEADER);
                let text = record.value.or(header.and_then(|header| header.value)).unwrap_or_default();
                let value = String::from_utf8_lossy(text).into_owned();
                let keyed = keyed(&value);
                if keyed.map(|it| (it.key.as_bytes(), it.is_tombstone))
                    != record.key.map(|key| (key, record.value.is_none()))
                {
                    return Err(broken(format!("key {:?} with {value}", record.key)));
                }
                seen.push(Seen { offset: record.offset.0, timestamp: record.timestamp, value });
            }
        }
    }
    Ok(Read { records: seen, next })
}
