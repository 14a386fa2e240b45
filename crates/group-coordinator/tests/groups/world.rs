//! A coordinator that crashes, its log, and clients that are killed and paused; one seed is one run.

use std::collections::{BTreeMap, BTreeSet};

use coordinator::runtime::{Append, AppendFailure, Effect, Runtime};
use coordinator::{CoordinatorRecord, Shard, Token, Written};
use group_coordinator::{GroupReply, GroupShard};
use io::Entropy;
use types::{LeaderEpoch, Offset};

use crate::client::Client;
use crate::invariants::{Book, every_request_is_answered_at_most_once};
use crate::play::{SETTINGS, at};

/// All of it.
pub struct World {
    pub runtime: Runtime<GroupShard>,
    pub dice: Entropy,
    pub clients: Vec<Client>,
    pub book: Book,
    /// Requests whose client has gone away.
    pub gone: BTreeSet<Token>,
    /// Things go wrong.
    pub has_faults: bool,
    log: Vec<CoordinatorRecord>,
    /// Ends of the batches that are not committed.
    open: Vec<usize>,
    committed: usize,
    now_ms: i64,
    tokens: u64,
    /// The client behind each request; `None` where it does not wait for the answer.
    waiting: BTreeMap<Token, Option<usize>>,
    paused_until_ms: BTreeMap<usize, i64>,
}

impl World {
    pub fn new(seed: u64, clients: Vec<Client>) -> Self {
        let mut world = Self {
            runtime: Runtime::new(5_000),
            dice: Entropy::from_seed(seed),
            clients,
            book: Book::default(),
            gone: BTreeSet::new(),
            has_faults: true,
            log: Vec::new(),
            open: Vec::new(),
            committed: 0,
            now_ms: 0,
            tokens: 0,
            waiting: BTreeMap::new(),
            paused_until_ms: BTreeMap::new(),
        };
        world.runtime.lead(LeaderEpoch(0));
        world.effects();
        world
    }

    /// The clients of each group.
    pub fn groups(&self) -> BTreeMap<&str, Vec<&Client>> {
        let mut groups = BTreeMap::<_, Vec<_>>::new();
        for client in &self.clients {
            groups.entry(&*client.group).or_default().push(client);
        }
        groups
    }

    /// How long the run has gone on.
    pub fn now_ms(&self) -> i64 {
        self.now_ms
    }

    /// Lets time pass, with everything that is due on the way.
    pub fn pass(&mut self, ms: i64) {
        let end_ms = self.now_ms + ms;
        while let Some(due_ms) = self.runtime.next_deadline_ms().filter(|due_ms| *due_ms <= end_ms) {
            self.now_ms = due_ms.max(self.now_ms);
            self.runtime.timeout(at(self.now_ms));
            self.effects();
        }
        self.now_ms = end_ms;
        if !self.has_faults || self.dice.below(2) == 0 {
            self.commit();
        }
    }

    /// The high watermark reaches the end of the log.
    pub fn commit(&mut self) {
        self.committed = self.log.len();
        self.open.clear();
        self.runtime.committed(Offset(self.committed as i64));
        self.effects();
    }

    /// A client does what it does next, unless it waits.
    pub fn act(&mut self, who: usize) {
        let is_paused = self.paused_until_ms.get(&who).is_some_and(|until_ms| *until_ms > self.now_ms);
        if is_paused || self.waiting.values().any(|waiting| *waiting == Some(who)) {
            return;
        }
        let commits = self.dice.below(2) == 0;
        let request = self.clients[who].request(commits);
        self.ask(Some(who), request);
    }

    fn ask(&mut self, who: Option<usize>, request: group_coordinator::GroupRequest) {
        self.tokens += 1;
        let token = Token(self.tokens);
        self.book.ask(token);
        self.waiting.insert(token, who);
        self.runtime.request(token, request, at(self.now_ms));
        self.effects();
    }

    /// A client's connection breaks: it does not hear the answer.
    fn hang_up(&mut self, who: usize) {
        let tokens: Vec<_> = self
            .waiting
            .iter()
            .filter(|(_, waiting)| **waiting == Some(who))
            .map(|(token, _)| *token)
            .collect();
        for token in tokens {
            self.waiting.remove(&token);
            self.gone.insert(token);
            self.runtime.forget(token);
        }
    }

    /// One of the things that happen to clients and coordinators.
    pub fn fault(&mut self) {
        let who = self.dice.below(self.clients.len() as u64) as usize;
        match self.dice.below(6) {
            0 => {
                self.hang_up(who);
                self.clients[who].restart();
            }
            1 => {
                self.hang_up(who);
                if let Some(leave) = self.clients[who].leave() {
                    self.ask(None, leave);
                }
                self.clients[who].restart();
            }
            2 => {
                let until_ms = self.now_ms + self.dice.below(40_000) as i64;
                self.paused_until_ms.insert(who, until_ms);
            }
            3 => {
                self.hang_up(who);
                self.clients[who].join_again();
            }
            4 => self.crash(),
            _ => self.clients[who]
                .join_again_if_free(self.waiting.values().any(|waiting| *waiting == Some(who))),
        }
    }

    /// The coordinator dies; what was not committed may be lost, batch by batch.
    fn crash(&mut self) {
        let kept = self.dice.below(self.open.len() as u64 + 1) as usize;
        let end = kept.checked_sub(1).map_or(self.committed, |last| self.open[last]);
        self.log.truncate(end);
        self.open.truncate(kept);
        let mut runtime = Runtime::new(5_000);
        std::mem::swap(&mut runtime, &mut self.runtime);
        for (token, who) in std::mem::take(&mut self.waiting) {
            // The connection breaks with the broker.
            self.gone.insert(token);
            if let Some(who) = who {
                self.clients[who].unavailable();
            }
        }
        self.runtime.committed(Offset(self.committed as i64));
        self.runtime.lead(LeaderEpoch(0));
        self.effects();
    }

    fn effects(&mut self) {
        while let Some(effect) = self.runtime.poll_effect() {
            match effect {
                Effect::Append(append) => {
                    let Append::Records { records, .. } = append else {
                        unreachable!("nobody ends a transaction here")
                    };
                    if self.has_faults && self.dice.below(40) == 0 {
                        self.runtime.append_failed(AppendFailure::NotNow);
                    } else {
                        self.log.extend(records);
                        self.open.push(self.log.len());
                        self.runtime.appended(Offset(self.log.len() as i64), at(self.now_ms));
                    }
                }
                Effect::Load(number) => {
                    let shard = self.replayed();
                    self.runtime.loaded(number, shard, Offset(self.log.len() as i64), at(self.now_ms));
                }
                Effect::Reply(token, reply) => self.deliver(token, reply.ok()),
            }
        }
    }

    fn replayed(&self) -> GroupShard {
        let mut shard = GroupShard::new(SETTINGS);
        for (offset, record) in self.log.iter().enumerate() {
            let written = Written { offset: Offset(offset as i64), transaction: None };
            shard.replay(written, record).expect("what was written can be read");
        }
        shard
    }

    fn deliver(&mut self, token: Token, reply: Option<GroupReply>) {
        every_request_is_answered_at_most_once(&mut self.book, token);
        let who = self.waiting.remove(&token).expect("who went away is not answered");
        match (who, reply) {
            (Some(who), Some(reply)) => self.clients[who].answered(reply, &mut self.book),
            (Some(who), None) => self.clients[who].unavailable(),
            (None, _) => {}
        }
    }
}
