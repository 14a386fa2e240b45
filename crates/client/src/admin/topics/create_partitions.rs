//! CreatePartitions.

use std::collections::BTreeMap;

use protocol::messages::create_partitions_request::{CreatePartitionsRequest, CreatePartitionsTopic};

use crate::admin::ask::Whom;
use crate::admin::{Admin, Effect, Outcomes, outcome};
use crate::error::ClientError;

impl Admin {
    /// Gives each of these topics partitions until it has as many as named.
    ///
    /// # Errors
    /// When nobody answers; for a topic: INVALID_PARTITIONS where it has as many or more, UNKNOWN_TOPIC_OR_PARTITION and
    /// their like.
    pub async fn create_partitions(
        &self,
        counts: &BTreeMap<String, i32>,
        effect: Effect,
    ) -> Result<Outcomes<String, ()>, ClientError> {
        let topics = counts.iter().map(|(name, count)| CreatePartitionsTopic {
            name: name.clone(),
            count: *count,
            assignments: None,
            ..CreatePartitionsTopic::default()
        });
        let request = CreatePartitionsRequest {
            topics: topics.collect(),
            timeout_ms: self.timeout_ms(),
            validate_only: effect.is_validate_only(),
            ..CreatePartitionsRequest::default()
        };
        let answer = self.ask(Whom::Any, &request, |_| 0).await?;
        let outcomes = answer.results.into_iter().map(|topic| {
            let grown = outcome(&topic.name, topic.error_code, topic.error_message);
            (topic.name, grown)
        });
        Ok(outcomes.collect())
    }
}
