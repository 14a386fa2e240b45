//! IncrementalAlterConfigs (KIP-339): single keys change, the others stay.

use std::collections::BTreeMap;

use protocol::messages::incremental_alter_configs_request::{
    AlterConfigsResource, AlterableConfig, IncrementalAlterConfigsRequest,
};

use super::ConfigResource;
use crate::admin::{Admin, Effect, Outcomes, outcome};
use crate::error::ClientError;

/// What becomes of a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ConfigOperation {
    /// It has this value.
    Set(String),
    /// It has its default again.
    Delete,
    /// These, with commas, are added to its list.
    Append(String),
    /// These, with commas, are removed from its list.
    Subtract(String),
}

/// A change of one key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigChange {
    /// The key.
    pub name: String,
    /// What becomes of it.
    pub operation: ConfigOperation,
}

impl Admin {
    /// Changes keys; those of one resource all, or none.
    ///
    /// # Errors
    /// When nobody answers; for a resource INVALID_CONFIG, INVALID_REQUEST, UNKNOWN_TOPIC_OR_PARTITION and their like.
    pub async fn alter_configs(
        &self,
        changes: &BTreeMap<ConfigResource, Vec<ConfigChange>>,
        effect: Effect,
    ) -> Result<Outcomes<ConfigResource, ()>, ClientError> {
        let mut altered = Outcomes::new();
        for (resource, changes) in changes {
            let request = IncrementalAlterConfigsRequest {
                resources: vec![AlterConfigsResource {
                    resource_type: resource.resource_type.number(),
                    resource_name: resource.name.clone(),
                    configs: changes.iter().map(alterable).collect(),
                    ..AlterConfigsResource::default()
                }],
                validate_only: effect.is_validate_only(),
                ..IncrementalAlterConfigsRequest::default()
            };
            let answer = self.ask(resource.whom(), &request, |_| 0).await?;
            let result = answer.responses.into_iter().next().ok_or_else(|| ClientError::Malformed {
                api: "IncrementalAlterConfigs",
                reason: format!("no answer for {resource}"),
            })?;
            let result = outcome(&resource.to_string(), result.error_code, result.error_message);
            altered.insert(resource.clone(), result);
        }
        Ok(altered)
    }
}

fn alterable(change: &ConfigChange) -> AlterableConfig {
    let (config_operation, value) = match &change.operation {
        ConfigOperation::Set(value) => (0, Some(value.clone())),
        ConfigOperation::Delete => (1, None),
        ConfigOperation::Append(values) => (2, Some(values.clone())),
        ConfigOperation::Subtract(values) => (3, Some(values.clone())),
    };
    AlterableConfig { name: change.name.clone(), config_operation, value, ..AlterableConfig::default() }
}
