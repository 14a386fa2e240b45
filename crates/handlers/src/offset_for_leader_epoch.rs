//! OffsetForLeaderEpoch (key 23), versions 2–4: where a leader epoch ends, so that clients notice truncation.
//!
//! v3 (KIP-320) replica id; v4 flexible. Broker listeners. Needs DESCRIBE on the topic (replicas: CLUSTER_ACTION).
//! Errors per partition: UNKNOWN_TOPIC_OR_PARTITION, NOT_LEADER_OR_FOLLOWER, FENCED_LEADER_EPOCH,
//! UNKNOWN_LEADER_EPOCH, TOPIC_AUTHORIZATION_FAILED. An epoch nobody knows ends at −1.

use broker::Broker;
use broker::fetch_sessions::TopicKey;
use net::Request;
use protocol::messages::offset_for_leader_epoch_request::{
    OffsetForLeaderEpochRequest, OffsetForLeaderPartition,
};
use protocol::messages::offset_for_leader_epoch_response::{
    EpochEndOffset, OffsetForLeaderEpochResponse, OffsetForLeaderTopicResult,
};
use types::{ErrorCode, LeaderEpoch, PartitionIndex};

use crate::authorizer::{Authorizer, Operation, Resource};
use crate::errors;
use crate::exchange::{self, Handled};

/// Answers at once.
pub(crate) fn handle(broker: &Broker, authorizer: &Authorizer, request: &Request) -> Handled {
    let body: OffsetForLeaderEpochRequest = exchange::decode(request)?;
    let may_all = authorizer.allows(&request.connection, Operation::ClusterAction, Resource::Cluster);
    let mut response = OffsetForLeaderEpochResponse::default();
    for topic in body.topics {
        let is_allowed = may_all
            || authorizer.allows(&request.connection, Operation::Describe, Resource::Topic(&topic.topic));
        let key = TopicKey::Name(topic.topic.as_str().into());
        let answer_one = |asked: &OffsetForLeaderPartition| {
            let mut told = EpochEndOffset {
                partition: asked.partition,
                leader_epoch: -1,
                end_offset: -1,
                ..Default::default()
            };
            match find(broker, &key, asked, is_allowed) {
                Ok(Some((epoch, end_offset))) => {
                    told.leader_epoch = epoch;
                    told.end_offset = end_offset;
                }
                Ok(None) => {}
                Err(error) => told.error_code = error.code(),
            }
            told
        };
        let partitions = topic.partitions.iter().map(answer_one).collect();
        response.topics.push(OffsetForLeaderTopicResult {
            topic: topic.topic.clone(),
            partitions,
            ..Default::default()
        });
    }
    exchange::answer(&request.header, &response)
}

fn find(
    broker: &Broker,
    topic: &TopicKey,
    asked: &OffsetForLeaderPartition,
    is_allowed: bool,
) -> Result<Option<(i32, i64)>, ErrorCode> {
    if !is_allowed {
        return Err(ErrorCode::TopicAuthorizationFailed);
    }
    let partition = broker
        .find_partition(topic, PartitionIndex(asked.partition))
        .map_err(|error| errors::lookup_error(&error))?;
    // Only −1 stands for none: any other epoch below 0 is one from the past.
    let known = (asked.current_leader_epoch != -1).then_some(LeaderEpoch(asked.current_leader_epoch));
    partition.check_epoch(known).map_err(|error| errors::leadership_error(&error))?;
    let end = partition.end_offset_for_epoch(LeaderEpoch(asked.leader_epoch));
    Ok(end.map(|(epoch, end_offset)| (epoch.0, end_offset.0)))
}
