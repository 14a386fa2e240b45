//! The task that sends batches: takes them from the accumulator, tells their outcome, tries again what may succeed.
//!
//! Order: what is written to a broker is written by its [lane](super::produce_lane), in order. With idempotence several
//! batches of a partition are under way once the broker knows the producer: it refuses what follows a batch that failed,
//! all of them come back, and what was tried before travels alone. Without, as many are under way as
//! `max.in.flight.requests.per.connection` allows, and what is tried again comes behind them, as in Kafka. Writing once: a
//! batch keeps its producer id and sequence through all tries.

use std::collections::BTreeMap;
use std::sync::Arc;

use protocol::messages::init_producer_id_request::InitProducerIdRequest;
use protocol::messages::init_producer_id_response::InitProducerIdResponse;
use protocol::messages::produce_request::ProduceRequest;
use record::compression::Compressor;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::Instant;
use types::{ErrorCode, NodeId, Offset, ProducerEpoch, ProducerId, TopicName, TopicPartition};

use crate::call::Call;
use crate::errand::Errand;
use crate::error::{ClientError, error_code};
use crate::network_client::{AutoCreate, NetworkClient};
use crate::producer::ProducerConfig;
use crate::producer::accumulator::RecordAccumulator;
use crate::producer::batch::ProducerBatch;
use crate::producer::in_flight::InFlightRequests;
use crate::producer::produce_call::{Answers, PartitionAnswer, Terms};
use crate::producer::produce_lane::{self, ProduceOrder, Produced, surface};
use crate::producer::sequences::Sequences;
use crate::producer::transaction::{TransactionAnswer, TransactionMachine, Transactions};
use crate::producer::verdict::{Failure, Verdict, leaves_open_what_was_written};

/// Of how many batches brokers remember the sequences (KIP-98): what comes again is recognized among them.
const IDEMPOTENT_IN_FLIGHT_MAX: usize = 5;

/// The last version of Produce that adds no partition to a transaction (KIP-890).
const LAST_VERSION_BEFORE_VERSION_2: i16 = 11;

/// State of the task; dropped with it.
pub(crate) struct Sender {
    client: NetworkClient,
    config: ProducerConfig,
    accumulator: Arc<RecordAccumulator>,
    calls: JoinSet<Done>,
    lanes: BTreeMap<NodeId, Lane>,
    /// The tasks of the lanes.
    lane_tasks: JoinSet<()>,
    in_flight: InFlightRequests,
    answers: mpsc::UnboundedReceiver<Produced>,
    /// What each lane answers to.
    answered: mpsc::UnboundedSender<Produced>,
    sequences: Sequences,
    compressor: Compressor,
    producer_id: Errand,
    metadata: Errand,
    /// With `transactional.id`; driven by this task.
    transactions: Option<Arc<Transactions>>,
    /// When an open transaction is left to the coordinator.
    closing_until: Option<Instant>,
    /// Why the cluster did not answer last.
    last_error: Option<ClientError>,
}

/// The way to one broker.
struct Lane {
    orders: mpsc::UnboundedSender<ProduceOrder>,
    /// Produce requests under way.
    in_flight: usize,
}

/// What a spawned call came back with.
enum Done {
    ProducerId(Result<InitProducerIdResponse, ClientError>),
    Metadata(Result<(), ClientError>),
    Transaction(TransactionAnswer),
}

impl Sender {
    pub(crate) fn new(
        client: NetworkClient,
        config: ProducerConfig,
        accumulator: Arc<RecordAccumulator>,
    ) -> Self {
        let (answered, answers) = mpsc::unbounded_channel();
        Self {
            client,
            config,
            calls: JoinSet::new(),
            lanes: BTreeMap::new(),
            lane_tasks: JoinSet::new(),
            in_flight: InFlightRequests::default(),
            answers,
            answered,
            sequences: Sequences::default(),
            compressor: Compressor::default(),
            producer_id: Errand::default(),
            metadata: Errand::default(),
            transactions: accumulator.transactions().cloned(),
            closing_until: None,
            last_error: None,
            accumulator,
        }
    }

