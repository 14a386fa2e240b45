//! DescribeTopicPartitions (key 75), version 0: topics page by page, with eligible leader replicas (KIP-966).
//!
//! Broker listeners. Needs DESCRIBE on a topic. At most `response_partition_limit` partitions, and never more than
//! `max.request.partition.size.limit`, are told; where there are more, the answer holds the cursor to go on from.
//! A cursor outside the topics asked for, or before partition 0, is INVALID_REQUEST for each topic.

use std::collections::BTreeSet;

use broker::Broker;
use metadata::{MetadataImage, TopicImage};
use net::Request;
use protocol::messages::describe_topic_partitions_request::DescribeTopicPartitionsRequest;
use protocol::messages::describe_topic_partitions_response::{
    Cursor, DescribeTopicPartitionsResponse, DescribeTopicPartitionsResponsePartition,
    DescribeTopicPartitionsResponseTopic,
};
use types::{ErrorCode, PartitionIndex};

use crate::authorizer::{Authorizer, Operation, Resource};
use crate::exchange::{self, Handled};
use crate::partition_view::{PartitionView, ids};
use crate::{internal_topics, topic_names};

/// Answers from the broker's own image.
pub(crate) fn handle(broker: &Broker, authorizer: &Authorizer, request: &Request) -> Handled {
    let body: DescribeTopicPartitionsRequest = exchange::decode(request)?;
    let image = broker.image();
    let is_all = body.topics.is_empty();
    let (first_topic, first_partition) =
        body.cursor.as_ref().map_or(("", 0), |cursor| (cursor.topic_name.as_str(), cursor.partition_index));
    let names: BTreeSet<&str> = match is_all {
        true => image.topics.names_from(first_topic).map(AsRef::as_ref).collect(),
        false => {
            body.topics.iter().map(|topic| topic.name.as_str()).filter(|name| *name >= first_topic).collect()
        }
    };
    let is_cursor_astray = body.cursor.is_some() && !is_all && !names.contains(first_topic);
    if is_cursor_astray || first_partition < 0 {
        return exchange::answer(&request.header, &refuse_all(&body));
    }
    let may_see =
        |name: &&str| authorizer.allows(&request.connection, Operation::Describe, Resource::Topic(name));
    let mut left =
        body.response_partition_limit.min(broker.settings().request_partitions_max).max(1) as usize;
    let mut response = DescribeTopicPartitionsResponse::default();
    for name in names.iter().copied().filter(may_see) {
        if left == 0 {
            response.next_cursor = Some(cursor(name, 0));
            break;
        }
        let Some(topic) = image.topics.by_name(name) else {
            if !is_all {
                response.topics.push(unknown(name, topic_names::unknown_topic_error(name)));
            }
            continue;
        };
        let from = if name == first_topic { first_partition } else { 0 };
        let told = partitions(&image, &request.connection.listener, topic, from, left);
        left -= told.len();
        let next = from + told.len() as i32;
        let is_cut = topic.partition(PartitionIndex(next)).is_some();
        response.topics.push(DescribeTopicPartitionsResponseTopic {
            name: Some(topic.name.to_string()),
            topic_id: topic.id,
            is_internal: topic.is_internal(),
            partitions: told,
            ..Default::default()
        });
        if is_cut {
            response.next_cursor = Some(cursor(name, next));
            break;
        }
    }
    for topic in &mut response.topics {
        let name = topic.name.as_deref().unwrap_or_default();
        topic.topic_authorized_operations =
            authorizer.allowed_operations(&request.connection, Resource::Topic(name));
    }
    if !is_all {
        let hidden = names.iter().copied().filter(|name| !may_see(name));
        response.topics.extend(hidden.map(|name| DescribeTopicPartitionsResponseTopic {
            is_internal: false,
            ..unknown(name, ErrorCode::TopicAuthorizationFailed)
        }));
    }
    exchange::answer(&request.header, &response)
}

/// Every topic asked for, with INVALID_REQUEST.
fn refuse_all(body: &DescribeTopicPartitionsRequest) -> DescribeTopicPartitionsResponse {
    let refused = body.topics.iter().map(|topic| DescribeTopicPartitionsResponseTopic {
        error_code: ErrorCode::InvalidRequest.code(),
        name: Some(topic.name.clone()),
        ..Default::default()
    });
    DescribeTopicPartitionsResponse { topics: refused.collect(), ..Default::default() }
}

fn partitions(
    image: &MetadataImage,
    listener: &str,
    topic: &TopicImage,
    from: i32,
    limit: usize,
) -> Vec<DescribeTopicPartitionsResponsePartition> {
    let wanted = topic.partitions.range(PartitionIndex(from)..).take(limit);
    let told = wanted.map(|(index, partition)| {
        let view = PartitionView::new(image, listener, partition);
        DescribeTopicPartitionsResponsePartition {
            partition_index: index.0,
            leader_id: view.leader().map_or(-1, |leader| leader.0),
            leader_epoch: partition.leader_epoch.0,
            replica_nodes: view.replicas(),
            isr_nodes: view.isr(),
            eligible_leader_replicas: Some(ids(&partition.eligible_leader_replicas)),
            last_known_elr: Some(ids(&partition.last_known_eligible)),
            offline_replicas: view.offline_replicas(),
            ..Default::default()
        }
    });
    told.collect()
}

fn unknown(name: &str, error: ErrorCode) -> DescribeTopicPartitionsResponseTopic {
    DescribeTopicPartitionsResponseTopic {
        error_code: error.code(),
        name: Some(name.to_owned()),
        is_internal: internal_topics::is_internal(name),
        ..Default::default()
    }
}

fn cursor(topic: &str, partition_index: i32) -> Box<Cursor> {
    Box::new(Cursor { topic_name: topic.to_owned(), partition_index, ..Default::default() })
}
