//! From a group shard's reply to an answer: now where the shard has replied, later where the request is parked.

use std::sync::Arc;

use broker::Broker;
use broker::coordinators::{Called, Unavailable};
use broker::group_coordinator::{GroupReply, GroupShard};
use net::{Answer, RequestHeader};
use protocol::Message;
use types::ErrorCode;

use crate::exchange::{self, Handled};

/// What a shard replied, or that it is not there to reply.
pub(crate) type Reply = Result<GroupReply, Unavailable>;

/// Takes the reply of the kind that was asked for.
macro_rules! group_reply {
    ($reply:expr, $kind:ident) => {
        match $reply {
            Ok(::broker::group_coordinator::GroupReply::$kind(reply)) => {
                reply.map_err(|error| $crate::errors::group_error(&error))
            }
            Ok(other) => Err($crate::group_replies::mistaken(&other)),
            Err(error) => Err($crate::errors::unavailable(&error)),
        }
    };
}
pub(crate) use group_reply;

/// A shard that replies to something else than it was asked is a bug.
pub(crate) fn mistaken(reply: &GroupReply) -> ErrorCode {
    tracing::error!(?reply, "a group shard replied to something else than it was asked");
    ErrorCode::UnknownServerError
}

/// Answers with the message that `respond` makes of the shard's reply.
pub(crate) fn answer<M: Message + 'static>(
    header: &RequestHeader,
    called: Called<GroupShard>,
    respond: impl FnOnce(Reply) -> M + Send + 'static,
) -> Handled {
    match called {
        Called::Now(reply) => exchange::answer(header, &respond(reply)),
        Called::Later(parked) => {
            let header = header.clone();
            Ok(Answer::Later(Box::pin(async move { respond_later(&header, &respond(parked.await)) })))
        }
    }
}

/// Like [`answer`], for a request that may give its caller something to do first.
pub(crate) fn answer_with_jobs<M: Message + 'static>(
    broker: &Arc<Broker>,
    header: &RequestHeader,
    called: Called<GroupShard>,
    respond: impl FnOnce(Reply) -> M + Send + 'static,
) -> Handled {
    match called {
        Called::Now(Ok(GroupReply::Assign(_))) | Called::Later(_) => {
            let (header, followed) = (header.clone(), broker.follow_group(called));
            Ok(Answer::Later(Box::pin(async move { respond_later(&header, &respond(followed.await)) })))
        }
        Called::Now(reply) => exchange::answer(header, &respond(reply)),
    }
}

/// Answers with the message that `respond` makes of the replies of several shards, in the order of the calls.
pub(crate) fn answer_all<M: Message + 'static>(
    header: &RequestHeader,
    called: Vec<Called<GroupShard>>,
    respond: impl FnOnce(Vec<Reply>) -> M + Send + 'static,
) -> Handled {
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
fn respond_later<M: Message>(header: &RequestHeader, response: &M) -> net::Response {
    exchange::respond(header, response, Vec::new()).unwrap_or_else(|error| {
        tracing::error!(message = M::NAME, %error, "a response could not be encoded");
        net::Response::default()
    })
}

/// The code of a refusal that has no fields beside it.
pub(crate) fn code<T>(result: &Result<T, ErrorCode>) -> i16 {
    result.as_ref().err().map_or(0, |error| error.code())
}
