//! What a shard is asked and what it answers.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use types::{TopicName, Uuid};

use crate::GroupError;
use crate::classic::{
    ClassicGroupDescription, Heartbeat, JoinGroup, Joined, LeaveGroup, MemberLeft, SyncGroup, Synced,
};
use crate::cluster::ClusterView;
use crate::consumer::{
    Assigned, AssignmentJob, ConsumerGroupDescription, ConsumerHeartbeat, HeardReply, TopicsResolved,
};
use crate::offsets::{
    CommitOffsets, CommitOffsetsInTransaction, CommittedPartition, DeleteOffsets, DeletedPartition,
    FetchOffsets, FetchedOffsets,
};

/// One request to the shard that holds its group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GroupRequest {
    /// JoinGroup.
    Join(JoinGroup),
    /// SyncGroup.
    Sync(SyncGroup),
    /// Heartbeat.
    Heartbeat(Heartbeat),
    /// LeaveGroup.
    Leave(LeaveGroup),
    /// DescribeGroups, for one group.
    Describe {
        /// The group.
        group_id: String,
    },
    /// ListGroups, for this shard; the filters are sets of words as the client wrote them, empty ones let all pass.
    List {
        /// States (KIP-518), compared without case.
        states: BTreeSet<String>,
        /// Types (KIP-848): `classic`, `consumer`, compared without case.
        types: BTreeSet<String>,
    },
    /// DeleteGroups, for one group.
    Delete {
        /// The group.
        group_id: String,
    },
    /// OffsetCommit.
    CommitOffsets(CommitOffsets),
    /// TxnOffsetCommit.
    CommitOffsetsInTransaction(CommitOffsetsInTransaction),
    /// OffsetFetch, for one group.
    FetchOffsets(FetchOffsets),
    /// OffsetDelete.
    DeleteOffsets(DeleteOffsets),
    /// ConsumerGroupHeartbeat.
    ConsumerHeartbeat(Box<ConsumerHeartbeat>),
    /// ConsumerGroupDescribe, for one group.
    ConsumerDescribe {
        /// The group.
        group_id: String,
    },
    /// The work that [`GroupReply::Assign`] asked for is done. The reply is that of the request which was answered by it.
    Assigned(Box<Assigned>),
    /// The work that came beside the answer of a heartbeat is done.
    TopicsResolved(TopicsResolved),
    /// The cluster looks otherwise.
    ClusterChanged {
        /// From here on.
        cluster: ClusterView,
        /// Topics that are new, changed or gone.
        changed: Arc<BTreeSet<TopicName>>,
        /// Whether there are new ones, which patterns may mean.
        has_new_topics: bool,
    },
    /// Everybody is to join anew. No request of Kafka's asks for this; a test does that holds the node.
    Rebalance {
        /// The group.
        group_id: String,
    },
    /// These topics are gone: so are their offsets.
    TopicsDeleted {
        /// Their names, each with the id of the topic that is gone: one of the same name may be there again.
        topics: BTreeMap<TopicName, Uuid>,
    },
}

/// The reply to the request of the same name.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "named like the requests")]
pub enum GroupReply {
    Join(Joined),
    Sync(Result<Synced, GroupError>),
    Heartbeat(Result<(), GroupError>),
    Leave(Result<Vec<MemberLeft>, GroupError>),
    Describe(Result<ClassicGroupDescription, GroupError>),
    List(Vec<ListedGroup>),
    Delete(Result<(), GroupError>),
    CommitOffsets(Result<Vec<CommittedPartition>, GroupError>),
    CommitOffsetsInTransaction(Result<Vec<CommittedPartition>, GroupError>),
    FetchOffsets(Result<FetchedOffsets, GroupError>),
    DeleteOffsets(Result<Vec<DeletedPartition>, GroupError>),
    ConsumerHeartbeat(HeardReply),
    ConsumerDescribe(Result<ConsumerGroupDescription, GroupError>),
    /// Work for the caller, off the coordinator's loop: see [`crate::consumer`].
    Assign(Box<AssignmentJob>),
    TopicsResolved,
    ClusterChanged,
    Rebalance(Result<(), GroupError>),
    TopicsDeleted,
    /// A transaction's marker is committed: given by whoever asked the runtime to end it, the shard has no more to say.
    TransactionEnded,
}

/// A group as ListGroups tells it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedGroup {
    /// The group.
    pub group_id: String,
    /// `consumer`, `connect`, …; empty for a group that only has offsets.
    pub protocol_type: String,
    /// `Stable`, `Empty`, …
    pub state: &'static str,
    /// `classic` or `consumer`, as the oracle writes them.
    pub group_type: &'static str,
}
