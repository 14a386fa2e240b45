//! This broker does not lead the partition any more, or stops.

use super::{Runtime, State, Unavailable};
use crate::Shard;

impl<S: Shard> Runtime<S> {
    /// Drops the shard; whoever waits is sent to the next coordinator.
    pub fn unload(&mut self) {
        self.refuse_all(Unavailable::NotCoordinator);
        self.state = State::Unloaded;
    }
}

#[cfg(test)]
mod tests {
    use types::Offset;

    use super::super::Effect;
    use super::*;
    use crate::Token;
    use crate::runtime::toy::{ToyRequest, active, at, effects};

    #[test]
    fn whoever_waits_is_sent_away() {
        let mut runtime = active(Offset(0));
        runtime.request(Token(1), ToyRequest::Await(9), at(0));
        runtime.unload();
        let refused = |token| Effect::Reply(Token(token), Err(Unavailable::NotCoordinator));
        assert_eq!(effects(&mut runtime), [refused(1)]);
        runtime.request(Token(2), ToyRequest::Read, at(0));
        assert_eq!(effects(&mut runtime), [refused(2)]);
        assert_eq!(runtime.next_deadline_ms(), None);
    }
}
