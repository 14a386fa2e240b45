//! Asking the coordinator of a group, and what is said of groups.

use types::{ErrorCode, NodeId};

use crate::admin::coordinator::Coordinated;
use crate::admin::{Admin, outcome};
use crate::call::Call;
use crate::error::ClientError;

impl Admin {
    /// The broker that has this group.
    pub(in crate::admin) async fn group_coordinator(&self, group: &str) -> Result<NodeId, ClientError> {
        self.coordinator(Coordinated::Group(group)).await
    }

    /// Asks the coordinator of a group.
    pub(super) async fn ask_coordinator<R: Call>(
        &self,
        group: &str,
        request: &R,
        verdict: impl Fn(&R::Answer) -> i16,
    ) -> Result<R::Answer, ClientError> {
        self.ask_coordinator_at(group, request, R::MAX_VERSION, verdict).await
    }

    /// As [`Self::ask_coordinator`], at no newer version than `newest`.
    pub(super) async fn ask_coordinator_at<R: Call>(
        &self,
        group: &str,
        request: &R,
        newest: i16,
        verdict: impl Fn(&R::Answer) -> i16,
    ) -> Result<R::Answer, ClientError> {
        self.ask_coordinator_of(Coordinated::Group(group), request, newest, verdict).await
    }
}

/// The outcome for a group.
pub(super) fn group_outcome(group: &str, code: i16, message: Option<String>) -> Result<(), ClientError> {
    outcome(&format!("group {group}"), code, message)
}

/// A group that the answer does not hold.
pub(super) fn not_answered(api: &'static str, group: &str) -> ClientError {
    ClientError::Malformed { api, reason: format!("no answer for the group {group}") }
}

/// What a group that nobody has heard of is told as.
pub(super) fn no_such_group(group: &str) -> ClientError {
    ClientError::Topic { subject: format!("group {group}"), code: ErrorCode::GroupIdNotFound, message: None }
}
