//! A shard and its log, for tests: whatever is asked, the log replayed is the shard.

use std::collections::{BTreeMap, BTreeSet};

use coordinator::{CoordinatorRecord, Now, Shard, Token, Written};
use types::{LeaderEpoch, Offset, ProducerEpoch, ProducerId, TopicPartition, TransactionVersion};

use crate::{
    AddPartitions, Decision, Due, DueMarkers, EndTransaction, InitProducerId, MarkersWritten, Producer,
    Transaction, TransactionError, TransactionReply, TransactionRequest, TransactionSettings,
    TransactionShard, TransactionState,
};

pub(crate) const SETTINGS: TransactionSettings = TransactionSettings {
    timeout_ms_max: 900_000,
    expiration_ms: 604_800_000,
    abort_timed_out_interval_ms: 10_000,
    remove_expired_interval_ms: 3_600_000,
    has_two_phase_commit: false,
};

pub(crate) fn at(uptime_ms: i64) -> Now {
    Now { clock_ms: 1_700_000_000_000 + uptime_ms, uptime_ms }
}

pub(crate) fn producer(id: i64, epoch: i16) -> Producer {
    Producer { id: ProducerId(id), epoch: ProducerEpoch(epoch) }
}

pub(crate) fn partitions(indexes: impl IntoIterator<Item = i32>) -> BTreeSet<TopicPartition> {
    indexes.into_iter().map(|index| TopicPartition::new("topic", index)).collect()
}

/// A shard, what it wrote, and one client's view of it.
pub(crate) struct Logged {
    pub(crate) shard: TransactionShard,
    pub(crate) log: Vec<CoordinatorRecord>,
    pub(crate) settings: TransactionSettings,
    pub(crate) server_version: TransactionVersion,
    /// What its client knows; V2 or V0.
    pub(crate) client_version: TransactionVersion,
    pub(crate) now: Now,
    next_token: u64,
    next_producer_id: i64,
    /// Replies that came.
    pub(crate) replies: BTreeMap<Token, TransactionReply>,
}

impl Logged {
    /// Server and clients at V2.
    pub(crate) fn new() -> Self {
        Self::at_version(TransactionVersion::V2)
    }

    /// A server at `version`, with the clients that it has.
    pub(crate) fn at_version(version: TransactionVersion) -> Self {
        let client_version = if version.bumps_epochs() { version } else { TransactionVersion::V0 };
        let mut logged = Self {
            shard: TransactionShard::new(SETTINGS),
            log: Vec::new(),
            settings: SETTINGS,
            server_version: version,
            client_version,
            now: at(0),
            next_token: 0,
            next_producer_id: 1_000,
            replies: BTreeMap::new(),
        };
        logged.reload();
        logged
    }

    pub(crate) fn with_settings(settings: TransactionSettings) -> Self {
        let mut logged = Self::new();
        logged.settings = settings;
        logged.reload();
        logged
    }

    /// A shard that replayed the log.
    pub(crate) fn reloaded(&self) -> TransactionShard {
        let mut shard = TransactionShard::new(self.settings);
        for (offset, record) in (0..).zip(&self.log) {
            let written = Written { offset: Offset(offset), transaction: None };
            shard.replay(written, record).expect("what was written can be read");
        }
        let step = shard.loaded(LeaderEpoch(7), self.now);
        assert!(step.records.is_empty() && step.replies.is_empty());
        shard
    }

    /// A crash, or another leader.
    pub(crate) fn reload(&mut self) {
        self.shard = self.reloaded();
    }

    /// Asks, and returns the token to find the reply by.
    pub(crate) fn send(&mut self, request: TransactionRequest) -> Token {
        self.next_token += 1;
        let token = Token(self.next_token);
        let step = self.shard.handle(token, request, self.now);
        self.take(step);
        token
    }

    fn take(&mut self, step: crate::shard::TransactionStep) {
        self.log.extend(step.records);
        self.replies.extend(step.replies);
        self.check();
    }

    /// The log replayed is the shard.
    fn check(&self) {
        let logged = |transaction: &Transaction| {
            let mut logged = Transaction { last_epoch: ProducerEpoch::NONE, ..transaction.clone() };
            if self.server_version == TransactionVersion::V0 {
                (logged.previous_producer_id, logged.next_producer_id) = (ProducerId::NONE, ProducerId::NONE);
                logged.client_version = TransactionVersion::V0;
            }
            logged
        };
        let reloaded = self.reloaded();
        let shards = [&self.shard, &reloaded];
        let [here, there] =
            shards.map(|shard| shard.transactions().map(|(id, it)| (id, logged(it))).collect::<Vec<_>>());
        assert_eq!(here, there);
    }

    /// Asks, and returns the reply that comes at once.
    pub(crate) fn ask(&mut self, request: TransactionRequest) -> TransactionReply {
        let token = self.send(request);
        self.replies.remove(&token).expect("a reply at once")
    }

    pub(crate) fn fresh(&mut self) -> ProducerId {
        self.next_producer_id += 1;
        ProducerId(self.next_producer_id)
    }

