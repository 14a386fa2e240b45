//! Records could not be appended, or what was appended may be lost.

use super::{Effect, Runtime, Unavailable};
use crate::Shard;

/// Why the log did not take the records of a shard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AppendFailure {
    /// This broker does not lead any more, or its disk refuses.
    NotLeader,
    /// Not now: fewer replicas are in sync than have to be.
    NotNow,
    /// The records are larger than the topic takes. Trying again would not help.
    TooLarge,
}

impl<S: Shard> Runtime<S> {
    /// The records of the last [`Effect::Append`] are not in the log, or what is in it cannot be made durable. The shard
    /// believes in them, so it is dropped and loaded anew; everybody who waits is told to try again, but those whose own
    /// records are too large.
    pub fn append_failed(&mut self, failure: AppendFailure) {
        let why = match failure {
            AppendFailure::NotLeader => Unavailable::NotCoordinator,
            AppendFailure::NotNow | AppendFailure::TooLarge => Unavailable::NotAvailable,
        };
        if failure == AppendFailure::TooLarge {
            for (token, _) in self.appending.take().unwrap_or_default() {
                self.effects.push_back(Effect::Reply(token, Err(Unavailable::TooLarge)));
            }
        }
        self.refuse_all(why);
        self.begin_load();
    }
}

#[cfg(test)]
mod tests {
    use types::Offset;

    use super::*;
    use crate::Token;
    use crate::runtime::toy::{ToyRequest, active, at, effects};

    #[test]
    fn everybody_who_waits_is_told_to_try_again_and_the_shard_is_loaded_anew() {
        let mut runtime = active(Offset(0));
        runtime.request(Token(1), ToyRequest::Await(9), at(0));
        runtime.request(Token(2), ToyRequest::Add(1), at(0));
        effects(&mut runtime);
        runtime.appended(Offset(1), at(0));
        runtime.request(Token(3), ToyRequest::Add(1), at(0));
        effects(&mut runtime);
        runtime.append_failed(AppendFailure::NotNow);
        let told = effects(&mut runtime);
        let refused = |token| Effect::Reply(Token(token), Err(Unavailable::NotAvailable));
        assert_eq!(told[..3], [refused(2), refused(3), refused(1)]);
        assert!(matches!(told[3..], [Effect::Load(_)]));
        assert!(runtime.is_loading());
    }

    #[test]
    fn who_asks_for_too_much_is_told_so_and_others_try_again() {
        let mut runtime = active(Offset(0));
        runtime.request(Token(1), ToyRequest::Await(9), at(0));
        runtime.request(Token(2), ToyRequest::Add(1), at(0));
        effects(&mut runtime);
        runtime.append_failed(AppendFailure::TooLarge);
        let told = effects(&mut runtime);
        assert_eq!(told[0], Effect::Reply(Token(2), Err(Unavailable::TooLarge)));
        assert_eq!(told[1], Effect::Reply(Token(1), Err(Unavailable::NotAvailable)));
    }
}
