//! OffsetDelete (KIP-496).

use std::collections::{BTreeMap, BTreeSet};

use protocol::messages::offset_delete_request::{
    OffsetDeleteRequest, OffsetDeleteRequestPartition, OffsetDeleteRequestTopic,
};
use types::{PartitionIndex, TopicName, TopicPartition};

use super::coordinator::group_outcome;
use crate::admin::{Admin, Outcomes, outcome};
use crate::error::ClientError;

impl Admin {
    /// Forgets what a group has committed for these partitions.
    ///
    /// # Errors
    /// When nobody answers, GROUP_ID_NOT_FOUND, NON_EMPTY_GROUP; for a partition GROUP_SUBSCRIBED_TO_TOPIC,
    /// UNKNOWN_TOPIC_OR_PARTITION and their like.
    pub async fn delete_group_offsets(
        &self,
        group: &str,
        partitions: &BTreeSet<TopicPartition>,
    ) -> Result<Outcomes<TopicPartition, ()>, ClientError> {
        let mut topics: BTreeMap<&TopicName, Vec<OffsetDeleteRequestPartition>> = BTreeMap::new();
        for partition in partitions {
            topics
                .entry(&partition.topic)
                .or_default()
                .push(OffsetDeleteRequestPartition { partition_index: partition.partition.0 });
        }
        let topics = topics
            .into_iter()
            .map(|(name, partitions)| OffsetDeleteRequestTopic { name: name.to_string(), partitions });
        let request = OffsetDeleteRequest { group_id: group.to_owned(), topics: topics.collect() };
        let answer = self.ask_coordinator(group, &request, |answer| answer.error_code).await?;
        group_outcome(group, answer.error_code, None)?;
        let mut deleted = Outcomes::new();
        for topic in answer.topics {
            for answered in topic.partitions {
                let index = PartitionIndex(answered.partition_index);
                let partition = TopicPartition { topic: topic.name.as_str().into(), partition: index };
                let subject = format!("group {group}, {partition}");
                deleted.insert(partition, outcome(&subject, answered.error_code, None));
            }
        }
        Ok(deleted)
    }
}
