//! AlterConfigs (key 33), versions 0–2: all settings of a resource at once; what is not given is removed (KIP-133).
//!
//! v2 flexible. Deprecated in favour of IncrementalAlterConfigs, because two writers undo each other. Broker and controller
//! listeners; the controller decides. Of topics, brokers and groups, not of loggers. Needs ALTER_CONFIGS on the topic or
//! the group, else on the cluster. Each resource succeeds or fails as a whole, with the errors of
//! IncrementalAlterConfigs. The answer comes when this broker works by the new settings.

use std::sync::Arc;

use broker::Broker;
use controller_node::{ControllerHandle, ResourceSettings};
use metadata::ConfigResourceType;
use net::Request;
use protocol::messages::alter_configs_request::AlterConfigsRequest;
use protocol::messages::alter_configs_response::{AlterConfigsResourceResponse, AlterConfigsResponse};
use types::ErrorCode;

use crate::altered_resources::AlteredResources;
use crate::authorizer::Authorizer;
use crate::controlled;
use crate::exchange::{self, Handled};

/// Answers when the settings are replaced.
pub(crate) async fn handle(
    broker: &Arc<Broker>,
    controller: &ControllerHandle,
    authorizer: &Authorizer,
    request: &Request,
) -> Handled {
    let body: AlterConfigsRequest = exchange::decode(request)?;
    let named = body.resources.iter().map(|it| (it.resource_type, it.resource_name.clone()));
    let mut altered = AlteredResources::new(named.collect());
    let (mut places, mut asked) = (Vec::new(), Vec::new());
    for (place, given) in body.resources.into_iter().enumerate() {
        match altered.check(place, broker, authorizer, request) {
            Ok(resource) if resource.resource_type == ConfigResourceType::BrokerLogger => {
                let message = "loggers are altered one by one, by IncrementalAlterConfigs".to_owned();
                altered.tell(place, Err((ErrorCode::InvalidRequest, Some(message))));
            }
            Ok(resource) => {
                let settings = given.configs.into_iter().map(|config| (config.name, config.value)).collect();
                places.push(place);
                asked.push(ResourceSettings { resource, settings });
            }
            Err(refusal) => altered.tell(place, Err(refusal)),
        }
    }
    if !places.is_empty() {
        let decision = controller.alter_configs(asked, body.validate_only);
        altered.tell_all(&places, controlled::applied(broker, controller, decision).await);
    }
    let response =
        AlterConfigsResponse { responses: altered.into_answers().map(told).collect(), ..Default::default() };
    exchange::answer(&request.header, &response)
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
