//! What a group shard replied.

use std::sync::Arc;

use broker::Broker;
use broker::coordinators::{Called, Unavailable};
use broker::group_coordinator::{GroupReply, GroupShard};
use net::{Answer, RequestHeader};
use protocol::Message;
use types::ErrorCode;

use crate::exchange::{self, Handled};
use crate::shard_replies::respond_later;
pub(crate) use crate::shard_replies::{answer, answer_all};

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

/// The code of a refusal that has no fields beside it.
pub(crate) fn code<T>(result: &Result<T, ErrorCode>) -> i16 {
    result.as_ref().err().map_or(0, |error| error.code())
}
