//! A coordinator that crashes, its log, work that takes its time or is lost, and clients that are killed and paused; one
//! seed is one run.

use std::collections::{BTreeMap, BTreeSet};

use coordinator::runtime::{Append, AppendFailure, Effect, Runtime};
use coordinator::{CoordinatorRecord, Now, Shard, Token, Written};
use group_coordinator::consumer::{AssignmentJob, ConsumerSettings, HeardReply, ResolveTopics};
use group_coordinator::topic_pattern::matching_topics;
use group_coordinator::{GroupReply, GroupRequest, GroupSettings, GroupShard};
use io::Entropy;
use types::{LeaderEpoch, Offset};

use crate::client::{Asked, Client};
use crate::cluster::Topics;
use crate::invariants::{Book, a_request_is_answered_once, member_epochs_never_regress};

const SETTINGS: GroupSettings = GroupSettings {
    session_timeout_ms_min: 6_000,
    session_timeout_ms_max: 1_800_000,
    initial_rebalance_delay_ms: 100,
    members_max: i32::MAX as usize,
    offset_metadata_bytes_max: 4_096,
    offsets_retention_ms: 7 * 24 * 60 * 60 * 1_000,
    offsets_retention_check_interval_ms: 600_000,
    consumer: ConsumerSettings::DEFAULT,
};

/// The time `uptime_ms` after the start.
pub fn at(uptime_ms: i64) -> Now {
    Now { clock_ms: 1_700_000_000_000 + uptime_ms, uptime_ms }
}

/// All of it.
pub struct World {
    pub runtime: Runtime<GroupShard>,
    pub dice: Entropy,
    pub clients: Vec<Client>,
    pub cluster: Topics,
    pub book: Book,
    /// Things go wrong.
    pub has_faults: bool,
    log: Vec<CoordinatorRecord>,
    /// Ends of the batches that are not committed.
    open: Vec<usize>,
    committed: usize,
    now_ms: i64,
    tokens: u64,
    answered: BTreeSet<Token>,
    /// Who asked, and for what; nobody where the client does not wait for the answer.
    waiting: BTreeMap<Token, (Option<usize>, Asked)>,
    /// Work, until when it takes, and who waits for it.
    jobs: Vec<(i64, Box<AssignmentJob>, Option<usize>, Asked)>,
    /// Patterns, and until when they are looked at.
    patterns: Vec<(i64, ResolveTopics)>,
    paused_until_ms: BTreeMap<usize, i64>,
}

