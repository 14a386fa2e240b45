//! FindCoordinator, and asking whom it names: again where the group or transactional id has moved meanwhile.

use types::NodeId;

use crate::admin::Admin;
use crate::admin::ask::{Whom, passes};
use crate::call::Call;
use crate::error::{ClientError, error_code};
use crate::find_coordinator;
use crate::patience::Patience;

pub(crate) use crate::find_coordinator::Coordinated;

impl Admin {
    /// The broker that has it.
    pub(super) async fn coordinator(&self, of: Coordinated<'_>) -> Result<NodeId, ClientError> {
        let answer = self.ask(Whom::Any, &find_coordinator::request(of), find_coordinator::verdict).await?;
        Ok(find_coordinator::found(of, answer)?.node)
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
