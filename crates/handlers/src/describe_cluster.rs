//! DescribeCluster (key 60), versions 0–2: the brokers and the cluster's id.
//!
//! v1 (KIP-919) endpoint type; v2 (KIP-1073) fenced brokers. Broker listeners. Needs no permission; the authorized
//! operations are told to those who may DESCRIBE the cluster. Errors: UNSUPPORTED_ENDPOINT_TYPE,
//! MISMATCHED_ENDPOINT_TYPE (this is a broker's listener).

use broker::Broker;
use net::Request;
use protocol::messages::describe_cluster_request::DescribeClusterRequest;
use protocol::messages::describe_cluster_response::{DescribeClusterBroker, DescribeClusterResponse};
use types::ErrorCode;

use crate::authorizer::{Authorizer, Operation, Resource};
use crate::exchange::{self, Handled};
use crate::partition_view;

const BROKERS: i8 = 1;
const CONTROLLERS: i8 = 2;

/// Answers from the broker's own image.
pub(crate) fn handle(broker: &Broker, authorizer: &Authorizer, request: &Request) -> Handled {
    let body: DescribeClusterRequest = exchange::decode(request)?;
    if body.endpoint_type != BROKERS {
        let (error, message) = match body.endpoint_type {
            CONTROLLERS => {
                (ErrorCode::MismatchedEndpointType, "this listener is a broker's, not a controller's")
            }
            _ => (
                ErrorCode::UnsupportedEndpointType,
                "the endpoint type is neither 1 (broker) nor 2 (controller)",
            ),
        };
        let response = DescribeClusterResponse {
            error_code: error.code(),
            error_message: Some(message.to_owned()),
            ..Default::default()
        };
        return exchange::answer(&request.header, &response);
    }
    let image = broker.image();
    let listed = image.cluster.brokers().filter(|broker| !broker.fenced || body.include_fenced_brokers);
    let brokers: Vec<_> = listed
        .filter_map(|broker| {
            let endpoint = broker.listeners.get(request.connection.listener.as_ref())?;
            Some(DescribeClusterBroker {
                broker_id: broker.id.0,
                host: endpoint.host.clone(),
                port: i32::from(endpoint.port),
                rack: broker.rack.clone(),
                is_fenced: broker.fenced,
                ..Default::default()
            })
        })
        .collect();
    let controller_id = partition_view::some_broker(&image);
    let response = DescribeClusterResponse {
        endpoint_type: BROKERS,
        cluster_id: broker.cluster_id().to_owned(),
        // A node that is not in the list would only confuse the client.
        controller_id: if brokers.iter().any(|it| it.broker_id == controller_id) {
            controller_id
        } else {
            -1
        },
        brokers,
        cluster_authorized_operations: operations(authorizer, request, &body),
        ..Default::default()
    };
    exchange::answer(&request.header, &response)
}

fn operations(authorizer: &Authorizer, request: &Request, body: &DescribeClusterRequest) -> i32 {
    if !body.include_cluster_authorized_operations {
        return i32::MIN;
    }
    if !authorizer.allows(&request.connection, Operation::Describe, Resource::Cluster) {
        return 0;
    }
    authorizer.allowed_operations(&request.connection, Resource::Cluster)
}
