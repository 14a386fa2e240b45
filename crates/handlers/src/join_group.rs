//! JoinGroup (key 11), versions 0–9: becomes or remains a member of a classic group, and waits for the others.
//!
//! v1 a rebalance timeout beside the session's (v0 has one for both); v2 throttle time; v4 (KIP-394) MEMBER_ID_REQUIRED;
//! v5 (KIP-345) group instance id; v6 flexible; v7 (KIP-559) the protocol type in answers, no protocol is null and not
//! empty; v8 (KIP-800) a reason; v9 (KIP-814) the leader may be told to keep the assignment. Broker listeners. Needs READ
//! on the group.
//!
//! The answer comes when the rebalance has its members. Errors: INVALID_GROUP_ID, INVALID_SESSION_TIMEOUT,
//! INCONSISTENT_GROUP_PROTOCOL, UNKNOWN_MEMBER_ID, MEMBER_ID_REQUIRED, FENCED_INSTANCE_ID, GROUP_MAX_SIZE_REACHED,
//! REBALANCE_IN_PROGRESS, COORDINATOR_LOAD_IN_PROGRESS, NOT_COORDINATOR, COORDINATOR_NOT_AVAILABLE,
//! GROUP_AUTHORIZATION_FAILED; UNKNOWN_SERVER_ERROR where a static member comes back with more than the log can take.

use std::sync::Arc;

use broker::Broker;
use broker::group_coordinator::classic::{JoinGroup, Joined, Protocol};
use broker::group_coordinator::{GroupReply, GroupRequest};
use bytes::Bytes;
use net::Request;
use protocol::messages::join_group_request::JoinGroupRequest;
use protocol::messages::join_group_response::{JoinGroupResponse, JoinGroupResponseMember};
use types::ErrorCode;

use crate::authorizer::{Authorizer, Operation, Resource};
use crate::exchange::{self, Handled};
use crate::{errors, group_replies, peer};

/// First version with a rebalance timeout of its own.
const REBALANCE_TIMEOUT_SINCE: i16 = 1;
/// First version whose new members are told their id and join again with it.
const MEMBER_ID_REQUIRED_SINCE: i16 = 4;
/// First version in which no protocol is null.
const NULL_PROTOCOL_SINCE: i16 = 7;
/// First version whose leaders can be told to keep the assignment.
const SKIP_ASSIGNMENT_SINCE: i16 = 9;

/// Asks the group; the answer may take as long as its rebalance.
pub(crate) fn handle(broker: &Arc<Broker>, authorizer: &Authorizer, request: &Request) -> Handled {
    let body: JoinGroupRequest = exchange::decode(request)?;
    let version = request.header.api_version;
    if !authorizer.allows(&request.connection, Operation::Read, Resource::Group(&body.group_id)) {
        let response = refused(ErrorCode::GroupAuthorizationFailed, String::new(), version);
        return exchange::answer(&request.header, &response);
    }
    if body.group_id.is_empty() {
        let response = refused(ErrorCode::InvalidGroupId, body.member_id, version);
        return exchange::answer(&request.header, &response);
    }
    let group_id = body.group_id.clone();
    let join = join(broker, request, body);
    let called = broker.ask_group(&group_id, GroupRequest::Join(join));
    group_replies::answer_with_jobs(broker, &request.header, called, move |reply| match reply {
        Ok(GroupReply::Join(joined)) => told(joined, version),
        Ok(other) => refused(group_replies::mistaken(&other), String::new(), version),
        Err(error) => refused(errors::unavailable(&error), String::new(), version),
    })
}

fn join(broker: &Broker, request: &Request, body: JoinGroupRequest) -> JoinGroup {
    let version = request.header.api_version;
    // What a member says is kept for long: it must not hold on to the whole request.
    let protocols = body.protocols.into_iter().map(|protocol| Protocol {
        name: protocol.name,
        metadata: Bytes::copy_from_slice(&protocol.metadata),
    });
    let rebalance_timeout_ms =
        if version < REBALANCE_TIMEOUT_SINCE { body.session_timeout_ms } else { body.rebalance_timeout_ms };
    JoinGroup {
        group_id: body.group_id,
        member_id: body.member_id,
        group_instance_id: body.group_instance_id,
        client_id: request.header.client_id.clone().unwrap_or_default(),
        client_host: peer::client_host(&request.connection),
        rebalance_timeout_ms,
        session_timeout_ms: body.session_timeout_ms,
        protocol_type: body.protocol_type,
        protocols: protocols.collect(),
        needs_known_member_id: version >= MEMBER_ID_REQUIRED_SINCE,
        knows_skip_assignment: version >= SKIP_ASSIGNMENT_SINCE,
        reason: body.reason,
        fresh_id: broker.fresh_id(),
    }
}

fn told(joined: Joined, version: i16) -> JoinGroupResponse {
    let members = joined.members.into_iter().map(|member| JoinGroupResponseMember {
        member_id: member.member_id,
        group_instance_id: member.group_instance_id,
        metadata: member.metadata,
        ..Default::default()
    });
    JoinGroupResponse {
        error_code: joined.error.map_or(0, |error| errors::group_error(&error).code()),
        generation_id: joined.generation,
        protocol_type: joined.protocol_type,
        protocol_name: protocol_name(joined.protocol_name, version),
        leader: joined.leader,
        skip_assignment: joined.skip_assignment && version >= SKIP_ASSIGNMENT_SINCE,
        member_id: joined.member_id,
        members: members.collect(),
        ..Default::default()
    }
}

fn refused(error: ErrorCode, member_id: String, version: i16) -> JoinGroupResponse {
    JoinGroupResponse {
        error_code: error.code(),
        protocol_name: protocol_name(None, version),
        member_id,
        ..Default::default()
    }
}

fn protocol_name(name: Option<String>, version: i16) -> Option<String> {
    let name = name.filter(|name| !name.is_empty());
    if version < NULL_PROTOCOL_SINCE { Some(name.unwrap_or_default()) } else { name }
}
