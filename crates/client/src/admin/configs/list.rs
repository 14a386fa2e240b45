//! ListConfigResources (KIP-1142): which things have keys set.

use protocol::messages::list_config_resources_request::ListConfigResourcesRequest;

use super::{ConfigResource, ResourceType};
use crate::admin::ask::Whom;
use crate::admin::{Admin, whole};
use crate::call::Call;
use crate::error::ClientError;

impl Admin {
    /// The resources of these kinds; of all that the cluster knows where none is named.
    ///
    /// # Errors
    /// When nobody answers; UNSUPPORTED_VERSION for a kind that the cluster cannot list.
    pub async fn list_config_resources(
        &self,
        types: &[ResourceType],
    ) -> Result<Vec<ConfigResource>, ClientError> {
        let request = ListConfigResourcesRequest {
            resource_types: types.iter().map(|kind| kind.number()).collect(),
            ..ListConfigResourcesRequest::default()
        };
        let answer = self.ask(Whom::Any, &request, |answer| answer.error_code).await?;
        whole(ListConfigResourcesRequest::API, answer.error_code)?;
        let mut resources: Vec<ConfigResource> = answer
            .config_resources
            .into_iter()
            .filter_map(|found| {
                Some(ConfigResource::new(ResourceType::of(found.resource_type)?, found.resource_name))
            })
            .collect();
        resources.sort();
        Ok(resources)
    }
}
