//! A shard for tests: it adds numbers up, and lets callers wait for a sum.

use bytes::Bytes;
use types::{LeaderEpoch, Offset, ProducerEpoch, ProducerId};

use super::{Effect, LoadNumber, Runtime};
use crate::{CoordinatorRecord, MalformedRecord, Now, Shard, Step, Token, Written};

#[derive(Debug, Default)]
pub(crate) struct Toy {
    pub(crate) sum: i64,
    pub(crate) awaiting: Vec<(Token, i64)>,
    planned: Vec<(Token, i64, i64)>,
    pub(crate) batch_bytes_max: usize,
    pub(crate) leader_epoch: Option<LeaderEpoch>,
}

#[derive(Clone, Debug)]
pub(crate) enum ToyRequest {
    Add(i64),
    /// Waits for the sum to reach this.
    Await(i64),
    /// Adds when the time has come.
    AddAt {
        amount: i64,
        uptime_ms: i64,
    },
    Read,
}

impl Toy {
    pub(crate) fn with_sum(sum: i64) -> Self {
        Self { sum, ..Self::default() }
    }

    fn add(&mut self, token: Token, amount: i64) -> Step<i64> {
        self.sum += amount;
        let mut step =
            Step { records: vec![record(amount)], replies: vec![(token, self.sum)], ..Step::default() };
        let (reached, still) =
            std::mem::take(&mut self.awaiting).into_iter().partition(|it| it.1 <= self.sum);
        self.awaiting = still;
        let reached: Vec<(Token, i64)> = reached;
        step.replies.extend(reached.into_iter().map(|(token, _)| (token, self.sum)));
        step
    }
}

pub(crate) fn record(amount: i64) -> CoordinatorRecord {
    CoordinatorRecord {
        key: Bytes::from_static(b"sum"),
        value: Some(Bytes::copy_from_slice(&amount.to_be_bytes())),
    }
}

impl Shard for Toy {
    type Request = ToyRequest;
    type Reply = i64;

    fn replay(&mut self, _written: Written, record: &CoordinatorRecord) -> Result<(), MalformedRecord> {
        let amount = record.value.as_deref().and_then(|value| value.try_into().ok());
        let malformed = || MalformedRecord { kind: "sum", reason: "8 bytes are needed".to_owned() };
        self.sum += i64::from_be_bytes(amount.ok_or_else(malformed)?);
        Ok(())
    }

    /// What is decided counts a hundred.
    fn replay_end_of_transaction(&mut self, _producer: (ProducerId, ProducerEpoch), is_committed: bool) {
        self.sum += if is_committed { 100 } else { 0 };
    }

    fn set_batch_bytes_max(&mut self, bytes_max: usize) {
        self.batch_bytes_max = bytes_max;
    }

    fn loaded(&mut self, leader_epoch: LeaderEpoch, _now: Now) -> Step<i64> {
        self.leader_epoch = Some(leader_epoch);
        Step::default()
    }

    fn handle(&mut self, token: Token, request: ToyRequest, _now: Now) -> Step<i64> {
        match request {
            ToyRequest::Read => Step::reply(token, self.sum),
            ToyRequest::Add(amount) => self.add(token, amount),
            ToyRequest::Await(sum) if sum <= self.sum => Step::reply(token, self.sum),
            ToyRequest::Await(sum) => {
                self.awaiting.push((token, sum));
                Step::default()
            }
            ToyRequest::AddAt { amount, uptime_ms } => {
                self.planned.push((token, amount, uptime_ms));
                Step::default()
            }
        }
    }

    fn forget(&mut self, token: Token) {
        self.awaiting.retain(|it| it.0 != token);
    }

    fn next_deadline_ms(&self) -> Option<i64> {
        self.planned.iter().map(|it| it.2).min()
    }

    fn handle_timeout(&mut self, now: Now) -> Step<i64> {
        let mut all = Step::default();
        let (due, later) =
            std::mem::take(&mut self.planned).into_iter().partition(|it| it.2 <= now.uptime_ms);
        self.planned = later;
        let due: Vec<(Token, i64, i64)> = due;
        for (token, amount, _) in due {
            let step = self.add(token, amount);
            all.records.extend(step.records);
            all.replies.extend(step.replies);
        }
        all
    }
}

pub(crate) fn at(uptime_ms: i64) -> Now {
    Now { clock_ms: 1_000_000 + uptime_ms, uptime_ms }
}

/// A runtime whose empty shard answers, on a log that is committed up to its end.
pub(crate) fn active(end: Offset) -> Runtime<Toy> {
    let mut runtime = Runtime::new(5_000);
    runtime.lead(LeaderEpoch(0));
    let load = loads(&mut runtime)[0];
    runtime.committed(end);
    runtime.loaded(load, Toy::default(), end, at(0));
    runtime
}

pub(crate) fn effects(runtime: &mut Runtime<Toy>) -> Vec<Effect<i64>> {
    std::iter::from_fn(|| runtime.poll_effect()).collect()
}

pub(crate) fn loads(runtime: &mut Runtime<Toy>) -> Vec<LoadNumber> {
    let load = |effect| match effect {
        Effect::Load(number) => Some(number),
        _ => None,
    };
    effects(runtime).into_iter().filter_map(load).collect()
}
