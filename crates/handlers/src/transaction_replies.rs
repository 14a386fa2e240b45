//! What a shard of transactions replied.

use broker::coordinators::Unavailable;
use broker::transaction_coordinator::TransactionReply;
use types::ErrorCode;

pub(crate) use crate::shard_replies::{answer, answer_all};

/// What a shard replied, or that it is not there to reply.
pub(crate) type Reply = Result<TransactionReply, Unavailable>;

/// Takes the reply of the kind that was asked for.
macro_rules! transaction_reply {
    ($reply:expr, $kind:ident) => {
        match $reply {
            Ok(::broker::transaction_coordinator::TransactionReply::$kind(reply)) => {
                reply.map_err(|error| $crate::errors::transaction_error(&error))
            }
            Ok(other) => Err($crate::transaction_replies::mistaken(&other)),
            Err(error) => Err($crate::errors::unavailable(&error)),
        }
    };
}
pub(crate) use transaction_reply;

/// A shard that replies to something else than it was asked is a bug.
pub(crate) fn mistaken(reply: &TransactionReply) -> ErrorCode {
    tracing::error!(?reply, "a transaction shard replied to something else than it was asked");
    ErrorCode::UnknownServerError
}

/// Clients before `since` do not know PRODUCER_FENCED.
pub(crate) fn fenced_before(since: i16, version: i16, error: ErrorCode) -> ErrorCode {
    match error {
        ErrorCode::ProducerFenced if version < since => ErrorCode::InvalidProducerEpoch,
        error => error,
    }
}
