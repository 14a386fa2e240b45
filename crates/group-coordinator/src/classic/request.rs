//! Requests and replies of the classic protocol, in the domain's words.

use bytes::Bytes;

use crate::GroupError;

/// A way to assign that a member can work with, with what it says for it (its subscription, for consumers).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Protocol {
    /// Its name, such as `range`.
    pub name: String,
    /// For the leader's eyes.
    pub metadata: Bytes,
}

/// JoinGroup.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JoinGroup {
    /// The group; never empty.
    pub group_id: String,
    /// Empty where the member is new.
    pub member_id: String,
    /// `group.instance.id` of a static member (KIP-345).
    pub group_instance_id: Option<String>,
    /// The client's id, as its request header says.
    pub client_id: String,
    /// The client's address, in Kafka's form `/127.0.0.1`.
    pub client_host: String,
    /// Milliseconds that members may take to join again; the session timeout where the request has none (v0).
    pub rebalance_timeout_ms: i32,
    /// Milliseconds without a heartbeat after which the member is gone.
    pub session_timeout_ms: i32,
    /// `consumer` for consumers.
    pub protocol_type: String,
    /// In the member's order of preference.
    pub protocols: Vec<Protocol>,
    /// A new dynamic member is first told its id and joins again with it (v4+, KIP-394).
    pub needs_known_member_id: bool,
    /// The client knows what to do where the leader need not assign (v9+, KIP-814).
    pub knows_skip_assignment: bool,
    /// Why it joins, in its own words (v8+, KIP-800); for the log.
    pub reason: Option<String>,
    /// What makes the id of a new member unique.
    pub fresh_id: types::Uuid,
}

/// The answer of JoinGroup. Refusals carry the member's id, too.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Joined {
    /// Why not, where it is a refusal.
    pub error: Option<GroupError>,
    /// −1 in refusals.
    pub generation: i32,
    /// As the group has it.
    pub protocol_type: Option<String>,
    /// The protocol chosen.
    pub protocol_name: Option<String>,
    /// Member id of the leader.
    pub leader: String,
    /// The leader keeps the assignment as it was (KIP-814).
    pub skip_assignment: bool,
    /// The member's id: a fresh one for MEMBER_ID_REQUIRED.
    pub member_id: String,
    /// Everybody's metadata, for the leader only.
    pub members: Vec<JoinedMember>,
}

/// A member, as its leader sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JoinedMember {
    /// Its id.
    pub member_id: String,
    /// Its `group.instance.id`.
    pub group_instance_id: Option<String>,
    /// What it said for the protocol chosen.
    pub metadata: Bytes,
}

/// SyncGroup.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SyncGroup {
    /// The group.
    pub group_id: String,
    /// The generation that the member joined.
    pub generation: i32,
    /// The member.
    pub member_id: String,
    /// Its `group.instance.id`.
    pub group_instance_id: Option<String>,
    /// What it believes the group to be (v5+).
    pub protocol_type: Option<String>,
    /// The protocol it believes chosen (v5+).
    pub protocol_name: Option<String>,
    /// The leader's decision by member id; empty from others.
    pub assignments: Vec<(String, Bytes)>,
}

/// A member's share.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Synced {
    /// As the group has it.
    pub protocol_type: Option<String>,
    /// The protocol chosen.
    pub protocol_name: Option<String>,
    /// As the leader wrote it.
    pub assignment: Bytes,
}

/// Heartbeat.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Heartbeat {
    /// The group.
    pub group_id: String,
    /// The generation that the member is in.
    pub generation: i32,
    /// The member.
    pub member_id: String,
    /// Its `group.instance.id`.
    pub group_instance_id: Option<String>,
}

/// LeaveGroup, of one member or several.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeaveGroup {
    /// The group.
    pub group_id: String,
    /// Who leaves.
    pub members: Vec<LeavingMember>,
}

/// A member that leaves, or that an operator removes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeavingMember {
    /// Its id; may be empty where the instance id names it.
    pub member_id: String,
    /// Its `group.instance.id`.
    pub group_instance_id: Option<String>,
    /// Why, in its own words (KIP-800); for the log.
    pub reason: Option<String>,
}

/// What became of a member that wanted to leave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MemberLeft {
    /// As asked.
    pub member_id: String,
    /// As asked.
    pub group_instance_id: Option<String>,
    /// Why it is still there, or never was.
    pub error: Option<GroupError>,
}

/// A group as DescribeGroups tells it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClassicGroupDescription {
    /// `PreparingRebalance`, `Stable`, …
    pub state: &'static str,
    /// `consumer`, …
    pub protocol_type: String,
    /// The protocol chosen, in state Stable; else empty.
    pub protocol_name: String,
    /// Its members.
    pub members: Vec<MemberDescription>,
}

/// A member as DescribeGroups tells it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "named as in the other types here")]
pub struct MemberDescription {
    pub member_id: String,
    pub group_instance_id: Option<String>,
    pub client_id: String,
    pub client_host: String,
    /// What it said for the protocol chosen; empty unless the group is stable.
    pub metadata: Bytes,
    /// Its share, in whatever state; empty before its leader has assigned.
    pub assignment: Bytes,
}
