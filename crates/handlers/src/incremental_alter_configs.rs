//! IncrementalAlterConfigs (key 44), versions 0–1: sets, removes, extends and shortens settings (KIP-339).
//!
//! v1 flexible. Broker and controller listeners; the controller decides. Needs ALTER_CONFIGS on the topic or, for a
//! broker, on the cluster. Each resource succeeds or fails as a whole. Errors: INVALID_CONFIG, INVALID_REQUEST,
//! UNKNOWN_TOPIC_OR_PARTITION, INVALID_TOPIC_EXCEPTION, TOPIC_AUTHORIZATION_FAILED, CLUSTER_AUTHORIZATION_FAILED,
//! UNSUPPORTED_VERSION (kinds of resources that are not served yet). The answer comes when this broker works by the
//! new settings.

use std::sync::Arc;

use broker::Broker;
use controller_node::{ConfigChange, ConfigOperation, ControllerHandle, ResourceChanges};
use metadata::{ConfigResource, ConfigResourceType};
use net::Request;
use protocol::messages::incremental_alter_configs_request::{
    AlterConfigsResource, IncrementalAlterConfigsRequest,
};
use protocol::messages::incremental_alter_configs_response::{
    AlterConfigsResourceResponse, IncrementalAlterConfigsResponse,
};
use types::ErrorCode;

use crate::authorizer::{Authorizer, Operation, Resource};
use crate::exchange::{self, Handled};

/// Answers when the settings are changed.
pub(crate) async fn handle(
    broker: &Arc<Broker>,
    controller: &ControllerHandle,
    authorizer: &Authorizer,
    request: &Request,
) -> Handled {
    let body: IncrementalAlterConfigsRequest = exchange::decode(request)?;
    let mut response = IncrementalAlterConfigsResponse::default();
    let mut resources = Vec::new();
    for resource in body.resources {
        let (resource_type, name) = (resource.resource_type, resource.resource_name.clone());
        match changes(authorizer, request, resource) {
            Ok(changes) => resources.push(changes),
            Err((error, message)) => response.responses.push(told(resource_type, name, error, message)),
        }
    }
    let asked: Vec<ConfigResource> = resources.iter().map(|it| it.resource.clone()).collect();
    match controller.incremental_alter_configs(resources, body.validate_only).await {
        Ok(outcomes) => {
            for (resource, outcome) in outcomes {
                let (error, message) = match outcome {
                    Ok(()) => (ErrorCode::None, None),
                    Err(error) => (error.code(), Some(error.to_string())),
                };
                response.responses.push(told(resource.resource_type.id(), resource.name, error, message));
            }
            if !body.validate_only {
                broker.applied(controller.image().provenance.offset).await;
            }
        }
        Err(error) => response.responses.extend(asked.into_iter().map(|resource| {
            told(resource.resource_type.id(), resource.name, error.code(), Some(error.to_string()))
        })),
    }
    exchange::answer(&request.header, &response)
}

type Refusal = (ErrorCode, Option<String>);

fn changes(
    authorizer: &Authorizer,
    request: &Request,
    resource: AlterConfigsResource,
) -> Result<ResourceChanges, Refusal> {
    let resource_type = ConfigResourceType::from_id(resource.resource_type);
    let (on, denied) = match resource_type {
        ConfigResourceType::Topic => {
            (Resource::Topic(&resource.resource_name), ErrorCode::TopicAuthorizationFailed)
        }
        ConfigResourceType::Group => {
            (Resource::Group(&resource.resource_name), ErrorCode::GroupAuthorizationFailed)
        }
        _ => (Resource::Cluster, ErrorCode::ClusterAuthorizationFailed),
    };
    if !authorizer.allows(&request.connection, Operation::AlterConfigs, on) {
        return Err((denied, None));
    }
    let change = |config: protocol::messages::incremental_alter_configs_request::AlterableConfig| {
        let operation = ConfigOperation::from_id(config.config_operation).ok_or_else(|| {
            let message = format!("unknown operation {} on {}", config.config_operation, config.name);
            (ErrorCode::InvalidRequest, Some(message))
        })?;
        Ok(ConfigChange { name: config.name, operation, value: config.value })
    };
    Ok(ResourceChanges {
        changes: resource.configs.into_iter().map(change).collect::<Result<_, Refusal>>()?,
        resource: ConfigResource { resource_type, name: resource.resource_name },
    })
}

fn told(
    resource_type: i8,
    resource_name: String,
    error: ErrorCode,
    error_message: Option<String>,
) -> AlterConfigsResourceResponse {
    AlterConfigsResourceResponse {
        error_code: error.code(),
        error_message,
        resource_type,
        resource_name,
        ..Default::default()
    }
}
