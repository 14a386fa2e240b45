//! DescribeProducers (key 61), version 0: who writes with a producer id to a partition (KIP-664).
//!
//! Broker listeners; any replica answers. Needs READ on the topic. Errors of a partition: INVALID_TOPIC_EXCEPTION,
//! TOPIC_AUTHORIZATION_FAILED, UNKNOWN_TOPIC_OR_PARTITION, NOT_LEADER_OR_FOLLOWER (no replica here).

use broker::Broker;
use broker::fetch_sessions::TopicKey;
use broker::partition::ProducerEntry;
use controller_node::check_name;
use net::Request;
use protocol::messages::describe_producers_request::DescribeProducersRequest;
use protocol::messages::describe_producers_response::{
    DescribeProducersResponse, PartitionResponse, ProducerState, TopicResponse,
};
use types::{ErrorCode, PartitionIndex};

use crate::authorizer::{Authorizer, Operation, Resource};
use crate::errors;
use crate::exchange::{self, Handled};

/// Answers from the logs' state.
pub(crate) fn handle(broker: &Broker, authorizer: &Authorizer, request: &Request) -> Handled {
    let body: DescribeProducersRequest = exchange::decode(request)?;
    let mut response = DescribeProducersResponse::default();
    for asked in body.topics {
        let refusal = refusal(broker, authorizer, request, &asked.name);
        let key = TopicKey::Name(asked.name.as_str().into());
        let partitions = asked.partition_indexes.iter().map(|index| match &refusal {
            Some((error, message)) => PartitionResponse {
                partition_index: *index,
                error_code: error.code(),
                error_message: Some(message.clone()),
                ..Default::default()
            },
            None => described(broker, &key, PartitionIndex(*index)),
        });
        let partitions = partitions.collect();
        response.topics.push(TopicResponse { name: asked.name, partitions, ..Default::default() });
    }
    exchange::answer(&request.header, &response)
}

/// What is wrong with a whole topic.
fn refusal(
    broker: &Broker,
    authorizer: &Authorizer,
    request: &Request,
    topic: &str,
) -> Option<(ErrorCode, String)> {
    if let Err(error) = check_name(topic) {
        return Some((error.code(), error.to_string()));
    }
    if !authorizer.allows(&request.connection, Operation::Read, Resource::Topic(topic)) {
        return Some((ErrorCode::TopicAuthorizationFailed, "not allowed on this topic".to_owned()));
    }
    let is_known = broker.image().topics.id_of(topic).is_some();
    (!is_known).then(|| (ErrorCode::UnknownTopicOrPartition, "no topic has this name".to_owned()))
}

fn described(broker: &Broker, topic: &TopicKey, index: PartitionIndex) -> PartitionResponse {
    let partition_index = index.0;
    match broker.find_partition(topic, index) {
        Ok(partition) => PartitionResponse {
            partition_index,
            active_producers: partition.log().producers().iter().map(producer_state).collect(),
            ..Default::default()
        },
        Err(error) => PartitionResponse {
            partition_index,
            error_code: errors::lookup_error(&error).code(),
            ..Default::default()
        },
    }
}

fn producer_state(entry: &ProducerEntry) -> ProducerState {
    ProducerState {
        producer_id: entry.producer_id.0,
        producer_epoch: i32::from(entry.producer_epoch.0),
        last_sequence: entry.last_sequence(),
        last_timestamp: entry.last_timestamp_ms,
        coordinator_epoch: entry.coordinator_epoch,
        current_txn_start_offset: entry.current_transaction_first_offset.map_or(-1, |offset| offset.0),
        ..Default::default()
    }
}
