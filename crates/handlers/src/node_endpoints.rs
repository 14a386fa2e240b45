//! Where a client finds the leader it should have asked (KIP-951).

use broker::Broker;
use protocol::messages::{fetch_response, produce_response};
use types::NodeId;

/// Adds a leader's endpoint to a Produce response, once.
pub(crate) fn add_to_produce(
    broker: &Broker,
    listener: &str,
    leader: NodeId,
    endpoints: &mut Vec<produce_response::NodeEndpoint>,
) {
    if endpoints.iter().any(|endpoint| endpoint.node_id == leader.0) {
        return;
    }
    if let Some(node) = broker.endpoint(leader, listener) {
        endpoints.push(produce_response::NodeEndpoint {
            node_id: leader.0,
            host: node.host,
            port: node.port,
            rack: node.rack,
            ..Default::default()
        });
    }
}

/// Adds a leader's endpoint to a Fetch response, once.
pub(crate) fn add_to_fetch(
    broker: &Broker,
    listener: &str,
    leader: NodeId,
    endpoints: &mut Vec<fetch_response::NodeEndpoint>,
) {
    if endpoints.iter().any(|endpoint| endpoint.node_id == leader.0) {
        return;
    }
    if let Some(node) = broker.endpoint(leader, listener) {
        endpoints.push(fetch_response::NodeEndpoint {
            node_id: leader.0,
            host: node.host,
            port: node.port,
            rack: node.rack,
            ..Default::default()
        });
    }
}
