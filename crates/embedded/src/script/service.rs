//! The rules at work, around the handlers.

use handlers::{Handlers, exchange};
use net::{Answer, CloseReason, Request, Response, Service};
use tokio::sync::watch;
use types::ErrorCode;

use super::error_answer::error_answer;
use super::rule::{Act, Rules};

/// Serves requests as the handlers do, but where a rule strikes.
pub(crate) struct ScriptedService {
    handlers: Handlers,
    rules: Rules,
}

impl ScriptedService {
    pub(crate) fn new(handlers: Handlers, rules: Rules) -> Self {
        Self { handlers, rules }
    }

    fn is_fenced(&self, request: &Request) -> bool {
        request.header.api_key == protocol::api::PRODUCE
            && !self.rules.fences.are_none()
            && exchange::decode(request).is_ok_and(|produce| self.rules.fences.refuse(&produce))
    }
}

impl Service for ScriptedService {
    async fn call(&self, request: Request) -> Answer {
        let act = match self.rules.strike(&request.header) {
            None if self.is_fenced(&request) => Some(Act::Answer(ErrorCode::InvalidProducerEpoch)),
            act => act,
        };
        match act {
            None => self.handlers.call(request).await,
            Some(Act::LoseRequest) => Answer::Close(lost()),
            Some(Act::LoseAnswer) => {
                drop(self.handlers.call(request).await);
                Answer::Close(lost())
            }
            Some(Act::Answer(error)) => error_answer(&request, error).unwrap_or_else(Answer::Close),
            Some(Act::Hold(released)) => match self.handlers.call(request).await {
                Answer::Now(response) => Answer::Later(Box::pin(hold(response, released))),
                Answer::Later(waiting) => {
                    Answer::Later(Box::pin(async move { hold(waiting.await, released).await }))
                }
                other => other,
            },
        }
    }
}

fn lost() -> CloseReason {
    CloseReason::refused("the script of a test")
}

async fn hold(response: Response, mut released: watch::Receiver<bool>) -> Response {
    // Whoever holds it is gone, which releases it as well.
    let _ = released.wait_for(|is_released| *is_released).await;
    response
}
