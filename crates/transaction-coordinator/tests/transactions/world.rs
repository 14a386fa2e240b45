//! A coordinator that crashes, its log, the driver that writes markers, and producers; one seed is one run.

use std::collections::BTreeMap;

use coordinator::runtime::{Append, AppendFailure, Effect, Runtime};
use coordinator::{CoordinatorRecord, Shard, Token, Written};
use io::Entropy;
use protocol::records::transaction_log_value::TransactionLogValue;
use transaction_coordinator::{
    AbortTimedOut, Due, DueMarkers, MarkersWritten, TimedOut, Transaction, TransactionError,
    TransactionReply, TransactionRequest, TransactionShard,
};
use types::{LeaderEpoch, Offset, ProducerEpoch, ProducerId, TopicPartition, TransactionVersion};

use crate::book::Book;
use crate::client::Client;
use crate::play::{SETTINGS, at, log_record};

/// Who waits for an answer.
#[derive(Clone, Debug)]
enum Caller {
    Client(usize),
    /// The driver waits for something to do.
    Due,
    /// The driver ends a transaction.
    Abort(TimedOut),
    /// Nobody any more.
    Nobody,
}

/// Markers that the driver has in hand.
struct Task {
    markers: DueMarkers,
    /// Where they are written, and not reported.
    written: Vec<TopicPartition>,
    unwritten: Vec<TopicPartition>,
}

/// All of it.
pub struct World {
    pub runtime: Runtime<TransactionShard>,
    pub dice: Entropy,
    pub clients: Vec<Client>,
    pub book: Book,
    /// Things go wrong.
    pub has_faults: bool,
    version: TransactionVersion,
    log: Vec<CoordinatorRecord>,
    /// Ends of the batches that are not committed.
    open: Vec<usize>,
    committed: usize,
    now_ms: i64,
    tokens: u64,
    next_producer_id: i64,
    leader_epoch: i32,
    waiting: BTreeMap<Token, Caller>,
    /// The driver's tasks, and whether it does not know what it was given.
    tasks: Vec<Task>,
    is_anew: bool,
    /// What was asked some time ago.
    past: Vec<TransactionRequest>,
}

impl World {
    pub fn new(seed: u64, version: TransactionVersion, clients: Vec<Client>) -> Self {
        let mut world = Self {
            runtime: Runtime::new(5_000),
            dice: Entropy::from_seed(seed),
            clients,
            book: Book::default(),
            has_faults: true,
            version,
            log: Vec::new(),
            open: Vec::new(),
            committed: 0,
            now_ms: 0,
            tokens: 0,
            next_producer_id: 1_000,
            leader_epoch: 0,
            waiting: BTreeMap::new(),
            tasks: Vec::new(),
            is_anew: true,
            past: Vec::new(),
        };
        if world.dice.below(4) == 0 {
            world.log.push(almost_exhausted(version));
            world.commit();
        }
        world.runtime.lead(LeaderEpoch(0));
        world.effects();
        world
    }

    pub fn now_ms(&self) -> i64 {
        self.now_ms
    }

    /// No transaction is there, and nobody has anything to do.
    pub fn is_at_rest(&self) -> bool {
        self.committed == self.log.len() && self.book.is_idle() && self.clients.iter().all(Client::is_closed)
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
        if !self.has_faults || self.dice.below(3) > 0 {
            self.commit();
        }
    }

    /// The high watermark moves: what it passes is seen by the book before anybody is told.
    fn commit(&mut self) {
        let end = self.log.len();
        for offset in self.committed..end {
            let mut one = TransactionShard::new(SETTINGS);
            one.replay(written(offset), &self.log[offset]).expect("what was written can be read");
            let (id, transaction) = one.transactions().next().expect("nothing expires here");
            self.book.record(id, transaction.clone());
        }
        self.committed = end;
        self.open.clear();
        self.runtime.committed(Offset(end as i64));
        self.effects();
    }

    fn ask(&mut self, caller: Caller, request: TransactionRequest) {
        self.tokens += 1;
        let token = Token(self.tokens);
        self.waiting.insert(token, caller);
        self.runtime.request(token, request, at(self.now_ms));
        self.effects();
    }

