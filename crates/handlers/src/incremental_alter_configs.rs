//! IncrementalAlterConfigs (key 44), versions 0–1: sets, removes, extends and shortens settings (KIP-339).
//!
//! v1 flexible. Broker and controller listeners. Of topics, brokers (by id, or all of them by the empty name) and groups
//! the controller decides; loggers (KIP-412) are the broker's own, and what is changed of them ends with the process.
//! Needs ALTER_CONFIGS on the topic or the group, else on the cluster. Each resource succeeds or fails as a whole. Errors:
//! INVALID_CONFIG, INVALID_REQUEST, UNKNOWN_TOPIC_OR_PARTITION, INVALID_TOPIC_EXCEPTION, TOPIC_AUTHORIZATION_FAILED,
//! GROUP_AUTHORIZATION_FAILED, CLUSTER_AUTHORIZATION_FAILED, UNSUPPORTED_VERSION (client metrics, which are not served
//! yet). The answer comes when this broker works by the new settings.

use std::sync::Arc;

use broker::Broker;
use controller_node::{ConfigChange, ConfigOperation, ControllerHandle, ResourceChanges};
use metadata::ConfigResourceType;
use net::Request;
use protocol::messages::incremental_alter_configs_request::{
    AlterConfigsResource, IncrementalAlterConfigsRequest,
};
use protocol::messages::incremental_alter_configs_response::{
    AlterConfigsResourceResponse, IncrementalAlterConfigsResponse,
};
use types::ErrorCode;

use crate::altered_resources::{AlteredResources, Refusal};
use crate::authorizer::Authorizer;
use crate::controlled;
use crate::exchange::{self, Handled};

/// Answers when the settings are changed.
pub(crate) async fn handle(
    broker: &Arc<Broker>,
    controller: &ControllerHandle,
    authorizer: &Authorizer,
    request: &Request,
) -> Handled {
    let body: IncrementalAlterConfigsRequest = exchange::decode(request)?;
    let named = body.resources.iter().map(|it| (it.resource_type, it.resource_name.clone()));
    let mut altered = AlteredResources::new(named.collect());
    let mut asked = Vec::new();
    for (place, resource) in body.resources.into_iter().enumerate() {
        let accepted = altered.check(place, broker, authorizer, request).and_then(|known| {
            let changes = changes(resource)?;
            match known.resource_type {
                ConfigResourceType::BrokerLogger => {
                    alter_loggers(broker, &changes, body.validate_only).map(|()| None)
                }
                _ => Ok(Some(ResourceChanges { resource: known, changes })),
            }
        });
        match accepted {
            Ok(Some(changes)) => asked.push((place, changes)),
            Ok(None) => altered.tell(place, Ok(())),
            Err(refusal) => altered.tell(place, Err(refusal)),
        }
    }
    let (places, changes): (Vec<_>, Vec<_>) = asked.into_iter().unzip();
    if !places.is_empty() {
        let decision = controller.incremental_alter_configs(changes, body.validate_only);
        altered.tell_all(&places, controlled::applied(broker, controller, decision).await);
    }
    let response = IncrementalAlterConfigsResponse {
        responses: altered.into_answers().map(told).collect(),
        ..Default::default()
    };
    exchange::answer(&request.header, &response)
}

fn changes(resource: AlterConfigsResource) -> Result<Vec<ConfigChange>, Refusal> {
    let changes = resource.configs.into_iter().map(|config| {
        let operation = ConfigOperation::from_id(config.config_operation).ok_or_else(|| {
            let message = format!("unknown operation {} on {}", config.config_operation, config.name);
            (ErrorCode::InvalidRequest, Some(message))
        })?;
        Ok(ConfigChange { name: config.name, operation, value: config.value })
    });
    changes.collect()
}

fn alter_loggers(broker: &Broker, changes: &[ConfigChange], validate_only: bool) -> Result<(), Refusal> {
    use broker::loggers::LoggerError;
    broker.alter_loggers(changes, validate_only).map_err(|error| {
        let code = match error {
            LoggerError::Unknown { .. } | LoggerError::Level { .. } => ErrorCode::InvalidConfig,
            LoggerError::Invalid { .. } => ErrorCode::InvalidRequest,
        };
        (code, Some(error.to_string()))
    })
}

fn told(answer: (i8, String, ErrorCode, Option<String>)) -> AlterConfigsResourceResponse {
    let (resource_type, resource_name, error, error_message) = answer;
    AlterConfigsResourceResponse {
        error_code: error.code(),
        error_message,
        resource_type,
        resource_name,
        ..Default::default()
    }
}
