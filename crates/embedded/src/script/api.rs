//! The requests that can be told apart.

use protocol::api;

/// A request of Kafka's that a script may name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[allow(missing_docs, reason = "named as Kafka names them")]
pub enum Api {
    Produce,
    Fetch,
    ListOffsets,
    Metadata,
    OffsetCommit,
    OffsetFetch,
    FindCoordinator,
    JoinGroup,
    SyncGroup,
    Heartbeat,
    LeaveGroup,
    InitProducerId,
    CreateTopics,
    DeleteTopics,
}

impl Api {
    /// The number that stands for it in a request's header.
    pub fn key(self) -> i16 {
        match self {
            Self::Produce => api::PRODUCE,
            Self::Fetch => api::FETCH,
            Self::ListOffsets => api::LIST_OFFSETS,
            Self::Metadata => api::METADATA,
            Self::OffsetCommit => api::OFFSET_COMMIT,
            Self::OffsetFetch => api::OFFSET_FETCH,
            Self::FindCoordinator => api::FIND_COORDINATOR,
            Self::JoinGroup => api::JOIN_GROUP,
            Self::SyncGroup => api::SYNC_GROUP,
            Self::Heartbeat => api::HEARTBEAT,
            Self::LeaveGroup => api::LEAVE_GROUP,
            Self::InitProducerId => api::INIT_PRODUCER_ID,
            Self::CreateTopics => api::CREATE_TOPICS,
            Self::DeleteTopics => api::DELETE_TOPICS,
        }
    }
}
