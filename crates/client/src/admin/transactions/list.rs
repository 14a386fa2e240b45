//! ListTransactions, asked of every broker: each knows those that it coordinates.

use std::collections::BTreeMap;

use protocol::messages::list_transactions_request::ListTransactionsRequest;
use types::NodeId;

use crate::admin::ask::Whom;
use crate::admin::{Admin, whole};
use crate::call::Call;
use crate::error::ClientError;
use crate::network_client::AutoCreate;

/// Which transactional ids to list; what is empty lets all pass.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TransactionsFilter {
    /// In one of these states, such as `Ongoing`.
    pub states: Vec<String>,
    /// Of one of these producers.
    pub producer_ids: Vec<i64>,
    /// Whose transaction began more than so many milliseconds ago (KIP-994).
    pub longer_than_ms: Option<i64>,
    /// Whose id matches this regular expression as a whole (KIP-1152).
    pub id_pattern: Option<String>,
}

/// A transactional id in a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TransactionListing {
    /// The id.
    pub transactional_id: String,
    /// The broker that coordinates it.
    pub coordinator: NodeId,
    /// The producer that goes by it.
    pub producer_id: i64,
    /// What it is doing: `Empty`, `Ongoing`, `PrepareCommit` and so on.
    pub state: String,
}

impl Admin {
    /// All transactional ids that may be seen and pass the filter, by id.
    ///
    /// # Errors
    /// When a broker does not answer, or is too old for the filter; INVALID_REGULAR_EXPRESSION.
    pub async fn list_transactions(
        &self,
        filter: &TransactionsFilter,
    ) -> Result<Vec<TransactionListing>, ClientError> {
        self.client().refresh(&[], AutoCreate::Forbidden).await?;
        let request = ListTransactionsRequest {
            state_filters: filter.states.clone(),
            producer_id_filters: filter.producer_ids.clone(),
            duration_filter: filter.longer_than_ms.unwrap_or(-1),
            transactional_id_pattern: filter.id_pattern.clone(),
            ..ListTransactionsRequest::default()
        };
        let mut listed = BTreeMap::new();
        for node in self.client().metadata().nodes.into_keys() {
            let answer = self.ask(Whom::Node(node), &request, |answer| answer.error_code).await?;
            whole(ListTransactionsRequest::API, answer.error_code)?;
            listed.extend(answer.transaction_states.into_iter().map(|it| {
                let listing = TransactionListing {
                    transactional_id: it.transactional_id,
                    coordinator: node,
                    producer_id: it.producer_id,
                    state: it.transaction_state,
                };
                (listing.transactional_id.clone(), listing)
            }));
        }
        Ok(listed.into_values().collect())
    }
}
