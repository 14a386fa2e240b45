//! Topics that are made because somebody asked for their metadata (`auto.create.topics.enable`).

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use broker::Broker;
use controller_node::{ControllerHandle, NewTopic};
use net::Request;
use types::ErrorCode;

use crate::authorizer::{Authorizer, Operation, Resource};
use crate::coordinator_topics::CoordinatorTopic;
use crate::{controlled, internal_topics, topic_names};

/// Makes topics with the cluster's defaults and returns why some could not be made. When this returns the others stand
/// in the broker's image: unlike the oracle's, the client need not come back for another look.
pub(crate) async fn create(
    broker: &Arc<Broker>,
    controller: &ControllerHandle,
    authorizer: &Authorizer,
    request: &Request,
    missing: BTreeSet<String>,
) -> BTreeMap<String, ErrorCode> {
    let mut answers = BTreeMap::new();
    let mut topics = Vec::new();
    for name in missing {
        let may_create = authorizer.allows(&request.connection, Operation::Create, Resource::Cluster)
            || authorizer.allows(&request.connection, Operation::Create, Resource::Topic(&name));
        if !may_create {
            answers.insert(name, ErrorCode::TopicAuthorizationFailed);
        } else if !topic_names::is_legal(&name) {
            answers.insert(name, ErrorCode::InvalidTopicException);
        } else if let Some(topic) = CoordinatorTopic::named(&name) {
            topics.push(topic.as_configured(broker));
        } else if internal_topics::is_internal(&name) {
            // Their coordinators make them, with settings of their own.
            answers.insert(name, ErrorCode::UnknownTopicOrPartition);
        } else {
            topics.push(NewTopic { name, partitions: -1, replication_factor: -1, ..Default::default() });
        }
    }
    if topics.is_empty() {
        return answers;
    }
    let names: Vec<String> = topics.iter().map(|topic| topic.name.clone()).collect();
    match controlled::applied(broker, controller, controller.create_topics(topics, false)).await {
        Ok(outcomes) => {
            for outcome in outcomes {
                let error = match outcome.result.map_err(|error| error.code()) {
                    // Made now, or by somebody else a moment ago.
                    Ok(_) | Err(ErrorCode::TopicAlreadyExists) => continue,
                    Err(error @ (ErrorCode::InvalidTopicException | ErrorCode::InvalidReplicationFactor)) => {
                        error
                    }
                    Err(_) => ErrorCode::UnknownTopicOrPartition,
                };
                answers.insert(outcome.name, error);
            }
        }
        Err(_) => {
            answers.extend(names.into_iter().map(|name| (name, ErrorCode::UnknownTopicOrPartition)));
        }
    }
    answers
}
