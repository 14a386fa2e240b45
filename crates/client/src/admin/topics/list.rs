//! Every topic, by Metadata.

use protocol::messages::metadata_request::MetadataRequest;
use types::Uuid;

use crate::admin::ask::Whom;
use crate::admin::{Admin, whole};
use crate::call::Call;
use crate::error::ClientError;

/// A topic in a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TopicListing {
    /// Its name.
    pub name: String,
    /// Its id; zero where the brokers are too old to tell.
    pub id: Uuid,
    /// Whether it belongs to the cluster itself, such as `__consumer_offsets`.
    pub is_internal: bool,
    /// How many it has.
    pub partitions: usize,
    /// Replicas of its first partition.
    pub replication_factor: usize,
}

impl Admin {
    /// All topics that may be seen, by name.
    ///
    /// # Errors
    /// When nobody answers.
    pub async fn list_topics(&self) -> Result<Vec<TopicListing>, ClientError> {
        let request =
            MetadataRequest { topics: None, allow_auto_topic_creation: false, ..MetadataRequest::default() };
        let answer = self.ask(Whom::Any, &request, |answer| answer.error_code).await?;
        whole(MetadataRequest::API, answer.error_code)?;
        let mut topics: Vec<TopicListing> = answer
            .topics
            .into_iter()
            .map(|topic| TopicListing {
                name: topic.name.unwrap_or_default(),
                id: topic.topic_id,
                is_internal: topic.is_internal,
                partitions: topic.partitions.len(),
                replication_factor: topic.partitions.first().map_or(0, |first| first.replica_nodes.len()),
            })
            .collect();
        topics.sort_by(|left, right| left.name.cmp(&right.name));
        Ok(topics)
    }
}
