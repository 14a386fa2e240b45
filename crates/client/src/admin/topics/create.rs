//! CreateTopics.

use protocol::messages::create_topics_request::{
    CreatableReplicaAssignment, CreatableTopic, CreatableTopicConfig, CreateTopicsRequest,
};
use types::{NodeId, Uuid};

use crate::admin::ask::Whom;
use crate::admin::{Admin, Effect, Outcomes, outcome};
use crate::error::ClientError;

/// A topic to create.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NewTopic {
    /// Its name.
    pub name: String,
    /// `None`: what the brokers take for one (`num.partitions`).
    pub partitions: Option<i32>,
    /// `None`: what the brokers take for one (`default.replication.factor`).
    pub replication_factor: Option<i16>,
    /// The replicas of each partition, the preferred leader first; in place of the two numbers above.
    pub assignments: Vec<Vec<NodeId>>,
    /// Keys set for it.
    pub configs: Vec<(String, String)>,
}

/// A topic as it was created, or would be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CreatedTopic {
    /// Its id; zero where it was only validated, or the brokers are too old to tell.
    pub id: Uuid,
    /// `None` where the brokers do not tell.
    pub partitions: Option<i32>,
    /// `None` where the brokers do not tell.
    pub replication_factor: Option<i16>,
}

impl Admin {
    /// Creates these topics, or only validates that they could be.
    ///
    /// # Errors
    /// When nobody answers; for a topic: TOPIC_ALREADY_EXISTS, INVALID_TOPIC_EXCEPTION, INVALID_PARTITIONS,
    /// INVALID_REPLICATION_FACTOR, INVALID_CONFIG and their like.
    pub async fn create_topics(
        &self,
        topics: &[NewTopic],
        effect: Effect,
    ) -> Result<Outcomes<String, CreatedTopic>, ClientError> {
        let request = CreateTopicsRequest {
            topics: topics.iter().map(creatable).collect(),
            timeout_ms: self.timeout_ms(),
            validate_only: effect.is_validate_only(),
            ..CreateTopicsRequest::default()
        };
        let first_error = |answer: &protocol::messages::create_topics_response::CreateTopicsResponse| {
            answer.topics.first().map_or(0, |topic| topic.error_code)
        };
        let answer = self.ask(Whom::Any, &request, first_error).await?;
        let outcomes = answer.topics.into_iter().map(|topic| {
            let created =
                outcome(&topic.name, topic.error_code, topic.error_message).map(|()| CreatedTopic {
                    id: topic.topic_id,
                    partitions: Some(topic.num_partitions).filter(|count| *count > 0),
                    replication_factor: Some(topic.replication_factor).filter(|count| *count > 0),
                });
            (topic.name, created)
        });
        Ok(outcomes.collect())
    }
}

fn creatable(topic: &NewTopic) -> CreatableTopic {
    let is_assigned = !topic.assignments.is_empty();
    let assignments =
        topic.assignments.iter().enumerate().map(|(index, brokers)| CreatableReplicaAssignment {
            partition_index: index as i32,
            broker_ids: brokers.iter().map(|node| node.0).collect(),
            ..CreatableReplicaAssignment::default()
        });
    let configs = topic.configs.iter().map(|(name, value)| CreatableTopicConfig {
        name: name.clone(),
        value: Some(value.clone()),
        ..CreatableTopicConfig::default()
    });
    CreatableTopic {
        name: topic.name.clone(),
        num_partitions: if is_assigned { -1 } else { topic.partitions.unwrap_or(-1) },
        replication_factor: if is_assigned { -1 } else { topic.replication_factor.unwrap_or(-1) },
        assignments: assignments.collect(),
        configs: configs.collect(),
        ..CreatableTopic::default()
    }
}
