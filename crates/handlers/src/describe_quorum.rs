//! DescribeQuorum (key 55), versions 0–2: the metadata quorum (KIP-595).
//!
//! v1 (KIP-836) when replicas fetched and had caught up; v2 (KIP-853) directories, the voters' endpoints, messages. Broker
//! and controller listeners; the controller answers. Needs DESCRIBE on the cluster. Exactly one partition can be asked
//! for: that of `__cluster_metadata`. Errors: CLUSTER_AUTHORIZATION_FAILED; of the partition:
//! UNKNOWN_TOPIC_OR_PARTITION, NOT_LEADER_OR_FOLLOWER. A quorum of one has no observers.

use broker::Broker;
use controller_node::{ControllerHandle, QuorumInfo};
use net::Request;
use protocol::messages::describe_quorum_request::DescribeQuorumRequest;
use protocol::messages::describe_quorum_response::{
    DescribeQuorumResponse, Listener, Node, PartitionData, ReplicaState, TopicData,
};
use types::ErrorCode;

use crate::authorizer::{self, Authorizer, Operation, Resource};
use crate::exchange::{self, Handled};

const METADATA_TOPIC: &str = "__cluster_metadata";

/// Answers from what the quorum's leader last told.
pub(crate) fn handle(
    broker: &Broker,
    controller: &ControllerHandle,
    authorizer: &Authorizer,
    request: &Request,
) -> Handled {
    let body: DescribeQuorumRequest = exchange::decode(request)?;
    if !authorizer.allows(&request.connection, Operation::Describe, Resource::Cluster) {
        let denied = DescribeQuorumResponse {
            error_code: ErrorCode::ClusterAuthorizationFailed.code(),
            error_message: Some(authorizer::CLUSTER_DENIED.to_owned()),
            ..Default::default()
        };
        return exchange::answer(&request.header, &denied);
    }
    if !asks_for_metadata(&body) {
        return exchange::answer(&request.header, &unknown(body));
    }
    let quorum = controller.quorum();
    let response = match quorum.leader_id {
        Some(leader) if leader == broker.node_id() => {
            described(&quorum, broker.clock().now_ms(), request.header.api_version)
        }
        _ => DescribeQuorumResponse {
            topics: vec![topic(METADATA_TOPIC.to_owned(), vec![refused(0, ErrorCode::NotLeaderOrFollower)])],
            ..Default::default()
        },
    };
    exchange::answer(&request.header, &response)
}

fn asks_for_metadata(body: &DescribeQuorumRequest) -> bool {
    let [topic] = body.topics.as_slice() else { return false };
    let [partition] = topic.partitions.as_slice() else { return false };
    topic.topic_name == METADATA_TOPIC && partition.partition_index == 0
}

fn unknown(body: DescribeQuorumRequest) -> DescribeQuorumResponse {
    let topics = body.topics.into_iter().map(|asked| {
        let partitions = asked.partitions.into_iter();
        let refused = partitions.map(|it| refused(it.partition_index, ErrorCode::UnknownTopicOrPartition));
        topic(asked.topic_name, refused.collect())
    });
    DescribeQuorumResponse { topics: topics.collect(), ..Default::default() }
}

fn described(quorum: &QuorumInfo, now_ms: i64, version: i16) -> DescribeQuorumResponse {
    let current_voters = quorum.voters.iter().map(|voter| {
        let is_leader = Some(voter.key.id) == quorum.leader_id;
        // The leader has what it has, now; of others nothing has been heard.
        let (log_end_offset, heard_at_ms) = if is_leader { (quorum.log_end.0, now_ms) } else { (-1, -1) };
        ReplicaState {
            replica_id: voter.key.id.0,
            replica_directory_id: match version {
                2.. => voter.key.directory_id_or_zero(),
                _ => Default::default(),
            },
            log_end_offset,
            last_fetch_timestamp: heard_at_ms,
            last_caught_up_timestamp: heard_at_ms,
            ..Default::default()
        }
    });
    let partition = PartitionData {
        leader_id: quorum.leader_id.map_or(-1, |leader| leader.0),
        leader_epoch: quorum.epoch.0,
        high_watermark: quorum.high_watermark.map_or(-1, |offset| offset.0),
        current_voters: current_voters.collect(),
        ..Default::default()
    };
    let nodes = quorum.voters.iter().map(|voter| {
        let listeners = voter.endpoints.iter().map(|(name, endpoint)| Listener {
            name: name.to_owned(),
            host: endpoint.host.clone(),
            port: endpoint.port,
            ..Default::default()
        });
        Node { node_id: voter.key.id.0, listeners: listeners.collect(), ..Default::default() }
    });
    DescribeQuorumResponse {
        topics: vec![topic(METADATA_TOPIC.to_owned(), vec![partition])],
        nodes: if version >= 2 { nodes.collect() } else { Vec::new() },
        ..Default::default()
    }
}

fn topic(topic_name: String, partitions: Vec<PartitionData>) -> TopicData {
    TopicData { topic_name, partitions, ..Default::default() }
}

fn refused(partition_index: i32, error: ErrorCode) -> PartitionData {
    let error_message = Some(error.name().to_owned());
    PartitionData { partition_index, error_code: error.code(), error_message, ..Default::default() }
}
