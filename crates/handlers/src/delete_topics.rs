//! DeleteTopics (key 20), versions 1–6: deletes topics by name or id.
//!
//! v4 flexible; v5 (KIP-599) throttling by quota and messages; v6 (KIP-516) topic ids. Broker and controller
//! listeners; the controller decides. Needs DELETE on the cluster or on the topic; who may not DESCRIBE it learns
//! neither that its name exists nor which name an id has. Errors: UNKNOWN_TOPIC_OR_PARTITION, UNKNOWN_TOPIC_ID,
//! TOPIC_DELETION_DISABLED, TOPIC_AUTHORIZATION_FAILED, INVALID_REQUEST. The answer comes when this broker has let the
//! partitions go.

use std::sync::Arc;

use broker::Broker;
use controller_node::{ControllerHandle, DeleteAccess, TopicToDelete};
use net::{CloseReason, ConnectionContext, Request};
use protocol::messages::delete_topics_request::DeleteTopicsRequest;
use protocol::messages::delete_topics_response::{DeletableTopicResult, DeleteTopicsResponse};
use types::{ErrorCode, Uuid};

use crate::authorizer::{Authorizer, Operation, Resource};
use crate::exchange::{self, Handled};
use crate::{controlled, errors};

/// First version that tells a disabled deletion by its own error.
const TOPIC_DELETION_DISABLED_SINCE: i16 = 3;
/// First version that lists topics with their ids.
const TOPIC_IDS_SINCE: i16 = 6;

/// Answers when the topics are gone.
pub(crate) async fn handle(
    broker: &Arc<Broker>,
    controller: &ControllerHandle,
    authorizer: &Authorizer,
    request: &Request,
) -> Handled {
    let body: DeleteTopicsRequest = exchange::decode(request)?;
    let version = request.header.api_version;
    let topics: Vec<TopicToDelete> = match version < TOPIC_IDS_SINCE {
        true => by_name(body.topic_names),
        false => body
            .topics
            .into_iter()
            .map(|topic| TopicToDelete { name: topic.name, id: topic.topic_id })
            .collect(),
    };
    let access = {
        let (authorizer, connection) = (authorizer.clone(), request.connection.clone());
        let may_delete_all = authorizer.allows(&connection, Operation::Delete, Resource::Cluster);
        move |name: &str| access(&authorizer, &connection, may_delete_all, name)
    };
    let mut response = DeleteTopicsResponse::default();
    match controlled::applied(broker, controller, controller.delete_topics(topics.clone(), access)).await {
        Ok(outcomes) => {
            for outcome in outcomes {
                let (error, error_message) = errors::verdict(&outcome.result);
                response.responses.push(DeletableTopicResult {
                    name: outcome.name.map(|name| name.to_string()),
                    topic_id: outcome.id,
                    error_code: error.code(),
                    error_message,
                    ..Default::default()
                });
            }
        }
        Err((ErrorCode::TopicDeletionDisabled, _)) if version < TOPIC_DELETION_DISABLED_SINCE => {
            return Err(CloseReason::refused(
                "topic deletion is disabled, and the client is too old to be told",
            ));
        }
        Err((error, message)) => refuse_all(&mut response, topics, error, Some(message)),
    }
    exchange::answer(&request.header, &response)
}

fn by_name(names: Vec<String>) -> Vec<TopicToDelete> {
    names.into_iter().map(|name| TopicToDelete { name: Some(name), id: Uuid::ZERO }).collect()
}

fn access(
    authorizer: &Authorizer,
    connection: &ConnectionContext,
    may_delete_all: bool,
    name: &str,
) -> DeleteAccess {
    if may_delete_all {
        return DeleteAccess::Delete;
    }
    let topic = Resource::Topic(name);
    let may_describe = authorizer.allows(connection, Operation::Describe, topic);
    let may_delete = authorizer.allows(connection, Operation::Delete, topic);
    match (may_describe, may_delete) {
        (false, _) => DeleteAccess::Nothing,
        (true, false) => DeleteAccess::Describe,
        (true, true) => DeleteAccess::Delete,
    }
}

fn refuse_all(
    response: &mut DeleteTopicsResponse,
    topics: Vec<TopicToDelete>,
    error: ErrorCode,
    error_message: Option<String>,
) {
    response.responses.extend(topics.into_iter().map(|topic| DeletableTopicResult {
        name: topic.name,
        topic_id: topic.id,
        error_code: error.code(),
        error_message: error_message.clone(),
        ..Default::default()
    }));
}
