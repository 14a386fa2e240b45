//! DescribeQuorum (KIP-595, KIP-836): who keeps the cluster's metadata, and how far they are.

use protocol::messages::describe_quorum_request::{DescribeQuorumRequest, PartitionData, TopicData};
use protocol::messages::describe_quorum_response::ReplicaState;
use types::{LeaderEpoch, NodeId, Offset, Uuid};

use super::ask::Whom;
use super::{Admin, outcome, whole};
use crate::call::Call;
use crate::error::ClientError;

/// The topic of the cluster's metadata.
const METADATA_TOPIC: &str = "__cluster_metadata";

/// The quorum of the metadata log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QuorumDescription {
    /// Who leads it: the active controller.
    pub leader: NodeId,
    /// Of the leader.
    pub leader_epoch: LeaderEpoch,
    /// First offset that is not committed.
    pub high_watermark: Offset,
    /// Those whose votes count.
    pub voters: Vec<QuorumReplica>,
    /// Those who read along.
    pub observers: Vec<QuorumReplica>,
}

/// A replica of the metadata log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QuorumReplica {
    /// The node.
    pub node: NodeId,
    /// Its directory; zero where it is not told (KIP-853).
    pub directory_id: Uuid,
    /// The end of its log, as the leader knows it; `None` before it has fetched.
    pub log_end: Option<Offset>,
    /// When it last fetched, in milliseconds since 1970.
    pub last_fetch_ms: Option<i64>,
    /// When it last had all there was, in milliseconds since 1970.
    pub last_caught_up_ms: Option<i64>,
}

impl Admin {
    /// Describes the quorum of the metadata log.
    ///
    /// # Errors
    /// When nobody answers, or CLUSTER_AUTHORIZATION_FAILED.
    pub async fn describe_quorum(&self) -> Result<QuorumDescription, ClientError> {
        let request = DescribeQuorumRequest {
            topics: vec![TopicData {
                topic_name: METADATA_TOPIC.to_owned(),
                partitions: vec![PartitionData { partition_index: 0, ..PartitionData::default() }],
                ..TopicData::default()
            }],
            ..DescribeQuorumRequest::default()
        };
        let answer = self.ask(Whom::Any, &request, |answer| answer.error_code).await?;
        whole(DescribeQuorumRequest::API, answer.error_code)?;
        let partition = answer.topics.into_iter().flat_map(|topic| topic.partitions).next();
        let partition = partition.ok_or_else(|| ClientError::Malformed {
            api: DescribeQuorumRequest::API,
            reason: "no answer for the metadata log".to_owned(),
        })?;
        outcome(METADATA_TOPIC, partition.error_code, partition.error_message)?;
        Ok(QuorumDescription {
            leader: NodeId(partition.leader_id),
            leader_epoch: LeaderEpoch(partition.leader_epoch),
            high_watermark: Offset(partition.high_watermark),
            voters: partition.current_voters.iter().map(QuorumReplica::from).collect(),
            observers: partition.observers.iter().map(QuorumReplica::from).collect(),
        })
    }
}

impl From<&ReplicaState> for QuorumReplica {
    fn from(replica: &ReplicaState) -> Self {
        let known = |number: i64| Some(number).filter(|number| *number >= 0);
        Self {
            node: NodeId(replica.replica_id),
            directory_id: replica.replica_directory_id,
            log_end: known(replica.log_end_offset).map(Offset),
            last_fetch_ms: known(replica.last_fetch_timestamp),
            last_caught_up_ms: known(replica.last_caught_up_timestamp),
        }
    }
}
