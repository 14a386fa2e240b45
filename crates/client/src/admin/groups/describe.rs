//! DescribeGroups and ConsumerGroupDescribe (KIP-848): the members of groups of either protocol and what they read.

use protocol::Reader;
use protocol::messages::consumer_group_describe_request::ConsumerGroupDescribeRequest;
use protocol::messages::consumer_group_describe_response::{self, ConsumerGroupDescribeResponse};
use protocol::messages::describe_groups_request::DescribeGroupsRequest;
use protocol::messages::describe_groups_response::{DescribedGroup, DescribedGroupMember};
use protocol::records::consumer_protocol_assignment::ConsumerProtocolAssignment;
use types::{ErrorCode, NodeId, PartitionIndex};

use super::coordinator::{group_outcome, no_such_group, not_answered};
use crate::admin::{Admin, Outcomes};
use crate::error::ClientError;

/// A group and its members.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupDescription {
    /// Its id.
    pub group: String,
    /// `Stable`, `Empty`, `PreparingRebalance`, `CompletingRebalance` or `Dead` of classic groups; `Stable`, `Empty`,
    /// `Assigning` or `Reconciling` of consumer groups.
    pub state: String,
    /// Where a consumer group stands; `None` of classic groups.
    pub epochs: Option<GroupEpochs>,
    /// `consumer` where its members are consumers.
    pub protocol_type: String,
    /// What its members agreed on, or the broker assigns by: the assignor, for consumers.
    pub protocol: String,
    /// The broker that has it.
    pub coordinator: NodeId,
    /// Who is in it.
    pub members: Vec<GroupMember>,
}

/// Where a consumer group stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GroupEpochs {
    /// Rises when somebody or something changes what is to be assigned.
    pub group: i32,
    /// The group epoch that the assignment was made for.
    pub assignment: i32,
}

/// Where a member of a consumer group is, and where it is going.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MemberTarget {
    /// Its epoch.
    pub epoch: i32,
    /// What it is to read in the end.
    pub assignment: Vec<(String, Vec<PartitionIndex>)>,
    /// Whether it speaks the classic protocol; brokers before Kafka 4.1 do not tell (KIP-1099).
    pub is_classic: Option<bool>,
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
    /// Where it is going, in a consumer group.
    pub target: Option<MemberTarget>,
}

impl Admin {
    /// Describes these groups, of whichever protocol.
    ///
    /// # Errors
    /// When nobody answers; GROUP_ID_NOT_FOUND for a group that does not exist.
    pub async fn describe_groups(
        &self,
        groups: &[String],
    ) -> Result<Outcomes<String, GroupDescription>, ClientError> {
        let mut described = Outcomes::new();
        for group in groups {
            let classic = self.describe_classic_group(group).await?;
            let is_absent = |error: &ClientError| error.code() == Some(ErrorCode::GroupIdNotFound);
            let description = match classic {
                Err(error) if is_absent(&error) => match self.describe_consumer_group(group).await {
                    // A broker of before the protocol, or one on which it is off, has no such groups.
                    Err(ClientError::UnsupportedApi { .. }) => Err(error),
                    Ok(Err(refused)) if refused.code() == Some(ErrorCode::UnsupportedVersion) => Err(error),
                    described => described?,
                },
                described => described,
            };
            described.insert(group.clone(), description);
        }
        Ok(described)
    }

    async fn describe_classic_group(
        &self,
        group: &str,
    ) -> Result<Result<GroupDescription, ClientError>, ClientError> {
        let request =
            DescribeGroupsRequest { groups: vec![group.to_owned()], ..DescribeGroupsRequest::default() };
        let first_error = |answer: &protocol::messages::describe_groups_response::DescribeGroupsResponse| {
            answer.groups.first().map_or(0, |group| group.error_code)
        };
        let answer = self.ask_coordinator(group, &request, first_error).await?;
        let found = answer.groups.into_iter().next();
        let found = found.ok_or_else(|| not_answered("DescribeGroups", group))?;
        Ok(match group_outcome(group, found.error_code, found.error_message.clone()) {
            // Before version 6, which no broker is sure to speak, nobody's group is a dead one.
            Ok(()) if found.group_state == "Dead" => Err(no_such_group(group)),
            Ok(()) => Ok(description(found, self.group_coordinator(group).await?)),
            Err(error) => Err(error),
        })
    }

    async fn describe_consumer_group(
        &self,
        group: &str,
    ) -> Result<Result<GroupDescription, ClientError>, ClientError> {
        let request = ConsumerGroupDescribeRequest {
            group_ids: vec![group.to_owned()],
            ..ConsumerGroupDescribeRequest::default()
        };
        let first_error = |answer: &ConsumerGroupDescribeResponse| {
            answer.groups.first().map_or(0, |group| group.error_code)
        };
        let answer = self.ask_coordinator(group, &request, first_error).await?;
        let found = answer.groups.into_iter().next();
        let found = found.ok_or_else(|| not_answered("ConsumerGroupDescribe", group))?;
        Ok(match group_outcome(group, found.error_code, found.error_message.clone()) {
            Ok(()) => Ok(consumer_description(found, self.group_coordinator(group).await?)),
            Err(error) => Err(error),
        })
    }
}

fn consumer_description(
    group: consumer_group_describe_response::DescribedGroup,
    coordinator: NodeId,
) -> GroupDescription {
    GroupDescription {
        group: group.group_id,
        state: group.group_state,
        epochs: Some(GroupEpochs { group: group.group_epoch, assignment: group.assignment_epoch }),
        protocol_type: "consumer".to_owned(),
        protocol: group.assignor_name,
        coordinator,
        members: group.members.into_iter().map(GroupMember::from).collect(),
    }
}

impl From<consumer_group_describe_response::Member> for GroupMember {
    fn from(member: consumer_group_describe_response::Member) -> Self {
        let target = MemberTarget {
            epoch: member.member_epoch,
            assignment: named(member.target_assignment),
            is_classic: (member.member_type >= 0).then_some(member.member_type == 0),
        };
        Self {
            member_id: member.member_id,
            instance_id: member.instance_id,
            client_id: member.client_id,
            host: member.client_host,
            assignment: named(member.assignment),
            target: Some(target),
        }
    }
}

fn named(assignment: consumer_group_describe_response::Assignment) -> Vec<(String, Vec<PartitionIndex>)> {
    let topics = assignment.topic_partitions.into_iter().map(|topic| {
        let mut partitions: Vec<PartitionIndex> = topic.partitions.into_iter().map(PartitionIndex).collect();
        partitions.sort_unstable();
        (topic.topic_name, partitions)
    });
    let mut topics: Vec<_> = topics.collect();
    topics.sort();
    topics
}

fn description(group: DescribedGroup, coordinator: NodeId) -> GroupDescription {
    GroupDescription {
        group: group.group_id,
        state: group.group_state,
        epochs: None,
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
            target: None,
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
