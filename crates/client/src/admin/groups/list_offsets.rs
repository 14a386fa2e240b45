//! OffsetFetch: what a group has committed.

use std::collections::BTreeMap;

use protocol::messages::offset_fetch_request::{OffsetFetchRequest, OffsetFetchRequestGroup};
use protocol::messages::offset_fetch_response::OffsetFetchResponse;
use types::{LeaderEpoch, Offset, PartitionIndex, TopicName, TopicPartition};

use super::coordinator::group_outcome;
use crate::admin::{Admin, outcome};
use crate::error::ClientError;

/// The newest version that names topics; those after it know only their ids.
const NEWEST_BY_NAME: i16 = 9;

/// Where a group is in a partition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommittedOffset {
    /// The record that is read next.
    pub offset: Offset,
    /// The epoch of the record before it; `None` where it was not told.
    pub leader_epoch: Option<LeaderEpoch>,
    /// What the committer noted.
    pub metadata: String,
}

impl Admin {
    /// All that a group has committed; nothing for a group that does not exist.
    ///
    /// # Errors
    /// When nobody answers, or the coordinator has an error for the group or a partition.
    pub async fn list_group_offsets(
        &self,
        group: &str,
    ) -> Result<BTreeMap<TopicPartition, CommittedOffset>, ClientError> {
        let request = OffsetFetchRequest {
            group_id: group.to_owned(),
            topics: None,
            groups: vec![OffsetFetchRequestGroup {
                group_id: group.to_owned(),
                topics: None,
                ..OffsetFetchRequestGroup::default()
            }],
            ..OffsetFetchRequest::default()
        };
        let verdict = |answer: &OffsetFetchResponse| {
            answer.groups.first().map_or(answer.error_code, |group| group.error_code)
        };
        let answer = self.ask_coordinator_at(group, &request, NEWEST_BY_NAME, verdict).await?;
        group_outcome(group, verdict(&answer), None)?;
        let mut committed = BTreeMap::new();
        for (topic, index, offset, epoch, metadata, code) in partitions(answer) {
            outcome(&format!("group {group}, {topic}-{index}"), code, None)?;
            if offset >= 0 {
                let epoch = Some(LeaderEpoch(epoch)).filter(|epoch| epoch.0 >= 0);
                committed.insert(
                    TopicPartition { topic: TopicName::from(topic), partition: PartitionIndex(index) },
                    CommittedOffset {
                        offset: Offset(offset),
                        leader_epoch: epoch,
                        metadata: metadata.unwrap_or_default(),
                    },
                );
            }
        }
        Ok(committed)
    }
}

type Row = (String, i32, i64, i32, Option<String>, i16);

/// Versions 1-7 answer for the one group, later ones for each.
fn partitions(answer: OffsetFetchResponse) -> Vec<Row> {
    let of_groups = answer.groups.into_iter().flat_map(|group| group.topics).flat_map(|topic| {
        topic.partitions.into_iter().map(move |it| {
            let (index, offset) = (it.partition_index, it.committed_offset);
            (topic.name.clone(), index, offset, it.committed_leader_epoch, it.metadata, it.error_code)
        })
    });
    let of_one = answer.topics.into_iter().flat_map(|topic| {
        topic.partitions.into_iter().map(move |it| {
            let (index, offset) = (it.partition_index, it.committed_offset);
            (topic.name.clone(), index, offset, it.committed_leader_epoch, it.metadata, it.error_code)
        })
    });
    of_groups.chain(of_one).collect()
}
