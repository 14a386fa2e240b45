//! ElectLeaders (KIP-183, KIP-460).

use std::collections::BTreeMap;

use protocol::messages::elect_leaders_request::{ElectLeadersRequest, TopicPartitions};
use types::{PartitionIndex, TopicPartition};

use crate::admin::ask::Whom;
use crate::admin::{Admin, Outcomes, outcome, whole};
use crate::call::Call;
use crate::error::ClientError;

/// Who is to lead.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ElectionType {
    /// The first of the replicas, if it is in sync.
    Preferred,
    /// Any replica, where none that is in sync is left: records may be lost.
    Unclean,
}

impl Admin {
    /// Has leaders elected for these partitions; for all where there are none.
    ///
    /// # Errors
    /// When nobody answers; for a partition ELECTION_NOT_NEEDED, PREFERRED_LEADER_NOT_AVAILABLE and their like.
    pub async fn elect_leaders(
        &self,
        election_type: ElectionType,
        partitions: Option<&[TopicPartition]>,
    ) -> Result<Outcomes<TopicPartition, ()>, ClientError> {
        let topics = partitions.map(|partitions| {
            let mut topics: BTreeMap<&str, Vec<i32>> = BTreeMap::new();
            for partition in partitions {
                topics.entry(&partition.topic).or_default().push(partition.partition.0);
            }
            topics
                .into_iter()
                .map(|(topic, partitions)| TopicPartitions {
                    topic: topic.to_owned(),
                    partitions,
                    ..TopicPartitions::default()
                })
                .collect()
        });
        let request = ElectLeadersRequest {
            election_type: match election_type {
                ElectionType::Preferred => 0,
                ElectionType::Unclean => 1,
            },
            topic_partitions: topics,
            timeout_ms: self.timeout_ms(),
            ..ElectLeadersRequest::default()
        };
        let answer = self.ask(Whom::Any, &request, |answer| answer.error_code).await?;
        whole(ElectLeadersRequest::API, answer.error_code)?;
        let mut elected = Outcomes::new();
        for topic in answer.replica_election_results {
            for result in topic.partition_result {
                let partition =
                    TopicPartition::new(topic.topic.as_str(), PartitionIndex(result.partition_id));
                let outcome = outcome(&partition.to_string(), result.error_code, result.error_message);
                elected.insert(partition, outcome);
            }
        }
        Ok(elected)
    }
}
