//! ListOffsets (key 2), versions 1–11: the offset at a timestamp, or a named one.
//!
//! v2 (KIP-98) isolation; v4 (KIP-320) leader epochs; v6 flexible; v7 (KIP-734) −3; v8 (KIP-405) −4; v9 (KIP-1005) −5;
//! v10 (KIP-1075) timeout; v11 (KIP-1023) −6. Broker listeners. Needs DESCRIBE on the topic.
//!
//! Timestamps: −1 the end (by isolation), −2 the start, −3 the record with the largest timestamp, −4 the start on local
//! disk, −5 and −6 offsets of tiered storage, which is off. Nothing at or beyond the high watermark (read_committed:
//! the last stable offset) is told. A partition listed twice is INVALID_REQUEST; a named timestamp that the version
//! does not know is UNSUPPORTED_VERSION.

use std::collections::BTreeSet;

use broker::Broker;
use broker::fetch_sessions::TopicKey;
use broker::partition::{FoundOffset, Isolation, OffsetQuery, OffsetsRequest};
use net::Request;
use protocol::messages::list_offsets_request::{ListOffsetsPartition, ListOffsetsRequest};
use protocol::messages::list_offsets_response::{
    ListOffsetsPartitionResponse, ListOffsetsResponse, ListOffsetsTopicResponse,
};
use types::{ErrorCode, LeaderEpoch, PartitionIndex};

use crate::authorizer::{Authorizer, Operation, Resource};
use crate::doubled;
use crate::errors;
use crate::exchange::{self, Handled};

/// Answers at once.
pub(crate) fn handle(broker: &Broker, authorizer: &Authorizer, request: &Request) -> Handled {
    let body: ListOffsetsRequest = exchange::decode(request)?;
    let version = request.header.api_version;
    let isolation = match (body.replica_id, body.isolation_level) {
        (replica, _) if replica >= 0 || replica == DEBUGGING_REPLICA => None,
        (_, 1) => Some(Isolation::ReadCommitted),
        _ => Some(Isolation::ReadUncommitted),
    };
    let topics = doubled::merge(
        body.topics,
        |topic| topic.name.clone(),
        |topic, later| topic.partitions.extend(later.partitions),
    );
    let mut response = ListOffsetsResponse::default();
    for topic in topics.iter().filter(|topic| !topic.partitions.is_empty()) {
        let is_allowed =
            authorizer.allows(&request.connection, Operation::Describe, Resource::Topic(&topic.name));
        let doubled = doubled_partitions(&topic.partitions);
        let answer_one = |asked: &ListOffsetsPartition| {
            let mut told = ListOffsetsPartitionResponse {
                partition_index: asked.partition_index,
                timestamp: -1,
                offset: -1,
                leader_epoch: -1,
                ..Default::default()
            };
            let found = if !is_allowed {
                Err(ErrorCode::TopicAuthorizationFailed)
            } else if doubled.contains(&asked.partition_index) {
                Err(ErrorCode::InvalidRequest)
            } else {
                find(broker, &topic.name, asked, isolation, version)
            };
            match found {
                Ok(Some(found)) => {
                    told.timestamp = found.timestamp_ms;
                    told.offset = found.offset.0;
                    if let Some(epoch) = found.leader_epoch.filter(|_| version >= 4) {
                        told.leader_epoch = epoch.0;
                    }
                }
                Ok(None) => {}
                Err(error) => told.error_code = error.code(),
            }
            told
        };
        // One that was asked for twice is told once.
        let mut told = BTreeSet::new();
        let once = topic.partitions.iter().filter(|asked| told.insert(asked.partition_index));
        let partitions = once.map(answer_one).collect();
        response.topics.push(ListOffsetsTopicResponse {
            name: topic.name.clone(),
            partitions,
            ..Default::default()
        });
    }
    exchange::answer(&request.header, &response)
}

/// `replica_id` of tools that look at a log without being a consumer.
const DEBUGGING_REPLICA: i32 = -2;

fn find(
    broker: &Broker,
    topic: &str,
    asked: &ListOffsetsPartition,
    isolation: Option<Isolation>,
    version: i16,
) -> Result<Option<FoundOffset>, ErrorCode> {
    let query = offset_query(asked.timestamp, version)?;
    let key = TopicKey::Name(topic.into());
    let partition = broker
        .find_partition(&key, PartitionIndex(asked.partition_index))
        .map_err(|error| errors::lookup_error(&error))?;
    // Only −1 stands for none: any other epoch below 0 is one from the past.
    let known_epoch = (asked.current_leader_epoch != -1).then_some(LeaderEpoch(asked.current_leader_epoch));
    let found = partition.find_offset(&OffsetsRequest { query, isolation, known_epoch });
    found.map_err(|error| errors::list_offsets_error(&error, version))
}

fn offset_query(timestamp: i64, version: i16) -> Result<OffsetQuery, ErrorCode> {
    let query = OffsetQuery::from_timestamp(timestamp).ok_or(ErrorCode::UnsupportedVersion)?;
    let since = match query {
        OffsetQuery::MaxTimestamp => 7,
        OffsetQuery::EarliestLocal => 8,
        OffsetQuery::LatestTiered => 9,
        OffsetQuery::EarliestPendingUpload => 11,
        OffsetQuery::Latest | OffsetQuery::Earliest | OffsetQuery::AtOrAfter(_) => 1,
    };
    if version >= since { Ok(query) } else { Err(ErrorCode::UnsupportedVersion) }
}

fn doubled_partitions(asked: &[ListOffsetsPartition]) -> BTreeSet<i32> {
    let mut seen = BTreeSet::new();
    let indices = asked.iter().map(|partition| partition.partition_index);
    indices.filter(|index| !seen.insert(*index)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn named_timestamps_are_known_from_their_version_on() {
        assert_eq!(offset_query(-3, 6), Err(ErrorCode::UnsupportedVersion));
        assert_eq!(offset_query(-3, 7), Ok(OffsetQuery::MaxTimestamp));
        assert_eq!(offset_query(-6, 10), Err(ErrorCode::UnsupportedVersion));
        assert_eq!(offset_query(-7, 11), Err(ErrorCode::UnsupportedVersion));
        assert_eq!(offset_query(0, 1), Ok(OffsetQuery::AtOrAfter(0)));
    }
}
