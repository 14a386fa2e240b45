//! OffsetCommit in nobody's name: the offsets of a group without members.

use std::collections::BTreeMap;

use protocol::messages::offset_commit_request::{
    OffsetCommitRequest, OffsetCommitRequestPartition, OffsetCommitRequestTopic,
};
use protocol::messages::offset_commit_response::OffsetCommitResponse;
use types::{LeaderEpoch, Offset, PartitionIndex, TopicName, TopicPartition};

use crate::admin::{Admin, Outcomes, outcome};
use crate::error::ClientError;

/// The newest version that names topics; those after it know only their ids.
const NEWEST_BY_NAME: i16 = 9;

/// Where a group shall be in a partition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OffsetToCommit {
    /// The record that is read next.
    pub offset: Offset,
    /// The epoch of the record before it, where it is known.
    pub leader_epoch: Option<LeaderEpoch>,
    /// A note.
    pub metadata: String,
}

impl Admin {
    /// Commits these offsets for a group that has no members, or does not exist yet.
    ///
    /// # Errors
    /// When nobody answers; for a partition UNKNOWN_MEMBER_ID where the group has members, UNKNOWN_TOPIC_OR_PARTITION and
    /// their like.
    pub async fn alter_group_offsets(
        &self,
        group: &str,
        offsets: &BTreeMap<TopicPartition, OffsetToCommit>,
    ) -> Result<Outcomes<TopicPartition, ()>, ClientError> {
        let mut topics: BTreeMap<&TopicName, Vec<OffsetCommitRequestPartition>> = BTreeMap::new();
        for (partition, commit) in offsets {
            topics.entry(&partition.topic).or_default().push(OffsetCommitRequestPartition {
                partition_index: partition.partition.0,
                committed_offset: commit.offset.0,
                committed_leader_epoch: commit.leader_epoch.map_or(-1, |epoch| epoch.0),
                committed_metadata: Some(commit.metadata.clone()),
                ..OffsetCommitRequestPartition::default()
            });
        }
        let topics = topics.into_iter().map(|(name, partitions)| OffsetCommitRequestTopic {
            name: name.to_string(),
            partitions,
            ..OffsetCommitRequestTopic::default()
        });
        let request = OffsetCommitRequest {
            group_id: group.to_owned(),
            generation_id_or_member_epoch: -1,
            retention_time_ms: -1,
            topics: topics.collect(),
            ..OffsetCommitRequest::default()
        };
        let first_error = |answer: &OffsetCommitResponse| {
            let mut partitions = answer.topics.iter().flat_map(|topic| &topic.partitions);
            partitions.next().map_or(0, |partition| partition.error_code)
        };
        let answer = self.ask_coordinator_at(group, &request, NEWEST_BY_NAME, first_error).await?;
        let mut altered = Outcomes::new();
        for topic in answer.topics {
            for answered in topic.partitions {
                let index = PartitionIndex(answered.partition_index);
                let partition = TopicPartition { topic: topic.name.as_str().into(), partition: index };
                let subject = format!("group {group}, {partition}");
                altered.insert(partition, outcome(&subject, answered.error_code, None));
            }
        }
        Ok(altered)
    }
}
