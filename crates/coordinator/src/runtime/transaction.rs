//! The end of a transaction in which records were written to the shard's log.

use types::{ProducerEpoch, ProducerId};

use super::{Append, Effect, Runtime, State, Unavailable};
use crate::{Shard, Token};

/// What a transaction's marker says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EndOfTransaction {
    /// Whose transaction.
    pub producer: (ProducerId, ProducerEpoch),
    /// Committed, or aborted.
    pub is_committed: bool,
    /// Epoch of the transaction coordinator that decided.
    pub coordinator_epoch: i32,
    /// `transaction.version` of the transaction; 2 demands a bumped producer epoch (KIP-890).
    pub transaction_version: i16,
}

impl<S: Shard> Runtime<S> {
    /// Ends a transaction: the shard takes the decision over and the marker is appended. `reply` is given once it is
    /// committed. The caller has made sure that the log will take the marker, for an append that fails costs everybody
    /// of the shard a reload.
    pub fn end_transaction(&mut self, token: Token, end: EndOfTransaction, reply: S::Reply) {
        debug_assert!(self.appending.is_none(), "an append is reported before the next event");
        let shard = match &mut self.state {
            State::Active(shard) => shard,
            State::Loading => return self.refuse(token, Unavailable::Loading),
            State::Unloaded => return self.refuse(token, Unavailable::NotCoordinator),
        };
        shard.replay_end_of_transaction(end.producer, end.is_committed);
        self.appending = Some(vec![(token, reply)]);
        self.effects.push_back(Effect::Append(Append::Marker(end)));
    }
}

#[cfg(test)]
mod tests {
    use types::Offset;

    use super::*;
    use crate::runtime::AppendFailure;
    use crate::runtime::toy::{ToyRequest, active, at, effects};

    fn end() -> EndOfTransaction {
        EndOfTransaction {
            producer: (ProducerId(7), ProducerEpoch(1)),
            is_committed: true,
            coordinator_epoch: 3,
            transaction_version: 2,
        }
    }

    #[test]
    fn a_decision_counts_at_once_and_is_told_when_its_marker_is_committed() {
        let mut runtime = active(Offset(0));
        runtime.end_transaction(Token(1), end(), -1);
        assert_eq!(effects(&mut runtime), [Effect::Append(Append::Marker(end()))]);
        runtime.appended(Offset(1), at(0));
        runtime.request(Token(2), ToyRequest::Read, at(0));
        assert_eq!(effects(&mut runtime), []);
        runtime.committed(Offset(1));
        assert_eq!(
            effects(&mut runtime),
            [Effect::Reply(Token(1), Ok(-1)), Effect::Reply(Token(2), Ok(100))]
        );
    }

    #[test]
    fn a_marker_that_is_not_in_the_log_is_tried_again_by_who_asked() {
        let mut runtime = active(Offset(0));
        runtime.end_transaction(Token(1), end(), -1);
        effects(&mut runtime);
        runtime.append_failed(AppendFailure::NotNow);
        assert_eq!(effects(&mut runtime)[0], Effect::Reply(Token(1), Err(Unavailable::NotAvailable)));
        runtime.end_transaction(Token(2), end(), -1);
        assert_eq!(effects(&mut runtime), [Effect::Reply(Token(2), Err(Unavailable::Loading))]);
    }
}
