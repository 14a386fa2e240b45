//! ListConfigResources (key 74), versions 0–1: what has settings (KIP-714, KIP-1142).
//!
//! v0 lists client metrics subscriptions only, and has no types; v1 any types, all of them where none is named. Broker
//! listeners. Needs DESCRIBE_CONFIGS on the cluster. Errors of the whole request: UNSUPPORTED_VERSION (a type that this
//! version cannot list), CLUSTER_AUTHORIZATION_FAILED. Brokers that are fenced are not listed.

use broker::Broker;
use metadata::ConfigResourceType::{self, Broker as Node, BrokerLogger, ClientMetrics, Group, Topic};
use net::Request;
use protocol::messages::list_config_resources_request::ListConfigResourcesRequest;
use protocol::messages::list_config_resources_response::{ConfigResource, ListConfigResourcesResponse};
use types::ErrorCode;

use crate::authorizer::{Authorizer, Operation, Resource};
use crate::exchange::{self, Handled};

/// Answers from the broker's own image.
pub(crate) fn handle(broker: &Broker, authorizer: &Authorizer, request: &Request) -> Handled {
    let body: ListConfigResourcesRequest = exchange::decode(request)?;
    let listable: &[ConfigResourceType] = match request.header.api_version {
        0 => &[ClientMetrics],
        _ => &[Group, ClientMetrics, BrokerLogger, Node, Topic],
    };
    let mut response = ListConfigResourcesResponse::default();
    let asked: Vec<_> = body.resource_types.into_iter().map(ConfigResourceType::from_id).collect();
    if !authorizer.allows(&request.connection, Operation::DescribeConfigs, Resource::Cluster) {
        response.error_code = ErrorCode::ClusterAuthorizationFailed.code();
    } else if !asked.iter().all(|resource_type| listable.contains(resource_type)) {
        response.error_code = ErrorCode::UnsupportedVersion.code();
    } else {
        let wanted = listable.iter().filter(|it| asked.is_empty() || asked.contains(it));
        response.config_resources = wanted.flat_map(|it| resources(broker, *it)).collect();
    }
    exchange::answer(&request.header, &response)
}

fn resources(broker: &Broker, resource_type: ConfigResourceType) -> Vec<ConfigResource> {
    let image = broker.image();
    let names: Vec<String> = match resource_type {
        Topic => image.topics.iter().map(|topic| topic.name.to_string()).collect(),
        Node | BrokerLogger => image.cluster.unfenced_brokers().map(|it| it.id.to_string()).collect(),
        _ => {
            let with_settings = image.configs.iter().map(|(resource, _)| resource);
            with_settings.filter(|it| it.resource_type == resource_type).map(|it| it.name.clone()).collect()
        }
    };
    let listed = |resource_name| ConfigResource {
        resource_name,
        resource_type: resource_type.id(),
        ..Default::default()
    };
    names.into_iter().map(listed).collect()
}
