//! Which broker is asked, and how often.

use types::{ErrorCode, NodeId};

use super::Admin;
use crate::call::Call;
use crate::error::{ClientError, error_code};
use crate::network_client::AutoCreate;
use crate::patience::Patience;

/// Who is asked.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Whom {
    /// Whoever answers. Changes go there too: brokers forward them to the controller (KIP-590).
    Any,
    /// This broker: it alone knows, or does, what it is asked.
    Node(NodeId),
}

impl Admin {
    /// Asks until the answer is none that passes by waiting; `verdict` picks the error that the answer stands or falls
    /// with.
    pub(crate) async fn ask<R: Call>(
        &self,
        whom: Whom,
        request: &R,
        verdict: impl Fn(&R::Answer) -> i16,
    ) -> Result<R::Answer, ClientError> {
        let mut patience = Patience::new(self.client.config());
        loop {
            let answer = self.ask_once(whom, request, R::MAX_VERSION).await;
            let gives_up = match &answer {
                Ok(answer) => !passes(error_code(verdict(answer))),
                Err(ClientError::Unreachable { .. }) => self.client.metadata().nodes.is_empty(),
                Err(error) => !error.is_retriable(),
            };
            if gives_up || !patience.waits().await {
                return answer;
            }
            tracing::debug!(api = R::API, error = ?answer.err(), "asking again");
        }
    }

    /// Asks once, at no newer version than `newest`; whoever answers is asked at the newest of all.
    pub(crate) async fn ask_once<R: Call>(
        &self,
        whom: Whom,
        request: &R,
        newest: i16,
    ) -> Result<R::Answer, ClientError> {
        match whom {
            Whom::Any => self.client.call_any(request).await,
            Whom::Node(node) => {
                if !self.client.metadata().nodes.contains_key(&node) {
                    self.client.refresh(&[], AutoCreate::Forbidden).await?;
                }
                self.client.node(node).await?.call(request, newest).await
            }
        }
    }
}

/// Whether the cluster is likely to answer otherwise a little later. An unknown topic is none of these: whoever asks about
/// one has more likely misspelt it.
pub(crate) fn passes(code: ErrorCode) -> bool {
    matches!(
        code,
        ErrorCode::NotController
            | ErrorCode::CoordinatorLoadInProgress
            | ErrorCode::CoordinatorNotAvailable
            | ErrorCode::NotCoordinator
            | ErrorCode::LeaderNotAvailable
            | ErrorCode::NotLeaderOrFollower
            | ErrorCode::NetworkException
    )
}