    /// Runs until the accumulator is closed and everything in it has an outcome.
    pub(crate) async fn run(mut self) {
        while !self.accumulator.is_finished() || self.awaits_the_end() {
            let wake_at = self.send_what_is_ready();
            let sleep = async {
                match wake_at {
                    Some(at) => tokio::time::sleep_until(at).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                biased;
                Some(produced) = self.answers.recv() => self.handle_produced(produced),
                Some(done) = self.calls.join_next() => match done {
                    Ok(done) => self.handle(done),
                    // Nobody aborts a call: it panicked, or the runtime ends, and its batches go with it.
                    Err(error) => match error.try_into_panic() {
                        Ok(panic) => std::panic::resume_unwind(panic),
                        Err(_) => return,
                    },
                },
                Some(ended) = self.lane_tasks.join_next() => {
                    surface(ended);
                    // A lane ends with its runtime, or with this task.
                    return;
                }
                () = self.accumulator.work() => {}
                () = sleep => {}
            }
        }
    }

    /// Sends what can be sent; returns when to look again if nothing happens before.
    fn send_what_is_ready(&mut self) -> Option<Instant> {
        let now = Instant::now();
        let mut wake_at = self.expire(now);
        wake_at = earlier(wake_at, self.advance_transaction(now));
        let (ready, next) = self.accumulator.ready(now, |partition| self.room(partition));
        wake_at = earlier(wake_at, next);
        if ready.is_empty() {
            return wake_at;
        }
        if self.transactions.is_none() && self.config.is_idempotent() && !self.sequences.has_producer() {
            return earlier(wake_at, self.ask_for_producer_id(now));
        }
        let mut by_node: BTreeMap<NodeId, Vec<TopicPartition>> = BTreeMap::new();
        let mut without_leader: Vec<TopicName> = Vec::new();
        for partition in ready {
            match self.leader(&partition, now) {
                Some(node) => by_node.entry(node).or_default().push(partition),
                None if without_leader.contains(&partition.topic) => {}
                None => without_leader.push(partition.topic),
            }
        }
        for (node, partitions) in by_node {
            self.send_to(node, &partitions, now);
        }
        if !without_leader.is_empty() {
            wake_at = earlier(wake_at, self.ask_for_metadata(without_leader, now));
        }
        wake_at
    }

    /// The partition's leader, unless it is unknown or what is known is too old.
    fn leader(&self, partition: &TopicPartition, now: Instant) -> Option<NodeId> {
        let topic = self.client.known_topic(&partition.topic)?;
        if now.duration_since(topic.learnt_at) > self.client.config().metadata_max_age {
            return None;
        }
        topic.partition(partition.partition)?.leader
    }

    /// How many batches of a partition may be under way.
    fn room(&self, partition: &TopicPartition) -> usize {
        if self.transactions.as_ref().is_some_and(|it| !it.look(|machine| machine.may_send(partition))) {
            return 0;
        }
        if !self.config.is_idempotent() {
            return self.config.max_in_flight;
        }
        match self.sequences.is_established(partition) {
            true => self.config.max_in_flight.min(IDEMPOTENT_IN_FLIGHT_MAX),
            false => 1,
        }
    }

    /// Fills requests, with one batch of each partition, until there is nothing to send or too much is under way.
    fn send_to(&mut self, node: NodeId, partitions: &[TopicPartition], now: Instant) {
        let mut waiting = partitions.iter();
        while self.lanes.get(&node).map_or(0, |lane| lane.in_flight) < self.config.max_in_flight {
            if waiting.len() == 0 {
                waiting = partitions.iter();
            }
            let mut batches = Vec::new();
            let mut size = 0;
            for partition in waiting.by_ref() {
                let room = self.room(partition);
                let Some(mut batch) = self.accumulator.take(partition, room, now) else { continue };
                match self.number_and_seal(&mut batch) {
                    Ok(bytes) => {
                        size += bytes;
                        batches.push(batch);
                    }
                    Err(error) => {
                        self.is_lost(&batch, &error);
                        self.accumulator.complete(&mut batch, Err(error));
                    }
                }
                if size >= self.config.max_request_size {
                    break;
                }
            }
            if batches.is_empty() {
                return;
            }
            self.spawn_produce(node, batches, now);
        }
    }

    /// Bytes of the sealed batch. A batch of an earlier producer id that is in no log goes over to the present one.
    fn number_and_seal(&mut self, batch: &mut ProducerBatch) -> Result<usize, ClientError> {
        match &batch.producer {
            Some(state) if !batch.may_be_written && !self.sequences.is_current(state) => {
                if let Some(state) = self.sequences.take(&batch.partition, batch.count()) {
                    batch.renumber(state)?;
                }
                Ok(batch.sealed()?.len())
            }
            Some(_) => Ok(batch.sealed()?.len()),
            None => {
                let state = self.sequences.take(&batch.partition, batch.count());
                let (codec, is_transactional) = (self.config.compression, self.transactions.is_some());
                Ok(batch.seal(state, is_transactional, codec, &mut self.compressor)?.len())
            }
        }
    }

    fn spawn_produce(&mut self, node: NodeId, mut batches: Vec<ProducerBatch>, now: Instant) {
        for batch in &mut batches {
            batch.attempts += 1;
            tracing::trace!(partition = %batch.partition, records = batch.count(), age = ?now - batch.created_at, "sending");
        }
        if !self.lanes.contains_key(&node) {
            let (orders, received) = mpsc::unbounded_channel();
            let (client, answered) = (self.client.clone(), self.answered.clone());
            self.lane_tasks.spawn(produce_lane::run(client, node, received, answered));
            self.lanes.insert(node, Lane { orders, in_flight: 0 });
        }
        let (id, batches) = self.in_flight.add(batches);
        let lane = self.lanes.get_mut(&node).expect("it was put there when it was missing");
        lane.in_flight += 1;
        let transactions = self.transactions.as_ref();
        let adds_beforehand = transactions.is_some_and(|it| !it.look(|machine| machine.is_version_2()));
        let terms = Terms {
            acks: self.config.acks,
            transactional_id: self.config.transactional_id.clone(),
            newest: if adds_beforehand { LAST_VERSION_BEFORE_VERSION_2 } else { ProduceRequest::MAX_VERSION },
        };
        // The other end lives as long as this task.
        let _ = lane.orders.send(ProduceOrder { id, batches, terms });
    }

    fn handle_produced(&mut self, produced: Produced) {
        let Produced { node, id, answer } = produced;
        if let Some(lane) = self.lanes.get_mut(&node) {
            lane.in_flight -= 1;
        }
        let mut batches = self.in_flight.remove(id);
        match answer {
            Ok(Some(answers)) => self.handle_answer(batches, answers),
            // With acks=0 nobody answers.
            Ok(None) => batches.iter_mut().for_each(|batch| self.accumulator.complete(batch, Ok(None))),
            Err(error) => {
                batches.into_iter().for_each(|batch| self.handle_failure(batch, error.clone()));
            }
        }
    }

    fn handle(&mut self, done: Done) {
        match done {
            Done::ProducerId(Ok(answer)) if answer.error_code == 0 => {
                self.producer_id.succeeded();
                self.sequences.begin(ProducerId(answer.producer_id), ProducerEpoch(answer.producer_epoch));
            }
            Done::ProducerId(answer) => {
                let error = match answer {
                    Ok(answer) => ClientError::Server {
                        api: InitProducerIdRequest::API,
                        code: error_code(answer.error_code),
                    },
                    Err(error) => error,
                };
                if !error.is_retriable() {
                    // Without an id nothing can be sent: whoever waits is told now.
                    for mut batch in self.accumulator.take_all() {
                        self.accumulator.end(&mut batch, Err(error.clone()));
                    }
                }
                self.errand_failed(error, |sender| &mut sender.producer_id);
            }
            // Without a leader even now, asking at once would not help.
            Done::Metadata(Ok(())) => {
                self.metadata.rests(Instant::now() + self.client.config().retry_backoff)
            }
            Done::Transaction(answer) => self.handle_transaction(answer),
            Done::Metadata(Err(error)) => self.errand_failed(error, |sender| &mut sender.metadata),
        }
    }

    fn handle_answer(&mut self, batches: Vec<ProducerBatch>, mut answers: Answers) {
        for mut batch in batches {
            match answers.remove(&batch.partition) {
                Some(PartitionAnswer { code: ErrorCode::None, base_offset, .. }) => {
                    self.note_acknowledged(&batch);
                    self.accumulator
                        .complete(&mut batch, Ok(Some(Offset(base_offset)).filter(|base| base.0 >= 0)));
                }
                Some(PartitionAnswer { code: ErrorCode::DuplicateSequenceNumber, .. }) => {
                    self.note_acknowledged(&batch);
                    self.accumulator.complete(&mut batch, Ok(None));
                }
                Some(PartitionAnswer { code, message, .. }) => {
                    let subject = batch.partition.to_string();
                    self.handle_failure(batch, ClientError::Topic { subject, code, message });
                }
                None => {
                    let reason = format!("no answer for {}", batch.partition);
                    self.handle_failure(batch, ClientError::Malformed { api: "Produce", reason });
                }
            }
        }
    }

    /// Tries the batch again if that makes sense, else ends it.
    fn handle_failure(&mut self, mut batch: ProducerBatch, error: ClientError) {
        batch.may_be_written |= leaves_open_what_was_written(&error);
        let now = Instant::now();
        let state = batch.producer.as_ref();
        let is_current = state.is_some_and(|state| self.sequences.is_current(state));
        let failure = Failure {
            error: &error,
            may_be_written: batch.may_be_written,
            is_ahead: state.is_some_and(|state| self.sequences.is_ahead(&batch.partition, state)),
            is_overdue: now >= batch.created_at + self.config.delivery_timeout,
            is_exhausted: batch.attempts > self.config.retries,
            is_transactional: self.transactions.is_some(),
            is_doomed: self.is_doomed(),
        };
        if failure.lost_its_state() && is_current && !failure.is_transactional {
            // The broker no longer knows what this producer wrote. A batch that certainly is in no log starts anew.
            self.abandon_producer_id();
        }
        match failure.verdict() {
            Verdict::Retry => {
                tracing::debug!(partition = %batch.partition, attempts = batch.attempts, %error, "batch is tried again");
                batch.not_before = now + self.client.config().backoff(batch.attempts);
                batch.last_error = Some(error);
                let topic = batch.partition.topic.clone();
                self.accumulator.put_back(batch);
                self.ask_for_metadata(vec![topic], now);
            }
            Verdict::Split if self.closes_hole(&batch) => self.accumulator.split(batch, error),
            // What follows it in its transaction is numbered already.
            Verdict::Split if self.transactions.is_some() => {
                self.accumulator.shrink(&batch);
                self.is_lost(&batch, &error);
                self.accumulator.complete(&mut batch, Err(error));
            }
            Verdict::Split => {
                self.abandon_producer_id();
                self.accumulator.split(batch, error);
            }
            Verdict::Fail => {
                self.is_lost(&batch, &error);
                tracing::debug!(partition = %batch.partition, records = batch.count(), %error, "batch failed");
                self.accumulator.complete(&mut batch, Err(error));
            }
        }
    }

    fn note_acknowledged(&mut self, batch: &ProducerBatch) {
        if let Some(state) = &batch.producer {
            self.sequences.acknowledged(&batch.partition, state, batch.count());
        }
    }

    /// After a batch that failed for good: what number does the broker expect next? Where it belongs to a transaction, that
    /// has to be aborted, and numbers begin anew.
    fn is_lost(&mut self, batch: &ProducerBatch, error: &ClientError) {
        if let Some(transactions) = &self.transactions {
            transactions.change(|machine| machine.failed(error.clone()));
        } else if !self.closes_hole(batch) {
            self.abandon_producer_id();
        }
    }

    /// Whether the batch's number can be given to the next one, or nobody asks for it any more.
    fn closes_hole(&mut self, batch: &ProducerBatch) -> bool {
        let state = batch.producer.as_ref().filter(|state| self.sequences.is_current(state));
        let Some(state) = state else { return true };
        !batch.may_be_written && self.sequences.give_back(&batch.partition, state, batch.count())
    }

    /// What is under way goes on as it is numbered, before anything is numbered anew.
    fn abandon_producer_id(&mut self) {
        self.sequences.abandon();
        self.accumulator.await_all_under_way();
    }

    /// Fails batches that are older than `delivery.timeout.ms`, whether they wait or are under way.
    fn expire(&mut self, now: Instant) -> Option<Instant> {
        let timeout = self.config.delivery_timeout;
        let (waiting, next_waiting) = self.accumulator.expire(now);
        for mut batch in waiting {
            let error = self.delivery_timeout(&batch);
            self.is_lost(&batch, &error);
            self.accumulator.end(&mut batch, Err(error));
        }
        let (under_way, next_under_way) = self.in_flight.expire(now, timeout);
        for mut batch in under_way {
            batch.may_be_written = true;
            let error = self.delivery_timeout(&batch);
            self.is_lost(&batch, &error);
            self.accumulator.complete(&mut batch, Err(error));
        }
        earlier(next_waiting, next_under_way)
    }

    fn delivery_timeout(&self, batch: &ProducerBatch) -> ClientError {
        let last = batch.last_error.as_ref().or(self.last_error.as_ref());
        let last = last.map_or_else(|| "no answer in time".to_owned(), ClientError::to_string);
        ClientError::DeliveryTimeout { after: self.config.delivery_timeout, last }
    }

    /// Whether the transaction of what is sent is to be aborted.
    fn is_doomed(&self) -> bool {
        self.transactions.as_ref().is_some_and(|it| it.look(|machine| machine.doom()).is_some())
    }

    /// Drives the transaction: tells what will not be sent any more, and asks the coordinators what is next to be asked.
    fn advance_transaction(&mut self, now: Instant) -> Option<Instant> {
        let transactions = Arc::clone(self.transactions.as_ref()?);
        if self.accumulator.is_closed() {
            // Nobody is left to commit it.
            transactions.change(TransactionMachine::abort);
        }
        if let Some(doom) = transactions.look(|machine| machine.doom()) {
            for mut batch in self.accumulator.take_all() {
                self.accumulator.end(&mut batch, Err(doom.clone()));
            }
        }
        let records_are_under_way = self.accumulator.has_incomplete();
        let call = transactions.change(|machine| machine.next_call(now, records_are_under_way));
        if let Some(call) = call {
            let client = self.client.clone();
            self.calls.spawn(async move { Done::Transaction(call.carry_out(client).await) });
        }
        earlier(transactions.look(|machine| machine.wake_at()), self.closing_until)
    }

    fn handle_transaction(&mut self, answer: TransactionAnswer) {
        let Some(transactions) = &self.transactions else { return };
        let producer = transactions.change(|machine| {
            machine.handle(answer, Instant::now());
            machine.producer()
        });
        if let Some((id, epoch)) = producer.filter(|producer| !self.sequences.are_of(*producer)) {
            self.sequences.begin(id, epoch);
        }
    }

    /// Whether a transaction is to be ended before the task ends: as long as `max.block.ms`.
    fn awaits_the_end(&mut self) -> bool {
        let is_open = self.transactions.as_ref().is_some_and(|it| it.look(|machine| machine.is_open()));
        let now = Instant::now();
        let until = *self.closing_until.get_or_insert(now + self.config.max_block);
        is_open && now < until
    }

    fn ask_for_producer_id(&mut self, now: Instant) -> Option<Instant> {
        if !self.producer_id.begins(now) {
            return self.producer_id.wake_at();
        }
        let client = self.client.clone();
        self.calls.spawn(async move {
            let request = InitProducerIdRequest {
                transactional_id: None,
                transaction_timeout_ms: i32::MAX,
                ..InitProducerIdRequest::default()
            };
            Done::ProducerId(client.call_any(&request).await)
        });
        None
    }

    fn ask_for_metadata(&mut self, topics: Vec<TopicName>, now: Instant) -> Option<Instant> {
        if !self.metadata.begins(now) {
            return self.metadata.wake_at();
        }
        let client = self.client.clone();
        self.calls.spawn(async move { Done::Metadata(client.refresh(&topics, AutoCreate::Allowed).await) });
        None
    }

    fn errand_failed(&mut self, error: ClientError, errand: fn(&mut Self) -> &mut Errand) {
        let config = self.client.config().clone();
        let errand = errand(self);
        if !errand.has_failed() && error.is_about_connection() {
            tracing::warn!(%error, "the cluster does not answer, trying again");
        }
        errand.failed(Instant::now(), |failures| config.backoff(failures));
        self.last_error = Some(error);
    }
}

impl Drop for Sender {
    fn drop(&mut self) {
        // Without its task nothing is sent any more, whether it is done, panicked, or the runtime ends.
        self.accumulator.abandon();
        if let Some(transactions) = &self.transactions {
            transactions.change(|machine| machine.fatal(ClientError::Closed));
        }
    }
}

fn earlier(left: Option<Instant>, right: Option<Instant>) -> Option<Instant> {
    match (left, right) {
        (Some(left), Some(right)) => Some(left.min(right)),
        (left, right) => left.or(right),
    }
}
