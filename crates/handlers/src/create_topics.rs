//! CreateTopics (key 19), versions 2–7: makes topics, or says what would become of them.
//!
//! v4 (KIP-464) −1 for defaults; v5 (KIP-525) the topic as made, flexible; v6 (KIP-599) throttling by quota; v7
//! (KIP-516) topic ids. Broker and controller listeners; the controller decides. Needs CREATE on the cluster or the
//! topic; who may not DESCRIBE_CONFIGS a topic is not told what it became.
//!
//! Each topic succeeds or fails by itself. Errors: TOPIC_ALREADY_EXISTS, INVALID_TOPIC_EXCEPTION, INVALID_PARTITIONS,
//! INVALID_REPLICATION_FACTOR, INVALID_REPLICA_ASSIGNMENT, INVALID_CONFIG, INVALID_REQUEST (named twice, internal),
//! POLICY_VIOLATION (too many partitions), TOPIC_AUTHORIZATION_FAILED, REQUEST_TIMED_OUT. The answer comes when this
//! broker serves the new partitions, so that a client which goes on at once finds them.

use std::sync::Arc;

use broker::Broker;
use controller_node::{ControllerHandle, NewTopic, TopicDescription};
use net::Request;
use protocol::messages::create_topics_request::{CreatableTopic, CreateTopicsRequest};
use protocol::messages::create_topics_response::{
    CreatableTopicConfigs, CreatableTopicResult, CreateTopicsResponse,
};
use types::{ErrorCode, NodeId, PartitionIndex};

use crate::authorizer::{Authorizer, Operation, Resource};
use crate::controlled;
use crate::exchange::{self, Handled};

/// Answers when the topics are made.
pub(crate) async fn handle(
    broker: &Arc<Broker>,
    controller: &ControllerHandle,
    authorizer: &Authorizer,
    request: &Request,
) -> Handled {
    let body: CreateTopicsRequest = exchange::decode(request)?;
    let may_create = |name: &str| {
        authorizer.allows(&request.connection, Operation::Create, Resource::Cluster)
            || authorizer.allows(&request.connection, Operation::Create, Resource::Topic(name))
    };
    let may_describe = |name: &str| {
        authorizer.allows(&request.connection, Operation::DescribeConfigs, Resource::Topic(name))
    };
    let names: Vec<String> = body.topics.iter().map(|topic| topic.name.clone()).collect();
    let (allowed, denied): (Vec<_>, Vec<_>) =
        body.topics.into_iter().partition(|topic| may_create(&topic.name));
    let topics = allowed.into_iter().map(|topic| new_topic(topic, may_describe)).collect();
    let mut response = CreateTopicsResponse::default();
    let decision = controller.create_topics(topics, body.validate_only);
    match controlled::applied(broker, controller, decision).await {
        Ok(outcomes) => {
            for outcome in outcomes {
                let mut told =
                    CreatableTopicResult { name: outcome.name, error_message: None, ..Default::default() };
                match outcome.result {
                    Ok(created) => {
                        // Also when only validated: the id it would have had, as the oracle tells it.
                        told.topic_id = created.id;
                        describe(&mut told, created.description);
                    }
                    Err(error) => refuse(&mut told, error.code(), Some(error.to_string())),
                }
                response.topics.push(told);
            }
        }
        Err((error, message)) => refuse_all(&mut response, names, error, Some(message)),
    }
    for topic in denied {
        let mut told = CreatableTopicResult { name: topic.name, ..Default::default() };
        refuse(&mut told, ErrorCode::TopicAuthorizationFailed, Some("Authorization failed.".to_owned()));
        response.topics.push(told);
    }
    exchange::answer(&request.header, &response)
}

fn new_topic(topic: CreatableTopic, may_describe: impl Fn(&str) -> bool) -> NewTopic {
    let assignments = topic.assignments.into_iter().map(|assignment| {
        let replicas = assignment.broker_ids.into_iter().map(NodeId).collect();
        (PartitionIndex(assignment.partition_index), replicas)
    });
    NewTopic {
        may_be_described: may_describe(&topic.name),
        name: topic.name,
        partitions: topic.num_partitions,
        replication_factor: topic.replication_factor,
        assignments: assignments.collect(),
        configs: topic.configs.into_iter().map(|config| (config.name, config.value)).collect(),
    }
}

fn describe(told: &mut CreatableTopicResult, description: Option<TopicDescription>) {
    let Some(description) = description else {
        told.topic_config_error_code = ErrorCode::TopicAuthorizationFailed.code();
        told.num_partitions = -1;
        told.replication_factor = -1;
        return;
    };
    told.num_partitions = description.partitions;
    told.replication_factor = description.replication_factor;
    let configs = description.configs.into_iter().map(|entry| CreatableTopicConfigs {
        name: entry.name.to_owned(),
        config_source: entry.source.id(),
        value: entry.value,
        ..Default::default()
    });
    told.configs = Some(configs.collect());
}

fn refuse(told: &mut CreatableTopicResult, error: ErrorCode, message: Option<String>) {
    told.error_code = error.code();
    told.error_message = message;
    told.num_partitions = -1;
    told.replication_factor = -1;
}

fn refuse_all(
    response: &mut CreateTopicsResponse,
    names: Vec<String>,
    error: ErrorCode,
    message: Option<String>,
) {
    for name in names {
        let mut told = CreatableTopicResult { name, ..Default::default() };
        refuse(&mut told, error, message.clone());
        response.topics.push(told);
    }
}
