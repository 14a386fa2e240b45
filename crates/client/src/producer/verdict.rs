//! What becomes of a batch that its broker did not take, as far as anybody knows.

use types::ErrorCode;

use crate::error::ClientError;

/// A try that failed.
#[derive(Clone, Copy, Debug)]
pub(super) struct Failure<'a> {
    pub(super) error: &'a ClientError,
    /// Some try, this one or one before it, may have written the batch.
    pub(super) may_be_written: bool,
    /// Records of its producer before it are not acknowledged.
    pub(super) is_ahead: bool,
    /// `delivery.timeout.ms` is over.
    pub(super) is_overdue: bool,
    /// It was tried as often as `retries` allows.
    pub(super) is_exhausted: bool,
    /// What belongs to a transaction never goes over to another producer id: the transaction is aborted.
    pub(super) is_transactional: bool,
    /// Its transaction is to be aborted: nothing of it is tried again, for the epoch rises before the next one.
    pub(super) is_doomed: bool,
}

/// See the module.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It is sent again.
    Retry,
    /// Its records are sent in smaller batches.
    Split,
    /// Its senders are told.
    Fail,
}

impl Failure<'_> {
    pub(super) fn verdict(&self) -> Verdict {
        if self.is_doomed {
            return Verdict::Fail;
        }
        let begins_anew = self.lost_its_state() && !self.may_be_written && !self.is_transactional;
        let retries = self.error.is_retriable() || self.is_overtaking() || begins_anew;
        if retries && !self.is_overdue && !self.is_exhausted {
            return Verdict::Retry;
        }
        let is_too_large = self.code() == Some(ErrorCode::MessageTooLarge);
        if is_too_large && !self.may_be_written && !self.is_overdue { Verdict::Split } else { Verdict::Fail }
    }

    /// Whether the broker no longer knows what the producer wrote.
    pub(super) fn lost_its_state(&self) -> bool {
        let speaks_of_state = matches!(
            self.code(),
            Some(
                ErrorCode::OutOfOrderSequenceNumber
                    | ErrorCode::UnknownProducerId
                    | ErrorCode::InvalidProducerEpoch
            )
        );
        speaks_of_state && !self.is_overtaking()
    }

    /// Whether one before it failed, and the broker does not take what would leave a hole.
    fn is_overtaking(&self) -> bool {
        self.code() == Some(ErrorCode::OutOfOrderSequenceNumber) && self.is_ahead
    }

    fn code(&self) -> Option<ErrorCode> {
        match self.error {
            ClientError::Topic { code, .. } => Some(*code),
            _ => None,
        }
    }
}

/// Whether the batch may be written for all that is known. Whatever is worth another try leaves it open what became of this
/// one, except a connection never opened; so do answers that tell nothing.
pub(super) fn leaves_open_what_was_written(error: &ClientError) -> bool {
    match error {
        ClientError::Unreachable { .. } => false,
        ClientError::Malformed { .. } | ClientError::Topic { code: ErrorCode::UnknownServerError, .. } => {
            true
        }
        error => error.is_retriable(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network_client::topic_error;

    #[test]
    fn a_verdict_hangs_on_what_may_be_written() {
        let judge = |code, change: fn(&mut Failure<'_>)| {
            let error = topic_error("t-0", code);
            let mut failure = Failure {
                error: &error,
                may_be_written: false,
                is_ahead: false,
                is_overdue: false,
                is_exhausted: false,
                is_transactional: false,
                is_doomed: false,
            };
            change(&mut failure);
            failure.verdict()
        };
        use ErrorCode::{
            InvalidRecord, MessageTooLarge, NotLeaderOrFollower, OutOfOrderSequenceNumber, UnknownProducerId,
        };
        assert_eq!(judge(NotLeaderOrFollower, |_| ()), Verdict::Retry);
        assert_eq!(judge(NotLeaderOrFollower, |it| it.is_overdue = true), Verdict::Fail);
        assert_eq!(judge(NotLeaderOrFollower, |it| it.is_exhausted = true), Verdict::Fail);
        assert_eq!(judge(InvalidRecord, |_| ()), Verdict::Fail);
        assert_eq!(judge(MessageTooLarge, |_| ()), Verdict::Split);
        assert_eq!(judge(MessageTooLarge, |it| it.may_be_written = true), Verdict::Fail);
        assert_eq!(judge(UnknownProducerId, |_| ()), Verdict::Retry, "under a new producer id");
        assert_eq!(judge(UnknownProducerId, |it| it.may_be_written = true), Verdict::Fail);
        assert_eq!(judge(UnknownProducerId, |it| it.is_transactional = true), Verdict::Fail);
        assert_eq!(judge(OutOfOrderSequenceNumber, |it| it.is_ahead = true), Verdict::Retry);
        assert_eq!(judge(NotLeaderOrFollower, |it| it.is_doomed = true), Verdict::Fail);
        let of_transaction = |it: &mut Failure<'_>| (it.is_ahead, it.is_transactional) = (true, true);
        assert_eq!(judge(OutOfOrderSequenceNumber, of_transaction), Verdict::Retry, "behind one that failed");
    }
}
