//! FindCoordinator, and asking whom it names: again where the group has moved meanwhile.

use protocol::messages::find_coordinator_request::FindCoordinatorRequest;
use types::{ErrorCode, NodeId};

use crate::admin::ask::{Whom, passes};
use crate::admin::{Admin, outcome};
use crate::call::Call;
use crate::error::{ClientError, error_code};
use crate::patience::Patience;

impl Admin {
    /// The broker that has this group.
    pub(in crate::admin) async fn group_coordinator(&self, group: &str) -> Result<NodeId, ClientError> {
        let request = FindCoordinatorRequest {
            key: group.to_owned(),
            key_type: 0,
            coordinator_keys: vec![group.to_owned()],
            ..FindCoordinatorRequest::default()
        };
        // Versions 0-3 answer for the one key, later ones for each.
        let verdict = |answer: &protocol::messages::find_coordinator_response::FindCoordinatorResponse| {
            answer.coordinators.first().map_or(answer.error_code, |found| found.error_code)
        };
        let answer = self.ask(Whom::Any, &request, verdict).await?;
        let subject = format!("group {group}");
        match answer.coordinators.into_iter().next() {
            Some(found) => outcome(&subject, found.error_code, found.error_message).map(|()| found.node_id),
            None => outcome(&subject, answer.error_code, answer.error_message).map(|()| answer.node_id),
        }
        .map(NodeId)
    }

    /// Asks the coordinator of a group, and the next one where it is not that any more.
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
        let mut patience = Patience::new(self.client().config());
        loop {
            let coordinator = self.group_coordinator(group).await?;
            let answer = self.ask_once(Whom::Node(coordinator), request, newest).await;
            let gives_up = match &answer {
                Ok(answer) => !passes(error_code(verdict(answer))),
                Err(error) => !error.is_retriable(),
            };
            if gives_up || !patience.waits().await {
                return answer;
            }
        }
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
