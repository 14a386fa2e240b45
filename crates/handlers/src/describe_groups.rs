//! DescribeGroups (key 15), versions 0–6: state and members of classic groups.
//!
//! v1 throttle time; v3 (KIP-430) authorized operations; v4 (KIP-345) group instance ids; v5 flexible; v6 (KIP-1043)
//! GROUP_ID_NOT_FOUND with a message, where older versions are told of a dead group. Broker listeners. Needs DESCRIBE on
//! each group. Errors of each group: GROUP_ID_NOT_FOUND, COORDINATOR_LOAD_IN_PROGRESS, NOT_COORDINATOR,
//! GROUP_AUTHORIZATION_FAILED.

use std::sync::Arc;

use broker::Broker;
use broker::group_coordinator::GroupRequest;
use broker::group_coordinator::classic::ClassicGroupDescription;
use net::Request;
use protocol::messages::describe_groups_request::DescribeGroupsRequest;
use protocol::messages::describe_groups_response::{
    DescribeGroupsResponse, DescribedGroup, DescribedGroupMember,
};
use types::ErrorCode;

use crate::authorizer::{Authorizer, Operation, Resource};
use crate::exchange::{self, Handled};
use crate::group_replies::{self, group_reply};

/// First version that can be told which operations are authorized.
const OPERATIONS_SINCE: i16 = 3;
/// First version that is told that there is no such group.
const NOT_FOUND_SINCE: i16 = 6;

/// Asks each group.
pub(crate) fn handle(broker: &Arc<Broker>, authorizer: &Authorizer, request: &Request) -> Handled {
    let body: DescribeGroupsRequest = exchange::decode(request)?;
    let version = request.header.api_version;
    let may_describe =
        |group: &String| authorizer.allows(&request.connection, Operation::Describe, Resource::Group(group));
    let (allowed, denied): (Vec<_>, Vec<_>) = body.groups.into_iter().partition(may_describe);
    let operations = |group: &String| match version >= OPERATIONS_SINCE && body.include_authorized_operations
    {
        true => authorizer.allowed_operations(&request.connection, Resource::Group(group)),
        false => i32::MIN,
    };
    let operations: Vec<i32> = allowed.iter().map(operations).collect();
    let called = (allowed.iter())
        .map(|group| broker.ask_group(group, GroupRequest::Describe { group_id: group.clone() }))
        .collect();
    group_replies::answer_all(&request.header, called, move |replies| {
        let mut groups: Vec<DescribedGroup> =
            denied.into_iter().map(|group| refused(group, ErrorCode::GroupAuthorizationFailed)).collect();
        for ((group_id, reply), operations) in allowed.into_iter().zip(replies).zip(operations) {
            let mut group = match group_reply!(reply, Describe) {
                Ok(description) => described(group_id, description),
                Err(ErrorCode::GroupIdNotFound) => not_found(group_id, version),
                Err(error) => refused(group_id, error),
            };
            if group.error_code == 0 {
                group.authorized_operations = operations;
            }
            groups.push(group);
        }
        DescribeGroupsResponse { groups, ..Default::default() }
    })
}

fn described(group_id: String, description: ClassicGroupDescription) -> DescribedGroup {
    let members = description.members.into_iter().map(|member| DescribedGroupMember {
        member_id: member.member_id,
        group_instance_id: member.group_instance_id,
        client_id: member.client_id,
        client_host: member.client_host,
        member_metadata: member.metadata,
        member_assignment: member.assignment,
        ..Default::default()
    });
    DescribedGroup {
        group_id,
        group_state: description.state.to_owned(),
        protocol_type: description.protocol_type,
        protocol_data: description.protocol_name,
        members: members.collect(),
        ..Default::default()
    }
}

fn not_found(group_id: String, version: i16) -> DescribedGroup {
    let dead = DescribedGroup { group_state: "Dead".to_owned(), ..Default::default() };
    if version < NOT_FOUND_SINCE {
        return DescribedGroup { group_id, ..dead };
    }
    DescribedGroup {
        error_code: ErrorCode::GroupIdNotFound.code(),
        error_message: Some(format!("there is no classic group {group_id}")),
        group_id,
        ..dead
    }
}

fn refused(group_id: String, error: ErrorCode) -> DescribedGroup {
    DescribedGroup { error_code: error.code(), group_id, ..Default::default() }
}
