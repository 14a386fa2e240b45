//! From the reply of a coordinator's shard to an answer: now where the shard has replied, later where the request is
//! parked.

use broker::coordinators::{Called, Shard, ShardReply};
use net::{Answer, RequestHeader};
use protocol::Message;

use crate::exchange::{self, Handled};

/// Answers with the message that `respond` makes of the shard's reply.
pub(crate) fn answer<S, M>(
    header: &RequestHeader,
    called: Called<S>,
    respond: impl FnOnce(ShardReply<S>) -> M + Send + 'static,
) -> Handled
where
    S: Shard<Request: Send, Reply: Send> + Send + 'static,
    M: Message + 'static,
{
    match called {
        Called::Now(reply) => exchange::answer(header, &respond(reply)),
        Called::Later(parked) => {
            let header = header.clone();
            Ok(Answer::Later(Box::pin(async move { respond_later(&header, &respond(parked.await)) })))
        }
    }
}

/// Answers with the message that `respond` makes of the replies of several shards, in the order of the calls.
pub(crate) fn answer_all<S, M>(
    header: &RequestHeader,
    called: Vec<Called<S>>,
    respond: impl FnOnce(Vec<ShardReply<S>>) -> M + Send + 'static,
) -> Handled
where
    S: Shard<Request: Send, Reply: Send> + Send + 'static,
    M: Message + 'static,
{
    let header = header.clone();
    if called.iter().all(|called| matches!(called, Called::Now(_))) {
        let now = |called| match called {
            Called::Now(reply) => Some(reply),
            Called::Later(_) => None,
        };
        return exchange::answer(&header, &respond(called.into_iter().filter_map(now).collect()));
    }
    Ok(Answer::Later(Box::pin(async move {
        let mut replies = Vec::with_capacity(called.len());
        for called in called {
            replies.push(called.reply().await);
        }
        respond_later(&header, &respond(replies))
    })))
}

/// A response that could not be encoded has nobody left to tell but the log; the client runs into its timeout.
pub(crate) fn respond_later<M: Message>(header: &RequestHeader, response: &M) -> net::Response {
    exchange::respond(header, response, Vec::new()).unwrap_or_else(|error| {
        tracing::error!(message = M::NAME, %error, "a response could not be encoded");
        net::Response::default()
    })
}