    /// A client does what it does next, unless it waits.
    pub fn act(&mut self, who: usize) {
        if self.waiting.values().any(|caller| matches!(caller, Caller::Client(it) if *it == who)) {
            return;
        }
        let Some(request) = self.clients[who].request(&self.dice, &mut self.next_producer_id, &mut self.book)
        else {
            return;
        };
        // Only at V2 an epoch tells the requests of one transaction from those of the next.
        if self.version.bumps_epochs() && self.has_faults {
            self.past.push(request.clone());
        }
        self.ask(Caller::Client(who), request);
    }

    /// The driver does a part of what it has to do.
    pub fn drive(&mut self) {
        if !self.waiting.values().any(|caller| matches!(caller, Caller::Due)) {
            let is_anew = std::mem::take(&mut self.is_anew);
            self.ask(Caller::Due, TransactionRequest::AwaitDue { is_anew });
        }
        if self.tasks.is_empty() {
            return;
        }
        let at = self.dice.below(self.tasks.len() as u64) as usize;
        let task = &mut self.tasks[at];
        if let Some(partition) = task.unwritten.pop() {
            self.book.marker(&task.markers, &partition);
            task.written.push(partition);
        }
        if self.has_faults && self.dice.below(3) == 0 {
            return;
        }
        let partitions = std::mem::take(&mut task.written);
        let markers = &task.markers;
        let request = TransactionRequest::MarkersWritten(MarkersWritten {
            transactional_id: markers.transactional_id.clone(),
            handed_out: markers.handed_out,
            partitions,
            server_version: self.version,
        });
        if task.unwritten.is_empty() {
            self.tasks.remove(at);
        }
        self.ask(Caller::Nobody, request.clone());
        if self.has_faults && self.dice.below(4) == 0 {
            self.ask(Caller::Nobody, request);
        }
    }

    fn due(&mut self, due: Due) {
        if due.is_anew {
            self.tasks.clear();
        }
        for markers in due.markers {
            assert!(
                self.tasks.iter().all(|task| task.markers.transactional_id != markers.transactional_id),
                "nothing is handed out twice"
            );
            let unwritten = markers.partitions.clone();
            self.tasks.push(Task { markers, written: Vec::new(), unwritten });
        }
        for timed_out in due.timed_out {
            self.abort(timed_out, None);
        }
    }

    fn abort(&mut self, timed_out: TimedOut, fresh_producer_id: Option<ProducerId>) {
        let request = TransactionRequest::AbortTimedOut(AbortTimedOut {
            transactional_id: timed_out.transactional_id.clone(),
            producer: timed_out.producer,
            fresh_producer_id,
            server_version: self.version,
        });
        self.ask(Caller::Abort(timed_out), request);
    }

    /// One of the things that happen to clients, drivers and coordinators.
    pub fn fault(&mut self) {
        let who = self.dice.below(self.clients.len() as u64) as usize;
        match self.dice.below(6) {
            0 => {
                self.hang_up(who);
                self.clients[who].restart();
            }
            1 => self.hang_up(who),
            2 if !self.past.is_empty() => {
                let at = self.dice.below(self.past.len() as u64) as usize;
                let late = self.past[at].clone();
                self.ask(Caller::Nobody, late);
            }
            3 => {
                // The driver dies.
                self.forget(|caller| matches!(caller, Caller::Due | Caller::Abort(_)));
                self.tasks.clear();
                self.is_anew = true;
            }
            4 => self.crash(),
            _ => {}
        }
    }

    /// A client does not hear the answer.
    fn hang_up(&mut self, who: usize) {
        self.forget(|caller| matches!(caller, Caller::Client(it) if *it == who));
    }

    fn forget(&mut self, whose: impl Fn(&Caller) -> bool) {
        let tokens: Vec<Token> =
            self.waiting.iter().filter(|(_, caller)| whose(caller)).map(|(token, _)| *token).collect();
        for token in tokens {
            self.waiting.remove(&token);
            self.runtime.forget(token);
        }
    }

