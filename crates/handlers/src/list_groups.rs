//! ListGroups (key 16), versions 0–5: the groups that this broker coordinates.
//!
//! v1 throttle time; v3 flexible; v4 (KIP-518) filter by state; v5 (KIP-848) filter by type. Broker listeners. Who may
//! DESCRIBE the cluster sees all groups, others those they may DESCRIBE. Error of the whole:
//! COORDINATOR_LOAD_IN_PROGRESS, as long as one partition of `__consumer_offsets` is being loaded.

use std::collections::BTreeSet;
use std::sync::Arc;

use broker::Broker;
use broker::coordinators::Unavailable;
use broker::group_coordinator::{GroupReply, GroupRequest};
use net::Request;
use protocol::messages::list_groups_request::ListGroupsRequest;
use protocol::messages::list_groups_response::{ListGroupsResponse, ListedGroup};
use types::ErrorCode;

use crate::authorizer::{Authorizer, Operation, Resource};
use crate::exchange::{self, Handled};
use crate::group_replies::Reply;
use crate::{errors, group_replies};

/// Asks every shard.
pub(crate) fn handle(broker: &Arc<Broker>, authorizer: &Authorizer, request: &Request) -> Handled {
    let body: ListGroupsRequest = exchange::decode(request)?;
    let sees_all = authorizer.allows(&request.connection, Operation::Describe, Resource::Cluster);
    let states: BTreeSet<String> = body.states_filter.into_iter().collect();
    let types: BTreeSet<String> = body.types_filter.into_iter().collect();
    let called =
        broker.groups().call_all(|| GroupRequest::List { states: states.clone(), types: types.clone() });
    let (authorizer, connection) = (authorizer.clone(), request.connection.clone());
    group_replies::answer_all(&request.header, called, move |replies| match collect(replies) {
        Ok(mut groups) => {
            groups.retain(|group| {
                sees_all
                    || authorizer.allows(&connection, Operation::Describe, Resource::Group(&group.group_id))
            });
            ListGroupsResponse { groups, ..Default::default() }
        }
        Err(error) => ListGroupsResponse { error_code: error.code(), ..Default::default() },
    })
}

fn collect(replies: Vec<Reply>) -> Result<Vec<ListedGroup>, ErrorCode> {
    let mut groups = Vec::new();
    for reply in replies {
        match reply {
            Ok(GroupReply::List(listed)) => groups.extend(listed.into_iter().map(|group| ListedGroup {
                group_id: group.group_id,
                protocol_type: group.protocol_type,
                group_state: group.state.to_owned(),
                group_type: group.group_type.to_owned(),
                ..Default::default()
            })),
            Ok(other) => return Err(group_replies::mistaken(&other)),
            // Its groups are somebody else's to list.
            Err(Unavailable::NotCoordinator) => {}
            Err(error) => return Err(errors::unavailable(&error)),
        }
    }
    Ok(groups)
}
