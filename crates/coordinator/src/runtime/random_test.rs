//! Seeded random runs of a runtime over a log that fails, lags and changes hands.
//!
//! Invariants: every token is replied to once unless it was forgotten; an acknowledged addition is in every later state
//! that is loaded; a reply never shows a sum beyond what the high watermark has passed.

use std::collections::BTreeMap;

use io::Entropy;
use types::{LeaderEpoch, Offset};

use super::toy::{Toy, ToyRequest, at, record};
use super::{Append, AppendFailure, Effect, LoadNumber, Runtime};
use crate::{Shard, Token, Unavailable, Written};

struct Run {
    dice: Entropy,
    runtime: Runtime<Toy>,
    /// Amounts, by offset.
    log: Vec<i64>,
    committed: usize,
    is_leader: bool,
    loads: Vec<LoadNumber>,
    /// What was asked and not answered.
    open: BTreeMap<Token, ToyRequest>,
    /// Tokens whose reply may not come any more.
    closed: Vec<Token>,
    /// Additions that were acknowledged.
    acknowledged: i64,
    uptime_ms: i64,
    next_token: u64,
    replies: usize,
}

impl Run {
    fn new(seed: u64) -> Self {
        Self {
            dice: Entropy::from_seed(seed),
            runtime: Runtime::new(500),
            log: Vec::new(),
            committed: 0,
            is_leader: false,
            loads: Vec::new(),
            open: BTreeMap::new(),
            closed: Vec::new(),
            acknowledged: 0,
            uptime_ms: 0,
            next_token: 0,
            replies: 0,
        }
    }

    fn step(&mut self) {
        match self.dice.below(20) {
            0 if !self.is_leader => {
                self.is_leader = true;
                self.runtime.lead(LeaderEpoch(0));
            }
            1 if self.is_leader => {
                // The next leader keeps what is committed and may lose the rest.
                self.is_leader = false;
                self.log.truncate(self.committed);
                self.runtime.unload();
            }
            2..=5 => self.load(),
            6..=8 => {
                let lag = self.log.len() - self.committed;
                self.committed += self.dice.below(lag as u64 + 1) as usize;
                self.runtime.committed(Offset(self.committed as i64));
            }
            9 => {
                self.uptime_ms += self.dice.below(400) as i64;
                self.runtime.timeout(at(self.uptime_ms));
            }
            10 => {
                let nth = self.dice.below(self.open.len() as u64 + 1) as usize;
                if let Some(token) = self.open.keys().nth(nth).copied() {
                    self.runtime.forget(token);
                    self.open.remove(&token);
                    self.closed.push(token);
                }
            }
            _ => self.ask(),
        }
        self.perform();
    }

    fn ask(&mut self) {
        self.next_token += 1;
        let request = match self.dice.below(6) {
            0 => ToyRequest::Read,
            1 => ToyRequest::Await(self.dice.below(60) as i64),
            2 => {
                let uptime_ms = self.uptime_ms + self.dice.below(300) as i64;
                ToyRequest::AddAt { amount: 1, uptime_ms }
            }
            _ => ToyRequest::Add(self.dice.below(3) as i64),
        };
        self.open.insert(Token(self.next_token), request.clone());
        self.runtime.request(Token(self.next_token), request, at(self.uptime_ms));
    }

    fn load(&mut self) {
        let Some(load) = self.loads.pop() else { return };
        if self.dice.below(10) == 0 {
            self.runtime.load_failed(load);
            return;
        }
        let mut toy = Toy::default();
        for (offset, amount) in self.log.iter().enumerate() {
            let written = Written { offset: Offset(offset as i64), transaction: None };
            toy.replay(written, &record(*amount)).expect("the toy wrote it");
        }
        assert!(toy.sum >= self.acknowledged, "an acknowledged addition is gone");
        self.runtime.loaded(load, toy, Offset(self.log.len() as i64), at(self.uptime_ms));
    }

    fn perform(&mut self) {
        while let Some(effect) = self.runtime.poll_effect() {
            match effect {
                Effect::Load(load) => self.loads.push(load),
                Effect::Append(Append::Records { records, .. }) => self.append(records.len(), &records),
                Effect::Append(Append::Marker(_)) => unreachable!("nobody ends a transaction here"),
                Effect::Reply(token, reply) => self.reply(token, reply),
            }
        }
    }

    fn append(&mut self, count: usize, records: &[crate::CoordinatorRecord]) {
        let failure = match self.dice.below(30) {
            0 => AppendFailure::NotLeader,
            1 => AppendFailure::NotNow,
            2 => AppendFailure::TooLarge,
            _ => {
                let mut toy = Toy::default();
                for record in records {
                    let before = toy.sum;
                    let written = Written { offset: Offset(0), transaction: None };
                    toy.replay(written, record).expect("the toy wrote it");
                    self.log.push(toy.sum - before);
                }
                assert!(count > 0, "nothing is appended for nothing");
                self.runtime.appended(Offset(self.log.len() as i64), at(self.uptime_ms));
                return;
            }
        };
        self.runtime.append_failed(failure);
    }

    fn reply(&mut self, token: Token, reply: Result<i64, Unavailable>) {
        assert!(
            !self.closed.contains(&token),
            "{token:?} is replied to once, and not after it was forgotten"
        );
        let request = self.open.remove(&token).expect("only what was asked is answered");
        self.closed.push(token);
        self.replies += 1;
        let committed: i64 = self.log[..self.committed].iter().sum();
        if let Ok(sum) = reply {
            assert!(sum <= committed, "a reply shows {sum}, {committed} is committed");
            if matches!(request, ToyRequest::Add(_) | ToyRequest::AddAt { .. }) {
                self.acknowledged = self.acknowledged.max(sum);
            }
        }
    }

    /// Without further faults everybody gets an answer.
    fn settle(&mut self) {
        self.runtime.unload();
        self.perform();
        assert!(self.open.is_empty(), "nobody is left waiting: {:?}", self.open);
    }
}

#[test]
fn every_caller_gets_one_true_answer_whatever_the_log_does() {
    let mut replies = 0;
    for seed in 0..2_000 {
        let mut run = Run::new(seed);
        for _ in 0..200 {
            run.step();
        }
        run.settle();
        replies += run.replies;
    }
    assert!(replies > 100_000, "the runs do something: {replies} replies");
}