    /// The coordinator dies; what was not committed may be lost, batch by batch. Or it goes on, and leads anew.
    fn crash(&mut self) {
        let kept = self.dice.below(self.open.len() as u64 + 1) as usize;
        let end = kept.checked_sub(1).map_or(self.committed, |last| self.open[last]);
        self.log.truncate(end);
        self.open.truncate(kept);
        self.leader_epoch += 1;
        if self.dice.below(2) == 0 {
            self.runtime = Runtime::new(5_000);
            self.runtime.committed(Offset(self.committed as i64));
            for (_, caller) in std::mem::take(&mut self.waiting) {
                self.unavailable(caller);
            }
        }
        self.runtime.lead(LeaderEpoch(self.leader_epoch));
        self.effects();
    }

    fn effects(&mut self) {
        while let Some(effect) = self.runtime.poll_effect() {
            match effect {
                Effect::Append(Append::Records { records, .. }) => {
                    if self.has_faults && self.dice.below(40) == 0 {
                        self.runtime.append_failed(AppendFailure::NotNow);
                    } else {
                        self.log.extend(records);
                        self.open.push(self.log.len());
                        self.runtime.appended(Offset(self.log.len() as i64), at(self.now_ms));
                    }
                }
                Effect::Append(_) => unreachable!("nobody ends a transaction in this topic"),
                Effect::Load(number) => {
                    let shard = self.replayed();
                    self.runtime.loaded(number, shard, Offset(self.log.len() as i64), at(self.now_ms));
                }
                Effect::Reply(token, reply) => {
                    let caller = self.waiting.remove(&token).expect("who went away is not answered");
                    match reply {
                        Ok(reply) => self.deliver(caller, reply),
                        Err(_) => self.unavailable(caller),
                    }
                }
            }
        }
    }

    fn deliver(&mut self, caller: Caller, reply: TransactionReply) {
        match (caller, reply) {
            (Caller::Client(who), reply) => self.clients[who].answered(&reply, &mut self.book),
            (Caller::Due, TransactionReply::AwaitDue(due)) => self.due(due),
            (
                Caller::Abort(timed_out),
                TransactionReply::AbortTimedOut(Err(TransactionError::NeedsProducerId)),
            ) => {
                self.next_producer_id += 1;
                self.abort(timed_out, Some(ProducerId(self.next_producer_id)));
            }
            (Caller::Abort(_), reply) => assert_eq!(reply, TransactionReply::AbortTimedOut(Ok(()))),
            (Caller::Nobody, _) => {}
            other => panic!("{other:?}"),
        }
    }

    fn unavailable(&mut self, caller: Caller) {
        // A client asks again by itself.
        self.is_anew |= matches!(caller, Caller::Due);
    }

    fn replayed(&self) -> TransactionShard {
        let mut shard = TransactionShard::new(SETTINGS);
        for (offset, record) in self.log.iter().enumerate() {
            shard.replay(written(offset), record).expect("what was written can be read");
        }
        shard
    }

    /// The log replayed is the shard.
    pub fn check_log(&self) {
        let Some(shard) = self.runtime.shard() else { return };
        let replayed = self.replayed();
        let logged = |(_, transaction): (&str, &Transaction)| {
            let mut logged = Transaction { last_epoch: ProducerEpoch::NONE, ..transaction.clone() };
            if self.version == TransactionVersion::V0 {
                logged.previous_producer_id = ProducerId::NONE;
            }
            logged
        };
        assert!(shard.transactions().map(logged).eq(replayed.transactions().map(logged)));
    }
}

/// A producer that has few epochs left.
fn almost_exhausted(version: TransactionVersion) -> CoordinatorRecord {
    let value = TransactionLogValue {
        producer_id: 500,
        producer_epoch: i16::MAX - 4,
        transaction_timeout_ms: 15_000,
        transaction_partitions: None,
        transaction_last_update_timestamp_ms: at(0).clock_ms,
        transaction_start_timestamp_ms: -1,
        ..TransactionLogValue::default()
    };
    log_record("a", &value, version)
}

fn written(offset: usize) -> Written {
    Written { offset: Offset(offset as i64), transaction: None }
}
