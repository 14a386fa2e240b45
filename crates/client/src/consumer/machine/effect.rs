//! What the machine wants done, and how it learns what came of it.

use std::collections::BTreeMap;
use std::time::Duration;

use protocol::messages::consumer_group_heartbeat_request::ConsumerGroupHeartbeatRequest;
use protocol::messages::consumer_group_heartbeat_response::ConsumerGroupHeartbeatResponse;
use protocol::messages::fetch_request::FetchRequest;
use protocol::messages::fetch_response::FetchResponse;
use protocol::messages::find_coordinator_request::FindCoordinatorRequest;
use protocol::messages::find_coordinator_response::FindCoordinatorResponse;
use protocol::messages::heartbeat_request::HeartbeatRequest;
use protocol::messages::heartbeat_response::HeartbeatResponse;
use protocol::messages::join_group_request::JoinGroupRequest;
use protocol::messages::join_group_response::JoinGroupResponse;
use protocol::messages::leave_group_request::LeaveGroupRequest;
use protocol::messages::list_offsets_request::ListOffsetsRequest;
use protocol::messages::list_offsets_response::ListOffsetsResponse;
use protocol::messages::offset_commit_request::OffsetCommitRequest;
use protocol::messages::offset_commit_response::OffsetCommitResponse;
use protocol::messages::offset_fetch_request::OffsetFetchRequest;
use protocol::messages::offset_fetch_response::OffsetFetchResponse;
use protocol::messages::offset_for_leader_epoch_request::OffsetForLeaderEpochRequest;
use protocol::messages::offset_for_leader_epoch_response::OffsetForLeaderEpochResponse;
use protocol::messages::sync_group_request::SyncGroupRequest;
use protocol::messages::sync_group_response::SyncGroupResponse;
use types::{ErrorCode, NodeId, TopicName, TopicPartition, Uuid};

use crate::consumer::assignor::Offered;
use crate::error::ClientError;

/// Partitions that a request is about, with the token that their state had: an answer to an older state is ignored.
pub(crate) type Asked = BTreeMap<TopicPartition, u64>;

/// Which topics are asked about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum MetadataWanted {
    All,
    Topics(Vec<TopicName>),
    /// Of which only the ids are known.
    Ids(Vec<Uuid>),
}

/// What the cluster said of its topics; what is well is in the client's metadata.
#[derive(Clone, Debug, Default)]
pub(crate) struct MetadataAnswer {
    /// The names of all topics, where all were asked for.
    pub(crate) all: Option<Vec<TopicName>>,
    pub(crate) errors: Vec<(TopicName, ErrorCode)>,
}

/// Something to be done outside; nothing has to be durable before. Requests to the coordinator keep their order.
#[derive(Debug)]
pub(crate) enum Effect {
    Metadata(MetadataWanted),
    FindCoordinator(FindCoordinatorRequest),
    /// To the coordinator at this address.
    Coordinator {
        address: String,
        call: CoordinatorCall,
    },
    /// The partitions of a group's topics, for the leader.
    GroupTopics {
        attempt: u64,
        topics: Vec<TopicName>,
    },
    Offsets {
        node: NodeId,
        asked: Asked,
        request: ListOffsetsRequest,
    },
    Epochs {
        node: NodeId,
        asked: Asked,
        request: OffsetForLeaderEpochRequest,
    },
    Fetch {
        node: NodeId,
        round: u64,
        asked: Asked,
        names: BTreeMap<Uuid, TopicName>,
        request: FetchRequest,
        newest: i16,
    },
}

/// What the coordinator is asked.
#[derive(Debug)]
pub(crate) enum CoordinatorCall {
    Join {
        attempt: u64,
        request: JoinGroupRequest,
        patience: Duration,
    },
    Sync {
        attempt: u64,
        request: SyncGroupRequest,
        patience: Duration,
    },
    Heartbeat {
        attempt: u64,
        request: HeartbeatRequest,
    },
    Leave(LeaveGroupRequest),
    ConsumerHeartbeat {
        attempt: u64,
        request: ConsumerGroupHeartbeatRequest,
    },
    /// The last one of a member.
    ConsumerLeave(ConsumerGroupHeartbeatRequest),
    Commit {
        id: u64,
        request: OffsetCommitRequest,
    },
    /// For partitions without a position, or for a question of the application with this id.
    CommittedOffsets {
        id: Option<u64>,
        asked: Asked,
        request: OffsetFetchRequest,
    },
}

/// What came of an effect.
#[derive(Debug)]
pub(crate) enum Event {
    Metadata(Result<MetadataAnswer, ClientError>),
    Coordinator(Result<FindCoordinatorResponse, ClientError>),
    Joined {
        attempt: u64,
        answer: Result<JoinGroupResponse, ClientError>,
    },
    GroupTopics {
        attempt: u64,
        answer: Result<Offered, ClientError>,
    },
    Synced {
        attempt: u64,
        answer: Result<SyncGroupResponse, ClientError>,
    },
    Heartbeat {
        attempt: u64,
        answer: Result<HeartbeatResponse, ClientError>,
    },
    ConsumerHeartbeat {
        attempt: u64,
        answer: Result<ConsumerGroupHeartbeatResponse, ClientError>,
    },
    /// The coordinator knows, or cannot be told.
    Left,
    Committed {
        id: u64,
        answer: Result<OffsetCommitResponse, ClientError>,
    },
    CommittedOffsets {
        id: Option<u64>,
        asked: Asked,
        answer: Result<OffsetFetchResponse, ClientError>,
    },
    Offsets {
        asked: Asked,
        answer: Result<ListOffsetsResponse, ClientError>,
    },
    Epochs {
        asked: Asked,
        answer: Result<OffsetForLeaderEpochResponse, ClientError>,
    },
    Fetched {
        node: NodeId,
        round: u64,
        asked: Asked,
        names: BTreeMap<Uuid, TopicName>,
        answer: Result<FetchResponse, ClientError>,
    },
}
