//! FindCoordinator: who has a group or a transactional id, asked and answered alike at all versions.

use std::fmt;

use protocol::messages::find_coordinator_request::FindCoordinatorRequest;
use protocol::messages::find_coordinator_response::{Coordinator, FindCoordinatorResponse};

use crate::error::{ClientError, error_code};
use crate::metadata::address;
use types::{ErrorCode, NodeId};

/// What a coordinator has.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Coordinated<'a> {
    Group(&'a str),
    TransactionalId(&'a str),
}

/// As an error speaks of it.
impl fmt::Display for Coordinated<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Group(id) => write!(f, "group {id}"),
            Self::TransactionalId(id) => write!(f, "transactional id {id}"),
        }
    }
}

/// Asks any broker.
pub(crate) fn request(of: Coordinated<'_>) -> FindCoordinatorRequest {
    let (key_type, key) = match of {
        Coordinated::Group(id) => (0, id),
        Coordinated::TransactionalId(id) => (1, id),
    };
    FindCoordinatorRequest {
        key: key.to_owned(),
        key_type,
        coordinator_keys: vec![key.to_owned()],
        ..FindCoordinatorRequest::default()
    }
}

/// A broker that was found.
pub(crate) struct Found {
    pub(crate) node: NodeId,
    /// host:port.
    pub(crate) address: String,
}

/// Versions 0-3 answer for the one key, later ones for each.
fn answered(answer: FindCoordinatorResponse) -> Coordinator {
    let before = Coordinator {
        node_id: answer.node_id,
        host: answer.host,
        port: answer.port,
        error_code: answer.error_code,
        error_message: answer.error_message,
        ..Coordinator::default()
    };
    answer.coordinators.into_iter().next().unwrap_or(before)
}

/// What stands or falls with the answer.
pub(crate) fn verdict(answer: &FindCoordinatorResponse) -> i16 {
    answer.coordinators.first().map_or(answer.error_code, |found| found.error_code)
}

/// Who it is.
///
/// # Errors
/// `Topic`, which names the group or id, with the broker's words.
pub(crate) fn found(of: Coordinated<'_>, answer: FindCoordinatorResponse) -> Result<Found, ClientError> {
    let found = answered(answer);
    match error_code(found.error_code) {
        ErrorCode::None => {
            Ok(Found { node: NodeId(found.node_id), address: address(&found.host, found.port) })
        }
        code => Err(ClientError::Topic { subject: of.to_string(), code, message: found.error_message }),
    }
}
