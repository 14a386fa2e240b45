//! Requests and replies of the consumer protocol, in the domain's words.

use types::{PartitionIndex, TopicName, Uuid};

use crate::GroupError;
use crate::assignors::Assignment;
use crate::consumer::job::ResolveTopics;

/// The epoch of a heartbeat by which a member leaves.
pub const LEAVE_EPOCH: i32 = -1;
/// The epoch of a heartbeat by which a static member leaves and means to come back: its place is kept until its session
/// ends.
pub const LEAVE_STATIC_EPOCH: i32 = -2;

/// ConsumerGroupHeartbeat. What is `None` is as the member said last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConsumerHeartbeat {
    /// The group.
    pub group_id: String,
    /// The member's id, which it has made itself; empty where the coordinator is to make it (v0).
    pub member_id: String,
    /// The member's epoch; 0 to join, −1 to leave, −2 for a static member that will come back.
    pub member_epoch: i32,
    /// `group.instance.id`.
    pub group_instance_id: Option<String>,
    /// `client.rack`.
    pub rack_id: Option<String>,
    /// How long the member may take to give partitions up, in milliseconds.
    pub rebalance_timeout_ms: Option<i32>,
    /// Topics by their names.
    pub subscribed_topics: Option<Vec<TopicName>>,
    /// Topics by a pattern (RE2, v1+); empty: none.
    pub subscribed_regex: Option<String>,
    /// Whether the pattern can be compiled ([`crate::topic_pattern::TopicPattern::compile`]): whoever asks finds that
    /// out first, for it takes time. True where there is none.
    pub is_regex_valid: bool,
    /// Who is to assign.
    pub server_assignor: Option<String>,
    /// The partitions that the member has; `None` where that has not changed since it said so last.
    pub owned: Option<Assignment>,
    /// The client's id, as its request header says.
    pub client_id: String,
    /// The client's address, in Kafka's form `/127.0.0.1`.
    pub client_host: String,
    /// What the member is called where it has no id.
    pub fresh_id: Uuid,
}

/// The answer of ConsumerGroupHeartbeat.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Heard {
    /// The member.
    pub member_id: String,
    /// Its epoch.
    pub member_epoch: i32,
    /// When the next heartbeat is due, in milliseconds; 0 for a member that leaves.
    pub heartbeat_interval_ms: i32,
    /// What the member is to have; `None` where that has not changed.
    pub assignment: Option<Assignment>,
}

/// The reply to a heartbeat, and what it gives its caller to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeardReply {
    /// The answer.
    pub answer: Result<Heard, GroupError>,
    /// Patterns are to be resolved, in the name of this member's principal and off the coordinator's loop. The answer
    /// does not wait for it.
    pub resolve: Option<ResolveTopics>,
}

/// A group as ConsumerGroupDescribe tells it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConsumerGroupDescription {
    /// `Empty`, `Assigning`, `Reconciling`, `Stable`.
    pub state: &'static str,
    /// Rises when somebody or something changes what is to be assigned.
    pub group_epoch: i32,
    /// The group epoch that the target assignment was made for.
    pub assignment_epoch: i32,
    /// Who assigns.
    pub assignor: String,
    /// The members, in the order of their ids.
    pub members: Vec<ConsumerMemberDescription>,
}

/// A member as ConsumerGroupDescribe tells it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "named as in the other types here")]
pub struct ConsumerMemberDescription {
    pub member_id: String,
    pub group_instance_id: Option<String>,
    pub rack_id: Option<String>,
    pub member_epoch: i32,
    pub client_id: String,
    pub client_host: String,
    pub subscribed_topics: Vec<TopicName>,
    pub subscribed_regex: Option<String>,
    /// What it has, or is still to give up.
    pub assignment: Vec<NamedPartitions>,
    /// What it is to have in the end.
    pub target: Vec<NamedPartitions>,
    /// Whether it speaks the classic protocol.
    pub is_classic: bool,
}

/// Partitions of one topic.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "they say what they are")]
pub struct NamedPartitions {
    pub topic_id: Uuid,
    pub topic_name: TopicName,
    pub partitions: Vec<PartitionIndex>,
}
