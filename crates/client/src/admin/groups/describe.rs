//! DescribeGroups: the members of classic groups and what they read.

use protocol::Reader;
use protocol::messages::describe_groups_request::DescribeGroupsRequest;
use protocol::messages::describe_groups_response::{DescribedGroup, DescribedGroupMember};
use protocol::records::consumer_protocol_assignment::ConsumerProtocolAssignment;
use types::{NodeId, PartitionIndex};

use super::coordinator::{group_outcome, no_such_group, not_answered};
use crate::admin::{Admin, Outcomes};
use crate::error::ClientError;

/// A group and its members.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupDescription {
    /// Its id.
    pub group: String,
    /// `Stable`, `Empty`, `PreparingRebalance`, `CompletingRebalance` or `Dead`.
    pub state: String,
    /// `consumer` where its members are consumers.
    pub protocol_type: String,
    /// What its members agreed on: the assignor, for consumers.
    pub protocol: String,
    /// The broker that has it.
    pub coordinator: NodeId,
    /// Who is in it.
    pub members: Vec<GroupMember>,
}

/// A member of a group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupMember {
    /// What the coordinator calls it.
    pub member_id: String,
    /// `group.instance.id` (KIP-345).
    pub instance_id: Option<String>,
    /// `client.id`.
    pub client_id: String,
    /// Where it comes from.
    pub host: String,
    /// What it reads; empty also where it is no consumer.
    pub assignment: Vec<(String, Vec<PartitionIndex>)>,
}

impl Admin {
    /// Describes these groups.
    ///
    /// # Errors
    /// When nobody answers; GROUP_ID_NOT_FOUND for a group that does not exist.
    pub async fn describe_groups(
        &self,
        groups: &[String],
    ) -> Result<Outcomes<String, GroupDescription>, ClientError> {
        let mut described = Outcomes::new();
        for group in groups {
            let request =
                DescribeGroupsRequest { groups: vec![group.clone()], ..DescribeGroupsRequest::default() };
            let first_error =
                |answer: &protocol::messages::describe_groups_response::DescribeGroupsResponse| {
                    answer.groups.first().map_or(0, |group| group.error_code)
                };
            let answer = self.ask_coordinator(group, &request, first_error).await?;
            let found = answer.groups.into_iter().next();
            let found = found.ok_or_else(|| not_answered("DescribeGroups", group))?;
            let description = match group_outcome(group, found.error_code, found.error_message.clone()) {
                // Before version 6, which no broker is sure to speak, nobody's group is a dead one.
                Ok(()) if found.group_state == "Dead" => Err(no_such_group(group)),
                Ok(()) => Ok(description(found, self.group_coordinator(group).await?)),
                Err(error) => Err(error),
            };
            described.insert(group.clone(), description);
        }
        Ok(described)
    }
}

fn description(group: DescribedGroup, coordinator: NodeId) -> GroupDescription {
    GroupDescription {
        group: group.group_id,
        state: group.group_state,
        protocol_type: group.protocol_type,
        protocol: group.protocol_data,
        coordinator,
        members: group.members.into_iter().map(GroupMember::from).collect(),
    }
}

impl From<DescribedGroupMember> for GroupMember {
    fn from(member: DescribedGroupMember) -> Self {
        let assignment = assignment(&member);
        Self {
            member_id: member.member_id,
            instance_id: member.group_instance_id,
            client_id: member.client_id,
            host: member.client_host,
            assignment,
        }
    }
}

/// The version stands before the assignment; later versions only add to the end.
fn assignment(member: &DescribedGroupMember) -> Vec<(String, Vec<PartitionIndex>)> {
    let mut reader = Reader::new(member.member_assignment.clone());
    let Ok(version) = reader.i16() else { return Vec::new() };
    let version =
        version.clamp(ConsumerProtocolAssignment::MIN_VERSION, ConsumerProtocolAssignment::MAX_VERSION);
    let Ok(assignment) = ConsumerProtocolAssignment::decode(&mut reader, version) else { return Vec::new() };
    let mut topics: Vec<(String, Vec<PartitionIndex>)> = assignment
        .assigned_partitions
        .into_iter()
        .map(|topic| (topic.topic, topic.partitions.into_iter().map(PartitionIndex).collect()))
        .collect();
    topics.sort();
    topics
}
