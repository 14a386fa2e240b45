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
use std::sync::Arc;

use broker::Broker;
use broker::fetch_sessions::TopicKey;
use broker::partition::{Isolation, OffsetQuery, OffsetsRequest, Partition};
use net::{Answer, Request};
use protocol::messages::list_offsets_request::{ListOffsetsPartition, ListOffsetsRequest};
use protocol::messages::list_offsets_response::{
    ListOffsetsPartitionResponse, ListOffsetsResponse, ListOffsetsTopicResponse,
};
use types::{ErrorCode, LeaderEpoch, PartitionIndex};

use crate::authorizer::{Authorizer, Operation, Resource};
use crate::doubled;
use crate::errors;
use crate::exchange::{self, Handled};

/// Answers at once, unless a log has to be searched: that may wait for a disk, which is not this thread's to do.
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
    let mut call = Call { version, response: ListOffsetsResponse::default(), searches: Vec::new() };
    for topic in topics.iter().filter(|topic| !topic.partitions.is_empty()) {
        let is_allowed =
            authorizer.allows(&request.connection, Operation::Describe, Resource::Topic(&topic.name));
        let doubled = doubled_partitions(&topic.partitions);
        let name = topic.name.clone();
        call.response.topics.push(ListOffsetsTopicResponse { name, ..Default::default() });
        // One that was asked for twice is told once.
        let mut told = BTreeSet::new();
        for asked in topic.partitions.iter().filter(|asked| told.insert(asked.partition_index)) {
            let search = if !is_allowed {
                Err(ErrorCode::TopicAuthorizationFailed)
            } else if doubled.contains(&asked.partition_index) {
                Err(ErrorCode::InvalidRequest)
            } else {
                search(broker, &topic.name, asked, isolation, version)
            };
            call.add(asked.partition_index, search);
        }
    }
    if call.searches.is_empty() {
        return exchange::answer(&request.header, &call.response);
    }
    let (blocking, header) = (broker.blocking(), request.header.clone());
    Ok(Answer::Later(Box::pin(async move {
        let response = blocking.run(move || call.searched()).await;
        exchange::respond(&header, &response, Vec::new()).unwrap_or_else(|error| {
            tracing::error!(%error, "a ListOffsets response could not be encoded");
            net::Response::default()
        })
    })))
}

/// The request's answer as it grows.
struct Call {
    version: i16,
    response: ListOffsetsResponse,
    /// What has to be searched for, and for what place in the response: topic and partition.
    searches: Vec<((usize, usize), Search)>,
}

/// One partition's question.
struct Search {
    partition: Arc<Partition>,
    request: OffsetsRequest,
}

impl Call {
    /// Adds a partition of the topic that came last.
    fn add(&mut self, partition_index: i32, search: Result<Search, ErrorCode>) {
        let topic = self.response.topics.len() - 1;
        let partitions = &mut self.response.topics[topic].partitions;
        let place = (topic, partitions.len());
        partitions.push(ListOffsetsPartitionResponse {
            partition_index,
            timestamp: -1,
            offset: -1,
            leader_epoch: -1,
            ..Default::default()
        });
        match search {
            Err(error) => partitions[place.1].error_code = error.code(),
            Ok(search) => match search.request.query {
                OffsetQuery::AtOrAfter(_) | OffsetQuery::MaxTimestamp => self.searches.push((place, search)),
                _ => self.tell(place, &search),
            },
        }
    }

    fn tell(&mut self, (topic, partition): (usize, usize), search: &Search) {
        let told = &mut self.response.topics[topic].partitions[partition];
        match search.partition.find_offset(&search.request) {
            Ok(Some(found)) => {
                told.timestamp = found.timestamp_ms;
                told.offset = found.offset.0;
                if let Some(epoch) = found.leader_epoch.filter(|_| self.version >= 4) {
                    told.leader_epoch = epoch.0;
                }
            }
            Ok(None) => {}
            Err(error) => told.error_code = errors::list_offsets_error(&error, self.version).code(),
        }
    }

    /// The whole answer. May wait for a disk.
    fn searched(mut self) -> ListOffsetsResponse {
        for (place, search) in std::mem::take(&mut self.searches) {
            self.tell(place, &search);
        }
        self.response
    }
}

/// `replica_id` of tools that look at a log without being a consumer.
const DEBUGGING_REPLICA: i32 = -2;

fn search(
    broker: &Broker,
    topic: &str,
    asked: &ListOffsetsPartition,
    isolation: Option<Isolation>,
    version: i16,
) -> Result<Search, ErrorCode> {
    let query = offset_query(asked.timestamp, version)?;
    let key = TopicKey::Name(topic.into());
    let partition = broker
        .find_partition(&key, PartitionIndex(asked.partition_index))
        .map_err(|error| errors::lookup_error(&error))?;
    // Only −1 stands for none: any other epoch below 0 is one from the past.
    let known_epoch = (asked.current_leader_epoch != -1).then_some(LeaderEpoch(asked.current_leader_epoch));
    Ok(Search { partition, request: OffsetsRequest { query, isolation, known_epoch } })
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
