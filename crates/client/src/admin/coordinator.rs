//! FindCoordinator, and asking whom it names: again where the group or transactional id has moved meanwhile.

use std::fmt;

use protocol::messages::find_coordinator_request::FindCoordinatorRequest;
use types::NodeId;

use crate::admin::ask::{Whom, passes};
use crate::admin::{Admin, outcome};
use crate::call::Call;
use crate::error::{ClientError, error_code};
use crate::patience::Patience;

/// What a coordinator has.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Coordinated<'a> {
    Group(&'a str),
    TransactionalId(&'a str),
}

impl Coordinated<'_> {
    /// `KeyType` and the key.
    fn key(self) -> (i8, String) {
        match self {
            Self::Group(id) => (0, id.to_owned()),
            Self::TransactionalId(id) => (1, id.to_owned()),
        }
    }
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

impl Admin {
    /// The broker that has it.
    pub(super) async fn coordinator(&self, of: Coordinated<'_>) -> Result<NodeId, ClientError> {
        let (key_type, key) = of.key();
        let request = FindCoordinatorRequest {
            key: key.clone(),
            key_type,
            coordinator_keys: vec![key],
            ..FindCoordinatorRequest::default()
        };
        // Versions 0-3 answer for the one key, later ones for each.
        let verdict = |answer: &protocol::messages::find_coordinator_response::FindCoordinatorResponse| {
            answer.coordinators.first().map_or(answer.error_code, |found| found.error_code)
        };
        let answer = self.ask(Whom::Any, &request, verdict).await?;
        let subject = of.to_string();
        match answer.coordinators.into_iter().next() {
            Some(found) => outcome(&subject, found.error_code, found.error_message).map(|()| found.node_id),
            None => outcome(&subject, answer.error_code, answer.error_message).map(|()| answer.node_id),
        }
        .map(NodeId)
    }

    /// Asks the coordinator at no newer version than `newest`, and the next one where it is not that any more.
    pub(super) async fn ask_coordinator_of<R: Call>(
        &self,
        of: Coordinated<'_>,
        request: &R,
        newest: i16,
        verdict: impl Fn(&R::Answer) -> i16,
    ) -> Result<R::Answer, ClientError> {
        let mut patience = Patience::new(self.client().config());
        loop {
            let coordinator = self.coordinator(of).await?;
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
