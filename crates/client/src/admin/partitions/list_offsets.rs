//! ListOffsets with every question it takes.

use std::collections::BTreeMap;

use protocol::messages::list_offsets_request::ListOffsetsRequest;
use types::{LeaderEpoch, Offset, TopicPartition};

use crate::admin::{Admin, Outcomes, outcome};
use crate::consumer::IsolationLevel;
use crate::error::ClientError;
use crate::list_offsets;

pub use crate::list_offsets::OffsetSpec;

/// An offset that was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ListedOffset {
    /// `None` where there is no such record.
    pub offset: Option<Offset>,
    /// The record's, in milliseconds since 1970, where the question was about time.
    pub timestamp_ms: Option<i64>,
    /// The record's, where it is known.
    pub leader_epoch: Option<LeaderEpoch>,
}

impl Admin {
    /// Finds one offset of each of these partitions.
    ///
    /// # Errors
    /// When a leader does not answer; for a partition UNKNOWN_TOPIC_OR_PARTITION, LEADER_NOT_AVAILABLE and their like.
    pub async fn list_offsets(
        &self,
        queries: &BTreeMap<TopicPartition, OffsetSpec>,
        isolation_level: IsolationLevel,
    ) -> Result<Outcomes<TopicPartition, ListedOffset>, ClientError> {
        let request = |partitions: &[TopicPartition]| {
            let questions = partitions.iter().filter_map(|partition| {
                Some((partition.clone(), LeaderEpoch::NONE, *queries.get(partition)?))
            });
            ListOffsetsRequest {
                timeout_ms: self.timeout_ms(),
                ..list_offsets::request(isolation_level, questions)
            }
        };
        self.ask_leaders(queries.keys().cloned(), request, |answer| {
            let found = list_offsets::answers(answer).map(|(partition, found)| {
                let listed = ListedOffset {
                    offset: Some(Offset(found.offset)).filter(|offset| offset.0 >= 0),
                    timestamp_ms: Some(found.timestamp).filter(|timestamp| *timestamp >= 0),
                    leader_epoch: Some(LeaderEpoch(found.leader_epoch)).filter(|epoch| epoch.0 >= 0),
                };
                let outcome = outcome(&partition.to_string(), found.error_code, None).map(|()| listed);
                (partition, outcome)
            });
            found.collect()
        })
        .await
    }
}