impl World {
    pub fn new(seed: u64, clients: Vec<Client>) -> Self {
        let mut cluster = Topics::default();
        cluster.settings.session_timeout_ms = 20_000;
        let _ = cluster.change([("t", Some(4))].into_iter());
        let mut world = Self {
            runtime: Runtime::new(5_000),
            dice: Entropy::from_seed(seed),
            clients,
            cluster,
            book: Book::default(),
            has_faults: true,
            log: Vec::new(),
            open: Vec::new(),
            committed: 0,
            now_ms: 0,
            tokens: 0,
            answered: BTreeSet::new(),
            waiting: BTreeMap::new(),
            jobs: Vec::new(),
            patterns: Vec::new(),
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
        self.work();
        if !self.has_faults || self.dice.below(2) == 0 {
            self.commit();
        }
    }

    /// Work that has taken its time comes back.
    fn work(&mut self) {
        let now_ms = self.now_ms;
        let (done, rest) = std::mem::take(&mut self.patterns).into_iter().partition(|job| job.0 <= now_ms);
        self.patterns = rest;
        let done: Vec<(i64, ResolveTopics)> = done;
        for (_, job) in done {
            let found = matching_topics(&job.regexes, job.cluster.topic_names());
            self.ask(None, Asked::Leave, GroupRequest::TopicsResolved(job.resolved(found)));
        }
        let (done, rest) = std::mem::take(&mut self.jobs).into_iter().partition(|job| job.0 <= now_ms);
        self.jobs = rest;
        let done: Vec<(i64, Box<AssignmentJob>, Option<usize>, Asked)> = done;
        for (_, job, who, asked) in done {
            self.ask(who, asked, GroupRequest::Assigned(Box::new(job.run())));
        }
    }

    /// The high watermark reaches the end of the log.
    pub fn commit(&mut self) {
        self.committed = self.log.len();
        self.open.clear();
        self.runtime.committed(Offset(self.committed as i64));
        self.effects();
    }

    fn is_waiting(&self, who: usize) -> bool {
        self.waiting.values().any(|(waiting, _)| *waiting == Some(who))
            || self.jobs.iter().any(|job| job.2 == Some(who))
    }

    /// A client does what it does next, unless it waits.
    pub fn act(&mut self, who: usize) {
        let is_paused = self.paused_until_ms.get(&who).is_some_and(|until_ms| *until_ms > self.now_ms);
        if is_paused || self.is_waiting(who) {
            return;
        }
        let dice = self.dice.below(6);
        let (asked, request) = self.clients[who].request(dice, &self.cluster);
        self.ask(Some(who), asked, request);
    }

    fn ask(&mut self, who: Option<usize>, asked: Asked, request: GroupRequest) {
        self.tokens += 1;
        let token = Token(self.tokens);
        self.waiting.insert(token, (who, asked));
        self.runtime.request(token, request, at(self.now_ms));
        self.effects();
    }

    /// A client's connection breaks: it does not hear the answer.
    fn hang_up(&mut self, who: usize) {
        let is_its = |waiting: &(Option<usize>, Asked)| waiting.0 == Some(who);
        let tokens: Vec<_> =
            self.waiting.iter().filter(|(_, waiting)| is_its(waiting)).map(|(token, _)| *token).collect();
        for token in tokens {
            self.waiting.remove(&token);
            self.runtime.forget(token);
        }
        for job in &mut self.jobs {
            if job.2 == Some(who) {
                job.2 = None;
            }
        }
    }

    /// One of the things that happen to clients, coordinators and topics.
    pub fn fault(&mut self) {
        let who = self.dice.below(self.clients.len() as u64) as usize;
        match self.dice.below(10) {
            0 => {
                self.hang_up(who);
                self.clients[who].restart();
            }
            1 | 2 => {
                self.hang_up(who);
                let is_for_good = self.dice.below(2) == 0;
                if let Some(leave) = self.clients[who].leave(is_for_good) {
                    self.ask(None, Asked::Leave, leave);
                }
                self.clients[who].restart();
            }
            3 => {
                let until_ms = self.now_ms + self.dice.below(40_000) as i64;
                self.paused_until_ms.insert(who, until_ms);
            }
            4 => {
                self.hang_up(who);
                self.clients[who].unavailable();
            }
            5 => self.crash(),
            6 => {
                self.patterns.clear();
                let lost = self.dice.below(self.jobs.len() as u64 + 1) as usize;
                if lost < self.jobs.len() {
                    let (.., who, _) = self.jobs.remove(lost);
                    if let Some(who) = who {
                        self.clients[who].unavailable();
                    }
                }
            }
            7 => {
                let names: &[&str] = [&["t"][..], &["t", "u"], &["u"]][self.dice.below(3) as usize];
                self.clients[who].has_pattern = self.dice.below(3) == 0;
                self.clients[who].subscribe(names);
            }
            8 => {
                self.hang_up(who);
                self.clients[who].is_classic =
                    !self.clients[who].is_classic && self.clients[who].instance.is_none();
                self.clients[who].restart();
            }
            _ => {
                let change = match self.dice.below(4) {
                    0 => ("u", None),
                    1 => ("u", Some(1 + self.dice.below(4) as i32)),
                    2 => ("t", Some(4 + self.dice.below(3) as i32)),
                    _ => ("v", Some(1)),
                };
                let changed = self.cluster.change([change].into_iter());
                if !self.runtime.is_loading() {
                    self.ask(None, Asked::Leave, changed);
                }
            }
        }
    }

    /// The coordinator dies; what was not committed may be lost, batch by batch.
    fn crash(&mut self) {
        let kept = self.dice.below(self.open.len() as u64 + 1) as usize;
        let end = kept.checked_sub(1).map_or(self.committed, |last| self.open[last]);
        self.log.truncate(end);
        self.open.truncate(kept);
        self.runtime = Runtime::new(5_000);
        for (_, (who, _)) in std::mem::take(&mut self.waiting) {
            // The connection breaks with the broker.
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
                Effect::Append(Append::Records { records, .. }) => {
                    if self.has_faults && self.dice.below(60) == 0 {
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
                Effect::Append(Append::Marker(_)) => panic!("there are no transactions here"),
            }
        }
    }

    /// A shard as the log has it.
    pub fn replayed(&self) -> GroupShard {
        let mut shard = GroupShard::with_cluster(SETTINGS, self.cluster.view());
        for (offset, record) in self.log.iter().enumerate() {
            let written = Written { offset: Offset(offset as i64), transaction: None };
            shard.replay(written, record).expect("what was written can be read");
        }
        shard
    }

    fn deliver(&mut self, token: Token, reply: Option<GroupReply>) {
        a_request_is_answered_once(&mut self.answered, token);
        let (who, asked) = self.waiting.remove(&token).expect("who went away is not answered");
        match reply {
            Some(GroupReply::Assign(job)) => {
                let takes_ms = if self.has_faults { self.dice.below(3_000) as i64 } else { 0 };
                self.jobs.push((self.now_ms + takes_ms, job, who, asked));
            }
            Some(mut reply) => {
                if let GroupReply::ConsumerHeartbeat(HeardReply { resolve, .. }) = &mut reply
                    && let Some(job) = resolve.take()
                {
                    let takes_ms = if self.has_faults { self.dice.below(3_000) as i64 } else { 0 };
                    self.patterns.push((self.now_ms + takes_ms, job));
                }
                let Some(who) = who else { return };
                self.clients[who].answered(&asked, reply, &self.cluster);
                member_epochs_never_regress(&mut self.book, &self.clients[who], &asked);
            }
            None => {
                if let Some(who) = who {
                    self.clients[who].unavailable();
                }
            }
        }
    }
}
