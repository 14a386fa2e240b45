//! From the log to a shard that answers.

use types::{LeaderEpoch, Offset};

use super::{Effect, Runtime, State, Unavailable};
use crate::{Now, Shard};

/// Names one reading of the log.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct LoadNumber(u64);

impl<S: Shard> Runtime<S> {
    /// This broker leads the partition from here on in `epoch`, in which it did not lead before: whatever was known is
    /// read anew, for another leader may have written meanwhile.
    pub fn lead(&mut self, epoch: LeaderEpoch) {
        self.leader_epoch = epoch;
        self.refuse_all(Unavailable::NotCoordinator);
        self.begin_load();
    }

    pub(super) fn begin_load(&mut self) {
        self.loads.0 += 1;
        self.state = State::Loading;
        self.effects.push_back(Effect::Load(self.loads));
    }

    /// Whether the result of this load would still be taken.
    pub fn is_wanted(&self, load: LoadNumber) -> bool {
        self.is_loading() && load == self.loads
    }

    /// The log was read up to `end` into `shard`. Replies wait until `end` is committed, for the state stands on it.
    pub fn loaded(&mut self, load: LoadNumber, mut shard: S, end: Offset, now: Now) {
        if !self.is_wanted(load) {
            return;
        }
        shard.set_batch_bytes_max(self.batch_bytes_max);
        let step = shard.loaded(self.leader_epoch, now);
        self.state = State::Active(shard);
        self.appended = end;
        self.take(step, now);
    }

    /// The log could not be read: nothing is answered until the next leader epoch.
    pub fn load_failed(&mut self, load: LoadNumber) {
        if self.is_wanted(load) {
            self.state = State::Unloaded;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::runtime::AppendFailure;
    use crate::runtime::toy::{Toy, ToyRequest, at, effects, loads};
    use crate::{Token, Unavailable};

    #[test]
    fn what_is_asked_while_loading_is_refused_at_once() {
        let mut runtime = Runtime::<Toy>::new(5_000);
        runtime.lead(LeaderEpoch(0));
        runtime.request(Token(1), ToyRequest::Read, at(0));
        assert_eq!(effects(&mut runtime)[1], Effect::Reply(Token(1), Err(Unavailable::Loading)));
        assert!(runtime.is_loading());
    }

    #[test]
    fn a_load_of_the_past_is_not_taken() {
        let mut runtime = Runtime::<Toy>::new(5_000);
        runtime.lead(LeaderEpoch(0));
        let first = loads(&mut runtime);
        runtime.lead(LeaderEpoch(0));
        let second = loads(&mut runtime);
        runtime.loaded(first[0], Toy::with_sum(1), Offset(1), at(0));
        assert!(runtime.is_loading());
        runtime.loaded(second[0], Toy::with_sum(2), Offset(2), at(0));
        assert_eq!(runtime.shard().map(|toy| toy.sum), Some(2));
    }

    #[test]
    fn replies_wait_until_what_was_loaded_is_committed() {
        let mut runtime = Runtime::<Toy>::new(5_000);
        runtime.lead(LeaderEpoch(0));
        let load = loads(&mut runtime)[0];
        runtime.loaded(load, Toy::with_sum(7), Offset(3), at(0));
        runtime.request(Token(1), ToyRequest::Read, at(0));
        assert_eq!(effects(&mut runtime), []);
        runtime.committed(Offset(3));
        assert_eq!(effects(&mut runtime), [Effect::Reply(Token(1), Ok(7))]);
    }

    #[test]
    fn a_shard_knows_how_large_a_batch_may_be_before_it_is_asked() {
        let mut runtime = Runtime::<Toy>::new(5_000);
        runtime.lead(LeaderEpoch(0));
        let load = loads(&mut runtime)[0];
        let told = |runtime: &Runtime<Toy>| runtime.shard().map(|toy| toy.batch_bytes_max);
        runtime.set_batch_bytes_max(100);
        assert_eq!(told(&runtime), None);
        runtime.loaded(load, Toy::default(), Offset(0), at(0));
        assert_eq!(told(&runtime), Some(100));
        runtime.set_batch_bytes_max(70);
        assert_eq!(told(&runtime), Some(70));
    }

    #[test]
    fn a_shard_is_told_the_epoch_in_which_it_is_led_also_when_it_is_loaded_anew_in_it() {
        let mut runtime = Runtime::<Toy>::new(5_000);
        runtime.lead(LeaderEpoch(7));
        for _ in 0..2 {
            let load = loads(&mut runtime)[0];
            runtime.loaded(load, Toy::default(), Offset(0), at(0));
            assert_eq!(runtime.shard().and_then(|toy| toy.leader_epoch), Some(LeaderEpoch(7)));
            runtime.append_failed(AppendFailure::NotNow);
        }
    }

    #[test]
    fn a_log_that_cannot_be_read_has_no_coordinator_until_it_is_led_anew() {
        let mut runtime = Runtime::<Toy>::new(5_000);
        runtime.lead(LeaderEpoch(0));
        let load = loads(&mut runtime)[0];
        runtime.load_failed(load);
        runtime.request(Token(1), ToyRequest::Read, at(0));
        assert_eq!(effects(&mut runtime), [Effect::Reply(Token(1), Err(Unavailable::NotCoordinator))]);
        runtime.lead(LeaderEpoch(0));
        assert_eq!(loads(&mut runtime).len(), 1);
    }
}