    /// Lets time pass, with everything that is due on the way.
    pub(crate) fn pass(&mut self, ms: i64) {
        let end_ms = self.now.uptime_ms + ms;
        while let Some(due_ms) = self.shard.next_deadline_ms().filter(|due_ms| *due_ms <= end_ms) {
            self.now = at(due_ms.max(self.now.uptime_ms));
            let step = self.shard.handle_timeout(self.now);
            self.take(step);
        }
        self.now = at(end_ms);
    }

    pub(crate) fn init_request(&self, id: &str) -> InitProducerId {
        InitProducerId {
            transactional_id: id.to_owned(),
            timeout_ms: 60_000,
            is_two_phase_commit: false,
            keeps_prepared: false,
            expected: None,
            fresh_producer_id: None,
            server_version: self.server_version,
        }
    }

    /// InitProducerId, with a fresh id where one is needed.
    pub(crate) fn init_as(&mut self, mut request: InitProducerId) -> Result<Producer, TransactionError> {
        loop {
            match self.ask(TransactionRequest::InitProducerId(request.clone())) {
                TransactionReply::InitProducerId(Err(TransactionError::NeedsProducerId)) => {
                    assert_eq!(request.fresh_producer_id, None, "one id is enough");
                    request.fresh_producer_id = Some(self.fresh());
                }
                TransactionReply::InitProducerId(reply) => return reply,
                other => panic!("{other:?}"),
            }
        }
    }

    pub(crate) fn init(&mut self, id: &str) -> Result<Producer, TransactionError> {
        self.init_as(self.init_request(id))
    }

    /// A client that goes on after an error.
    pub(crate) fn resume(&mut self, id: &str, expected: Producer) -> Result<Producer, TransactionError> {
        self.init_as(InitProducerId { expected: Some(expected), ..self.init_request(id) })
    }

    pub(crate) fn add(
        &mut self,
        id: &str,
        producer: Producer,
        indexes: impl IntoIterator<Item = i32>,
    ) -> Result<(), TransactionError> {
        let request = AddPartitions {
            transactional_id: id.to_owned(),
            producer,
            partitions: partitions(indexes),
            client_version: self.client_version,
            server_version: self.server_version,
        };
        match self.ask(TransactionRequest::AddPartitions(request)) {
            TransactionReply::AddPartitions(reply) => reply,
            other => panic!("{other:?}"),
        }
    }

    /// EndTxn, with a fresh id where one is needed.
    pub(crate) fn end(
        &mut self,
        id: &str,
        producer: Producer,
        decision: Decision,
    ) -> Result<Producer, TransactionError> {
        let mut request = EndTransaction {
            transactional_id: id.to_owned(),
            producer,
            decision,
            client_version: self.client_version,
            fresh_producer_id: None,
            server_version: self.server_version,
        };
        loop {
            match self.ask(TransactionRequest::End(request.clone())) {
                TransactionReply::End(Err(TransactionError::NeedsProducerId)) => {
                    assert_eq!(request.fresh_producer_id, None, "one id is enough");
                    request.fresh_producer_id = Some(self.fresh());
                }
                TransactionReply::End(reply) => return reply,
                other => panic!("{other:?}"),
            }
        }
    }

    /// Parks a request of the driver's.
    pub(crate) fn await_due(&mut self, is_anew: bool) -> Token {
        self.send(TransactionRequest::AwaitDue { is_anew })
    }

    /// What a parked request of the driver's was told.
    pub(crate) fn due(&mut self, token: Token) -> Option<Due> {
        match self.replies.remove(&token)? {
            TransactionReply::AwaitDue(due) => Some(due),
            other => panic!("{other:?}"),
        }
    }

    pub(crate) fn report(
        &mut self,
        markers: &DueMarkers,
        written: &[TopicPartition],
    ) -> Result<bool, TransactionError> {
        let request = MarkersWritten {
            transactional_id: markers.transactional_id.clone(),
            handed_out: markers.handed_out,
            partitions: written.to_vec(),
            server_version: self.server_version,
        };
        match self.ask(TransactionRequest::MarkersWritten(request)) {
            TransactionReply::MarkersWritten(reply) => reply,
            other => panic!("{other:?}"),
        }
    }

    /// The driver writes all markers that it does not have yet.
    pub(crate) fn write_markers(&mut self) {
        let token = self.await_due(false);
        let Some(due) = self.due(token) else { return self.shard_forgets(token) };
        for markers in due.markers {
            assert_eq!(self.report(&markers, &markers.partitions), Ok(true));
        }
    }

    fn shard_forgets(&mut self, token: Token) {
        self.shard.forget(token);
    }

    pub(crate) fn state(&self, id: &str) -> Option<TransactionState> {
        self.get(id).map(|transaction| transaction.state)
    }

    pub(crate) fn get(&self, id: &str) -> Option<&Transaction> {
        self.shard.transactions().find(|(it, _)| *it == id).map(|(_, transaction)| transaction)
    }

    /// A transactional id that stands so, as if the log had said it.
    pub(crate) fn assume(&mut self, id: &str, transaction: Transaction) {
        self.log.push(crate::record::transaction_record(id, &transaction, self.server_version));
        self.reload();
    }
}
