//! UnregisterBroker: a broker that is gone for ever is struck from the cluster's list.

use protocol::messages::unregister_broker_request::UnregisterBrokerRequest;
use types::NodeId;

use super::ask::Whom;
use super::{Admin, outcome};
use crate::error::ClientError;

impl Admin {
    /// Strikes this broker from the list.
    ///
    /// # Errors
    /// When nobody answers; BROKER_ID_NOT_REGISTERED where it is not on it.
    pub async fn unregister_broker(&self, node: NodeId) -> Result<(), ClientError> {
        let request = UnregisterBrokerRequest { broker_id: node.0, ..UnregisterBrokerRequest::default() };
        let answer = self.ask(Whom::Any, &request, |answer| answer.error_code).await?;
        outcome(&format!("node {node}"), answer.error_code, answer.error_message)
    }
}
