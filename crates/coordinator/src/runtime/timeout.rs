//! Time passing: for the shard, and for replies that wait for the high watermark.

use super::{Effect, Runtime, State, Unavailable};
use crate::{Now, Shard};

impl<S: Shard> Runtime<S> {
    /// When [`Runtime::timeout`] wants to be called, in `uptime_ms`. May be earlier than needed, never later.
    pub fn next_deadline_ms(&self) -> Option<i64> {
        let shard = match &self.state {
            State::Active(shard) => shard.next_deadline_ms(),
            State::Unloaded | State::Loading => None,
        };
        // Held replies are in the order of time as well.
        let held = self.held.front().map(|held| held.deadline_ms);
        shard.into_iter().chain(held).min()
    }

    /// Time has passed. A reply that waited too long for the high watermark becomes an error; what it reports stays as
    /// it is, and may still become durable.
    pub fn timeout(&mut self, now: Now) {
        while let Some(held) = self.held.pop_front_if(|held| held.deadline_ms <= now.uptime_ms) {
            self.effects.push_back(Effect::Reply(held.token, Err(Unavailable::NotAvailable)));
        }
        if let State::Active(shard) = &mut self.state
            && shard.next_deadline_ms().is_some_and(|deadline_ms| deadline_ms <= now.uptime_ms)
        {
            let step = shard.handle_timeout(now);
            self.take(step, now);
        }
    }
}

#[cfg(test)]
mod tests {
    use types::Offset;

    use super::*;
    use crate::Token;
    use crate::runtime::toy::{ToyRequest, active, at, effects};

    #[test]
    fn a_write_that_is_not_committed_in_time_is_an_error() {
        let mut runtime = active(Offset(0));
        runtime.request(Token(1), ToyRequest::Add(1), at(100));
        effects(&mut runtime);
        runtime.appended(Offset(1), at(100));
        assert_eq!(runtime.next_deadline_ms(), Some(5_100));
        runtime.timeout(at(5_099));
        assert_eq!(effects(&mut runtime), []);
        runtime.timeout(at(5_100));
        assert_eq!(effects(&mut runtime), [Effect::Reply(Token(1), Err(Unavailable::NotAvailable))]);
        runtime.committed(Offset(1));
        assert_eq!(effects(&mut runtime), []);
    }

    #[test]
    fn the_shards_own_deadline_is_kept() {
        let mut runtime = active(Offset(0));
        runtime.request(Token(1), ToyRequest::AddAt { amount: 4, uptime_ms: 50 }, at(0));
        assert_eq!(effects(&mut runtime), []);
        assert_eq!(runtime.next_deadline_ms(), Some(50));
        runtime.timeout(at(49));
        assert_eq!(effects(&mut runtime), []);
        runtime.timeout(at(50));
        assert!(matches!(effects(&mut runtime)[..], [Effect::Append(_)]));
        runtime.appended(Offset(1), at(50));
        runtime.committed(Offset(1));
        assert_eq!(effects(&mut runtime), [Effect::Reply(Token(1), Ok(4))]);
    }
}
