//! DescribeCluster (KIP-700): the nodes there are.

use protocol::messages::describe_cluster_request::DescribeClusterRequest;
use types::NodeId;

use super::ask::Whom;
use super::{Admin, whole};
use crate::call::Call;
use crate::error::ClientError;

/// A cluster and its nodes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClusterDescription {
    /// Its id.
    pub cluster_id: String,
    /// The node that takes requests for the controller; a broker that forwards them, where clients speak to brokers.
    pub controller: Option<NodeId>,
    /// Its brokers, by id.
    pub nodes: Vec<NodeDescription>,
}

/// A broker and where it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodeDescription {
    /// `node.id`.
    pub id: NodeId,
    /// Where clients of this listener reach it.
    pub host: String,
    /// See `host`.
    pub port: i32,
    /// `broker.rack`.
    pub rack: Option<String>,
    /// Whether it is registered but not in service (KIP-1073).
    pub is_fenced: bool,
}

/// Which brokers are described.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fenced {
    /// Those that are not in service too, where the brokers can tell.
    Included,
    /// Those in service only.
    Excluded,
}

impl Admin {
    /// Describes the cluster.
    ///
    /// # Errors
    /// When nobody answers, or CLUSTER_AUTHORIZATION_FAILED.
    pub async fn describe_cluster(&self, fenced: Fenced) -> Result<ClusterDescription, ClientError> {
        let request = |fenced| DescribeClusterRequest {
            endpoint_type: 1,
            include_fenced_brokers: fenced == Fenced::Included,
            ..DescribeClusterRequest::default()
        };
        let answer = match self.ask(Whom::Any, &request(fenced), |answer| answer.error_code).await {
            // An older broker has no word for it.
            Err(ClientError::Malformed { .. }) if fenced == Fenced::Included => {
                self.ask(Whom::Any, &request(Fenced::Excluded), |answer| answer.error_code).await?
            }
            answer => answer?,
        };
        whole(DescribeClusterRequest::API, answer.error_code)?;
        let mut nodes: Vec<NodeDescription> = answer
            .brokers
            .into_iter()
            .map(|broker| NodeDescription {
                id: NodeId(broker.broker_id),
                host: broker.host,
                port: broker.port,
                rack: broker.rack,
                is_fenced: broker.is_fenced,
            })
            .collect();
        nodes.sort_by_key(|node| node.id);
        Ok(ClusterDescription {
            cluster_id: answer.cluster_id,
            controller: Some(NodeId(answer.controller_id)).filter(|node| node.0 >= 0),
            nodes,
        })
    }
}
