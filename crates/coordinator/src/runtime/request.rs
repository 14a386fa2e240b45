//! A request, and a caller that has gone away.

use super::{Effect, Runtime, State, Unavailable};
use crate::{Now, Shard, Token};

impl<S: Shard> Runtime<S> {
    /// Asks the shard. The reply comes as an effect, now or later.
    pub fn request(&mut self, token: Token, request: S::Request, now: Now) {
        let shard = match &mut self.state {
            State::Active(shard) => shard,
            State::Loading => return self.refuse(token, Unavailable::Loading),
            State::Unloaded => return self.refuse(token, Unavailable::NotCoordinator),
        };
        let step = shard.handle(token, request, now);
        self.parked.insert(token);
        self.take(step, now);
    }

    pub(super) fn refuse(&mut self, token: Token, why: Unavailable) {
        self.effects.push_back(Effect::Reply(token, Err(why)));
    }

    /// Nobody waits for the reply any more. What the request changed stays changed.
    pub fn forget(&mut self, token: Token) {
        if self.parked.remove(&token)
            && let State::Active(shard) = &mut self.state
        {
            shard.forget(token);
        }
        self.held.retain(|held| held.token != token);
        if let Some(replies) = &mut self.appending {
            replies.retain(|(waiting, _)| *waiting != token);
        }
    }
}

#[cfg(test)]
mod tests {
    use types::Offset;

    use super::super::Append;
    use super::*;
    use crate::runtime::toy::{ToyRequest, active, at, effects};

    #[test]
    fn a_reply_waits_for_the_records_of_its_own_step() {
        let mut runtime = active(Offset(10));
        runtime.request(Token(1), ToyRequest::Add(5), at(0));
        let [Effect::Append(Append::Records { records, .. })] = &effects(&mut runtime)[..] else {
            panic!("one append")
        };
        assert_eq!(records.len(), 1);
        runtime.appended(Offset(11), at(0));
        assert_eq!(effects(&mut runtime), []);
        runtime.committed(Offset(11));
        assert_eq!(effects(&mut runtime), [Effect::Reply(Token(1), Ok(5))]);
    }

    #[test]
    fn a_request_that_only_reads_waits_for_what_was_written_before_it() {
        let mut runtime = active(Offset(0));
        runtime.request(Token(1), ToyRequest::Add(5), at(0));
        runtime.appended(Offset(1), at(0));
        runtime.request(Token(2), ToyRequest::Read, at(0));
        effects(&mut runtime);
        runtime.committed(Offset(1));
        assert_eq!(effects(&mut runtime), [Effect::Reply(Token(1), Ok(5)), Effect::Reply(Token(2), Ok(5))]);
    }

    #[test]
    fn a_parked_request_is_answered_by_the_step_of_another() {
        let mut runtime = active(Offset(0));
        runtime.request(Token(1), ToyRequest::Await(3), at(0));
        assert_eq!(effects(&mut runtime), []);
        runtime.request(Token(2), ToyRequest::Add(3), at(0));
        effects(&mut runtime);
        runtime.appended(Offset(1), at(0));
        runtime.committed(Offset(1));
        let mut replied = effects(&mut runtime);
        replied.sort_by_key(|effect| format!("{effect:?}"));
        assert_eq!(replied, [Effect::Reply(Token(1), Ok(3)), Effect::Reply(Token(2), Ok(3))]);
    }

    #[test]
    fn who_has_gone_away_is_not_replied_to() {
        let mut runtime = active(Offset(0));
        runtime.request(Token(1), ToyRequest::Await(3), at(0));
        runtime.request(Token(2), ToyRequest::Add(1), at(0));
        effects(&mut runtime);
        runtime.appended(Offset(1), at(0));
        runtime.forget(Token(1));
        runtime.forget(Token(2));
        runtime.committed(Offset(1));
        assert_eq!(effects(&mut runtime), []);
        assert_eq!(runtime.shard().map(|toy| toy.awaiting.len()), Some(0));
    }
}
