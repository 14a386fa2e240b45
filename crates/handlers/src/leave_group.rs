//! LeaveGroup (key 13), versions 0–5: members leave a classic group, or an operator removes them.
//!
//! v1 throttle time; v3 (KIP-345) several members, by id or group instance id; v4 flexible; v5 (KIP-800) reasons. Broker
//! listeners. Needs READ on the group. Errors of the whole: INVALID_GROUP_ID, COORDINATOR_LOAD_IN_PROGRESS,
//! NOT_COORDINATOR, COORDINATOR_NOT_AVAILABLE, GROUP_AUTHORIZATION_FAILED; of each member: UNKNOWN_MEMBER_ID,
//! FENCED_INSTANCE_ID. Before v3 the member's error is that of the whole.

use std::sync::Arc;

use broker::Broker;
use broker::group_coordinator::GroupRequest;
use broker::group_coordinator::classic::{LeaveGroup, LeavingMember, MemberLeft};
use net::Request;
use protocol::messages::leave_group_request::LeaveGroupRequest;
use protocol::messages::leave_group_response::{LeaveGroupResponse, MemberResponse};
use types::ErrorCode;

use crate::authorizer::{Authorizer, Operation, Resource};
use crate::errors;
use crate::exchange::{self, Handled};
use crate::group_replies::{self, group_reply};

/// First version that names several members.
const MEMBERS_SINCE: i16 = 3;

/// Asks the group.
pub(crate) fn handle(broker: &Arc<Broker>, authorizer: &Authorizer, request: &Request) -> Handled {
    let body: LeaveGroupRequest = exchange::decode(request)?;
    let version = request.header.api_version;
    if !authorizer.allows(&request.connection, Operation::Read, Resource::Group(&body.group_id)) {
        return exchange::answer(&request.header, &refused(ErrorCode::GroupAuthorizationFailed));
    }
    if body.group_id.is_empty() {
        return exchange::answer(&request.header, &refused(ErrorCode::InvalidGroupId));
    }
    let group_id = body.group_id.clone();
    let leave = leave(body, version);
    let asked = leave.members.clone();
    let called = broker.ask_group(&group_id, GroupRequest::Leave(leave));
    group_replies::answer(&request.header, called, move |reply| match group_reply!(reply, Leave) {
        Ok(members) => told(members.into_iter().map(member_left).collect(), version),
        // There is no such group, so none of them is in it.
        Err(ErrorCode::UnknownMemberId) => told(asked.into_iter().map(unknown).collect(), version),
        Err(error) => refused(error),
    })
}

fn leave(body: LeaveGroupRequest, version: i16) -> LeaveGroup {
    let one = || LeavingMember { member_id: body.member_id, group_instance_id: None, reason: None };
    let members = if version < MEMBERS_SINCE {
        vec![one()]
    } else {
        let members = body.members.into_iter().map(|member| LeavingMember {
            member_id: member.member_id,
            group_instance_id: member.group_instance_id,
            reason: member.reason,
        });
        members.collect()
    };
    LeaveGroup { group_id: body.group_id, members }
}

fn member_left(member: MemberLeft) -> MemberResponse {
    MemberResponse {
        member_id: member.member_id,
        group_instance_id: member.group_instance_id,
        error_code: member.error.map_or(0, |error| errors::group_error(&error).code()),
        ..Default::default()
    }
}

fn unknown(member: LeavingMember) -> MemberResponse {
    MemberResponse {
        member_id: member.member_id,
        group_instance_id: member.group_instance_id,
        error_code: ErrorCode::UnknownMemberId.code(),
        ..Default::default()
    }
}

fn told(members: Vec<MemberResponse>, version: i16) -> LeaveGroupResponse {
    if version < MEMBERS_SINCE {
        let error_code = members.first().map_or(0, |member| member.error_code);
        return LeaveGroupResponse { error_code, ..Default::default() };
    }
    LeaveGroupResponse { members, ..Default::default() }
}

fn refused(error: ErrorCode) -> LeaveGroupResponse {
    LeaveGroupResponse { error_code: error.code(), ..Default::default() }
}
