//! Records are in the log, and the high watermark passes them.

use types::Offset;

use super::{Effect, Runtime};
use crate::{Now, Shard};

impl<S: Shard> Runtime<S> {
    /// The records of the last [`Effect::Append`] stand below `end` (exclusive), the end of the log.
    pub fn appended(&mut self, end: Offset, now: Now) {
        debug_assert!(end >= self.appended, "a log only grows under its leader");
        self.appended = end;
        let replies = self.appending.take().unwrap_or_default();
        self.hold(replies, now);
    }

    /// The high watermark is at `high_watermark`, or beyond. It never falls while this broker leads.
    pub fn committed(&mut self, high_watermark: Offset) {
        self.committed = self.committed.max(high_watermark);
        let committed = self.committed;
        while let Some(held) = self.held.pop_front_if(|held| held.end <= committed) {
            self.effects.push_back(Effect::Reply(held.token, Ok(held.reply)));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Token;
    use crate::runtime::toy::{ToyRequest, active, at, effects};

    #[test]
    fn the_high_watermark_releases_what_it_passed_and_no_more() {
        let mut runtime = active(Offset(0));
        for (token, end) in [(1, 1), (2, 2), (3, 3)] {
            runtime.request(Token(token), ToyRequest::Add(1), at(0));
            effects(&mut runtime);
            runtime.appended(Offset(end), at(0));
        }
        runtime.committed(Offset(2));
        assert_eq!(effects(&mut runtime), [Effect::Reply(Token(1), Ok(1)), Effect::Reply(Token(2), Ok(2))]);
        assert_eq!(runtime.held(), 1);
    }

    #[test]
    fn where_the_high_watermark_is_already_there_a_reply_leaves_with_the_append() {
        let mut runtime = active(Offset(0));
        runtime.request(Token(1), ToyRequest::Add(1), at(0));
        effects(&mut runtime);
        runtime.committed(Offset(1));
        runtime.appended(Offset(1), at(0));
        assert_eq!(effects(&mut runtime), [Effect::Reply(Token(1), Ok(1))]);
    }
}
