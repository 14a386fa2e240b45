//! DeleteTopics.

use protocol::messages::delete_topics_request::{DeleteTopicState, DeleteTopicsRequest};

use crate::admin::ask::Whom;
use crate::admin::{Admin, Outcomes, outcome};
use crate::error::ClientError;

impl Admin {
    /// Deletes these topics with all that is in them.
    ///
    /// # Errors
    /// When nobody answers; for a topic: UNKNOWN_TOPIC_OR_PARTITION, TOPIC_DELETION_DISABLED and their like.
    pub async fn delete_topics(&self, names: &[String]) -> Result<Outcomes<String, ()>, ClientError> {
        let topics = names
            .iter()
            .map(|name| DeleteTopicState { name: Some(name.clone()), ..DeleteTopicState::default() });
        // The one or the other is sent, as the version has it.
        let request = DeleteTopicsRequest {
            topics: topics.collect(),
            topic_names: names.to_vec(),
            timeout_ms: self.timeout_ms(),
            ..DeleteTopicsRequest::default()
        };
        let answer = self.ask(Whom::Any, &request, |_| 0).await?;
        let outcomes = answer.responses.into_iter().map(|topic| {
            let name = topic.name.unwrap_or_default();
            let deleted = outcome(&name, topic.error_code, topic.error_message);
            (name, deleted)
        });
        Ok(outcomes.collect())
    }
}
