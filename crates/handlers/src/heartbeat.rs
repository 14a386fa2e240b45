//! Heartbeat (key 12), versions 0–4: a member of a classic group says that it lives, and hears of rebalances.
//!
//! v1 throttle time; v3 (KIP-345) group instance id; v4 flexible. Broker listeners. Needs READ on the group. Errors:
//! INVALID_GROUP_ID, UNKNOWN_MEMBER_ID, ILLEGAL_GENERATION, FENCED_INSTANCE_ID, REBALANCE_IN_PROGRESS, NOT_COORDINATOR,
//! COORDINATOR_NOT_AVAILABLE, GROUP_AUTHORIZATION_FAILED. While the coordinator loads, every heartbeat is welcome: whether
//! the member is one is known afterwards.

use std::sync::Arc;

use broker::Broker;
use broker::group_coordinator::GroupRequest;
use broker::group_coordinator::classic::Heartbeat;
use net::Request;
use protocol::messages::heartbeat_request::HeartbeatRequest;
use protocol::messages::heartbeat_response::HeartbeatResponse;
use types::ErrorCode;

use crate::authorizer::{Authorizer, Operation, Resource};
use crate::exchange::{self, Handled};
use crate::group_replies::{self, group_reply};

/// Asks the group.
pub(crate) fn handle(broker: &Arc<Broker>, authorizer: &Authorizer, request: &Request) -> Handled {
    let body: HeartbeatRequest = exchange::decode(request)?;
    if !authorizer.allows(&request.connection, Operation::Read, Resource::Group(&body.group_id)) {
        return exchange::answer(&request.header, &told(Err(ErrorCode::GroupAuthorizationFailed)));
    }
    if body.group_id.is_empty() {
        return exchange::answer(&request.header, &told(Err(ErrorCode::InvalidGroupId)));
    }
    let group_id = body.group_id.clone();
    let heartbeat = Heartbeat {
        group_id: body.group_id,
        generation: body.generation_id,
        member_id: body.member_id,
        group_instance_id: body.group_instance_id,
    };
    let called = broker.ask_group(&group_id, GroupRequest::Heartbeat(heartbeat));
    group_replies::answer(&request.header, called, |reply| match group_reply!(reply, Heartbeat) {
        Err(ErrorCode::CoordinatorLoadInProgress) => told(Ok(())),
        result => told(result),
    })
}

fn told(result: Result<(), ErrorCode>) -> HeartbeatResponse {
    HeartbeatResponse { error_code: group_replies::code(&result), ..Default::default() }
}
