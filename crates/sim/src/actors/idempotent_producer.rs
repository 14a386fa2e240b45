//! An idempotent producer: sends a batch again, unchanged, until it knows what became of it (KIP-98).

use std::collections::BTreeMap;
use std::rc::Rc;

use io::Entropy;
use protocol::messages::init_producer_id_request::InitProducerIdRequest;
use types::{ErrorCode, Uuid};

use super::Actor;
use super::batch::{Batch, Sender, only_partition};
use crate::invariants::Violation;
use crate::wire::Connection;
use crate::world::World;

pub(super) struct IdempotentProducer {
    world: Rc<World>,
    who: String,
    entropy: Entropy,
    connection: Connection,
    number: u64,
    producer_id: Option<i64>,
    /// The next sequence of each partition, and the partition's losses when the last batch was acknowledged.
    sequences: BTreeMap<(Uuid, i32), (i32, u64)>,
    /// What was sent and not settled.
    in_flight: Option<Batch>,
}

impl IdempotentProducer {
    pub(super) fn new(world: &Rc<World>, index: usize, entropy: Entropy) -> Self {
        let who = format!("i{index}");
        let connection = Connection::new(world, &who, entropy.clone());
        Self {
            world: world.clone(),
            who,
            entropy,
            connection,
            number: 0,
            producer_id: None,
            sequences: BTreeMap::new(),
            in_flight: None,
        }
    }

    /// Starts anew under another id; what is in flight stays uncertain.
    fn begin_anew(&mut self) {
        self.producer_id = None;
        self.sequences.clear();
        self.in_flight = None;
    }

    async fn init(&mut self) {
        let request = InitProducerIdRequest {
            transactional_id: None,
            transaction_timeout_ms: 60_000,
            producer_id: -1,
            producer_epoch: -1,
            ..Default::default()
        };
        let version = self.connection.version_from(&request, 0);
        let Ok(response) = self.connection.call(&request, version).await else { return };
        if response.error_code != 0 {
            self.world.trace.line(&self.who, &format!("no producer id: error {}", response.error_code));
            return;
        }
        if !self.world.book.borrow_mut().producer_ids.insert(response.producer_id) {
            let detail = format!("{} was given before", response.producer_id);
            self.world.fail(Violation::new("producer_ids_are_given_once", detail));
        }
        self.producer_id = Some(response.producer_id);
    }

    fn draw(&self, number: &mut u64, producer_id: i64) -> Option<Batch> {
        let producer = format!("{}.{producer_id}", self.who);
        Batch::draw(&self.world, &self.entropy, &producer, number, |topic, partition| {
            let base_sequence = self.sequences.get(&(topic, partition)).map_or(0, |(next, _)| *next);
            Some(Sender { producer_id, base_sequence })
        })
    }

    fn acknowledged(&mut self, batch: &Batch, base_offset: i64) {
        self.in_flight = None;
        let losses = self.losses(batch);
        let entry = self.sequences.entry((batch.topic, batch.partition)).or_default();
        *entry = (entry.0 + batch.values.len() as i32, losses);
        batch.acknowledged(&self.world, base_offset);
    }

    fn losses(&self, batch: &Batch) -> u64 {
        let mut book = self.world.book.borrow_mut();
        book.partition(batch.topic, batch.partition).map_or(0, |(_, partition)| partition.losses)
    }

    fn refused(&mut self, batch: &Batch, error: ErrorCode) {
        match error {
            ErrorCode::OutOfOrderSequenceNumber
            | ErrorCode::DuplicateSequenceNumber
            | ErrorCode::UnknownProducerId
            | ErrorCode::InvalidProducerEpoch => {
                let acknowledged = self.sequences.get(&(batch.topic, batch.partition));
                // Only a power cut may have taken what the sequence went on from.
                if acknowledged.is_none_or(|(_, losses)| *losses == self.losses(batch)) {
                    let detail = format!("{} {}: {}", self.who, batch.place(), error.name());
                    self.world.fail(Violation::new("sequences_go_on", detail));
                }
                self.begin_anew();
            }
            ErrorCode::UnknownTopicOrPartition | ErrorCode::UnknownTopicId => {
                if !self.world.book.borrow().is_present(batch.topic) {
                    self.in_flight = None;
                }
            }
            // It comes again.
            error if error.is_retriable() => {}
            _ => self.begin_anew(),
        }
    }
}

impl Actor for IdempotentProducer {
    async fn step(&mut self) {
        let Some(producer_id) = self.producer_id else { return self.init().await };
        if self.in_flight.as_ref().is_some_and(|batch| self.world.book.borrow().is_deleted(batch.topic)) {
            self.in_flight = None;
        }
        if self.in_flight.is_none() {
            let mut number = self.number;
            self.in_flight = self.draw(&mut number, producer_id);
            self.number = number;
        }
        let Some(batch) = self.in_flight.clone() else { return };
        let request = batch.request(-1);
        let version = self.connection.version_from(&request, 3);
        let Ok(response) = self.connection.call(&request, version).await else { return };
        let Some(partition) = only_partition(&response) else { return };
        let line =
            format!("{} error {} offset {}", batch.place(), partition.error_code, partition.base_offset);
        self.world.trace.line(&self.who, &line);
        match ErrorCode::from_code(partition.error_code) {
            Some(ErrorCode::None) => self.acknowledged(&batch, partition.base_offset),
            error => self.refused(&batch, error.unwrap_or(ErrorCode::UnknownServerError)),
        }
    }
}
