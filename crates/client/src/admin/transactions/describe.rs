//! DescribeTransactions.

use protocol::messages::describe_transactions_request::DescribeTransactionsRequest;
use protocol::messages::describe_transactions_response::{DescribeTransactionsResponse, TransactionState};
use types::{NodeId, TopicPartition};

use crate::admin::coordinator::Coordinated;
use crate::admin::{Admin, Outcomes, outcome};
use crate::call::Call;
use crate::error::ClientError;

/// A transactional id and its transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TransactionDescription {
    /// The id.
    pub transactional_id: String,
    /// The broker that coordinates it.
    pub coordinator: NodeId,
    /// What it is doing: `Empty`, `Ongoing`, `PrepareCommit` and so on.
    pub state: String,
    /// The producer that goes by it.
    pub producer_id: i64,
    /// Its epoch.
    pub producer_epoch: i16,
    /// How long a transaction may take.
    pub timeout_ms: i32,
    /// When the transaction began that is open, or was last; in milliseconds since 1970.
    pub started_at_ms: Option<i64>,
    /// What is in the open transaction, or still waits for a marker of the decided one; sorted.
    pub partitions: Vec<TopicPartition>,
}

impl Admin {
    /// Describes these transactional ids.
    ///
    /// # Errors
    /// When nobody answers; TRANSACTIONAL_ID_NOT_FOUND for one that does not exist.
    pub async fn describe_transactions(
        &self,
        transactional_ids: &[String],
    ) -> Result<Outcomes<String, TransactionDescription>, ClientError> {
        let mut described = Outcomes::new();
        for id in transactional_ids {
            let of = Coordinated::TransactionalId(id);
            let request = DescribeTransactionsRequest {
                transactional_ids: vec![id.clone()],
                ..DescribeTransactionsRequest::default()
            };
            let first_error = |answer: &DescribeTransactionsResponse| {
                answer.transaction_states.first().map_or(0, |found| found.error_code)
            };
            let newest = DescribeTransactionsRequest::MAX_VERSION;
            let answer = self.ask_coordinator_of(of, &request, newest, first_error).await?;
            let found =
                answer.transaction_states.into_iter().next().ok_or_else(|| ClientError::Malformed {
                    api: DescribeTransactionsRequest::API,
                    reason: format!("no answer for the {of}"),
                })?;
            let description = match outcome(&of.to_string(), found.error_code, None) {
                Ok(()) => Ok(description(found, self.coordinator(of).await?)),
                Err(error) => Err(error),
            };
            described.insert(id.clone(), description);
        }
        Ok(described)
    }
}

fn description(found: TransactionState, coordinator: NodeId) -> TransactionDescription {
    let partitions = found.topics.iter().flat_map(|topic| {
        topic.partitions.iter().map(|index| TopicPartition::new(topic.topic.as_str(), *index))
    });
    let mut partitions: Vec<TopicPartition> = partitions.collect();
    partitions.sort();
    TransactionDescription {
        coordinator,
        partitions,
        transactional_id: found.transactional_id,
        state: found.transaction_state,
        producer_id: found.producer_id,
        producer_epoch: found.producer_epoch,
        timeout_ms: found.transaction_timeout_ms,
        started_at_ms: Some(found.transaction_start_time_ms).filter(|at_ms| *at_ms >= 0),
    }
}
