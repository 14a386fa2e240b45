//! SyncGroup (key 14), versions 0–5: the leader hands in the assignment, every member gets its share.
//!
//! v1 throttle time; v3 (KIP-345) group instance id; v4 flexible; v5 (KIP-559) protocol type and name, which have to be
//! there. Broker listeners. Needs READ on the group.
//!
//! The answer comes when the leader's assignment is written down. Errors: INVALID_GROUP_ID, UNKNOWN_MEMBER_ID,
//! ILLEGAL_GENERATION, FENCED_INSTANCE_ID, INCONSISTENT_GROUP_PROTOCOL, REBALANCE_IN_PROGRESS,
//! COORDINATOR_LOAD_IN_PROGRESS, NOT_COORDINATOR, COORDINATOR_NOT_AVAILABLE, UNKNOWN_SERVER_ERROR (an assignment larger
//! than the topic takes), GROUP_AUTHORIZATION_FAILED.

use std::sync::Arc;

use broker::Broker;
use broker::group_coordinator::GroupRequest;
use broker::group_coordinator::classic::{SyncGroup, Synced};
use bytes::Bytes;
use net::Request;
use protocol::messages::sync_group_request::SyncGroupRequest;
use protocol::messages::sync_group_response::SyncGroupResponse;
use types::ErrorCode;

use crate::authorizer::{Authorizer, Operation, Resource};
use crate::exchange::{self, Handled};
use crate::group_replies::{self, group_reply};

/// First version that has to name protocol type and name.
const PROTOCOL_SINCE: i16 = 5;

/// Asks the group.
pub(crate) fn handle(broker: &Arc<Broker>, authorizer: &Authorizer, request: &Request) -> Handled {
    let body: SyncGroupRequest = exchange::decode(request)?;
    let names_protocol = body.protocol_type.is_some() && body.protocol_name.is_some();
    if request.header.api_version >= PROTOCOL_SINCE && !names_protocol {
        return exchange::answer(&request.header, &told(Err(ErrorCode::InconsistentGroupProtocol)));
    }
    if !authorizer.allows(&request.connection, Operation::Read, Resource::Group(&body.group_id)) {
        return exchange::answer(&request.header, &told(Err(ErrorCode::GroupAuthorizationFailed)));
    }
    if body.group_id.is_empty() {
        return exchange::answer(&request.header, &told(Err(ErrorCode::InvalidGroupId)));
    }
    let group_id = body.group_id.clone();
    let called = broker.ask_group(&group_id, GroupRequest::Sync(sync(body)));
    group_replies::answer(&request.header, called, |reply| told(group_reply!(reply, Sync)))
}

fn sync(body: SyncGroupRequest) -> SyncGroup {
    // The shares are kept for long: they must not hold on to the whole request.
    let assignments = (body.assignments.into_iter())
        .map(|share| (share.member_id, Bytes::copy_from_slice(&share.assignment)))
        .collect();
    SyncGroup {
        group_id: body.group_id,
        generation: body.generation_id,
        member_id: body.member_id,
        group_instance_id: body.group_instance_id,
        protocol_type: body.protocol_type,
        protocol_name: body.protocol_name,
        assignments,
    }
}

fn told(result: Result<Synced, ErrorCode>) -> SyncGroupResponse {
    match result {
        Ok(synced) => SyncGroupResponse {
            protocol_type: synced.protocol_type,
            protocol_name: synced.protocol_name,
            assignment: synced.assignment,
            ..Default::default()
        },
        Err(error) => SyncGroupResponse { error_code: error.code(), ..Default::default() },
    }
}
