//! DeleteGroups (key 42), versions 0–2: deletes groups without members, and their offsets (KIP-229).
//!
//! v2 flexible. Broker listeners. Needs DELETE on each group. A group that is named twice is deleted once. Errors of each
//! group: GROUP_ID_NOT_FOUND, NON_EMPTY_GROUP, COORDINATOR_LOAD_IN_PROGRESS, NOT_COORDINATOR, COORDINATOR_NOT_AVAILABLE,
//! GROUP_AUTHORIZATION_FAILED.

use std::collections::BTreeSet;
use std::sync::Arc;

use broker::Broker;
use broker::group_coordinator::GroupRequest;
use net::Request;
use protocol::messages::delete_groups_request::DeleteGroupsRequest;
use protocol::messages::delete_groups_response::{DeletableGroupResult, DeleteGroupsResponse};
use types::ErrorCode;

use crate::authorizer::{Authorizer, Operation, Resource};
use crate::exchange::{self, Handled};
use crate::group_replies::{self, group_reply};

/// Asks each group.
pub(crate) fn handle(broker: &Arc<Broker>, authorizer: &Authorizer, request: &Request) -> Handled {
    let body: DeleteGroupsRequest = exchange::decode(request)?;
    let mut seen = BTreeSet::new();
    let named = body.groups_names.into_iter().filter(|group| seen.insert(group.clone()));
    let may_delete =
        |group: &String| authorizer.allows(&request.connection, Operation::Delete, Resource::Group(group));
    let (allowed, denied): (Vec<_>, Vec<_>) = named.partition(may_delete);
    let called = (allowed.iter())
        .map(|group| broker.ask_group(group, GroupRequest::Delete { group_id: group.clone() }))
        .collect();
    group_replies::answer_all(&request.header, called, move |replies| {
        let asked = allowed.into_iter().zip(replies);
        let asked = asked.map(|(group, reply)| (group, group_replies::code(&group_reply!(reply, Delete))));
        let denied = denied.into_iter().map(|group| (group, ErrorCode::GroupAuthorizationFailed.code()));
        let results = asked.chain(denied).map(|(group_id, error_code)| DeletableGroupResult {
            group_id,
            error_code,
            ..Default::default()
        });
        DeleteGroupsResponse { results: results.collect(), ..Default::default() }
    })
}
