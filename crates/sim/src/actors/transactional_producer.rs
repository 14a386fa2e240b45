//! A transactional producer: a few records to two topics, perhaps an offset of a group, then a commit or an abort; it sends again, unchanged, until it
//! knows what became of what it sent (KIP-98, KIP-890).

use std::rc::Rc;

use bytes::Bytes;
use io::Entropy;
use protocol::messages::add_offsets_to_txn_request::AddOffsetsToTxnRequest;
use protocol::messages::add_partitions_to_txn_request::{AddPartitionsToTxnRequest, AddPartitionsToTxnTopic};
use protocol::messages::create_topics_request::{CreatableTopic, CreateTopicsRequest};
use protocol::messages::end_txn_request::EndTxnRequest;
use protocol::messages::find_coordinator_request::FindCoordinatorRequest;
use protocol::messages::init_producer_id_request::InitProducerIdRequest;
use protocol::messages::produce_request::{PartitionProduceData, ProduceRequest, TopicProduceData};
use protocol::messages::txn_offset_commit_request::{
    TxnOffsetCommitRequest, TxnOffsetCommitRequestPartition, TxnOffsetCommitRequestTopic,
};
use record::{BatchBuilder, BatchOptions};
use types::{ErrorCode, ProducerEpoch, ProducerId, Sequence};

use super::Actor;
use super::batch::only_partition;
use super::coordinator::find;
use crate::transactions::TOPICS;
use crate::wire::{Connection, Lost};
use crate::world::World;

/// How long a transaction may take.
const TIMEOUT_MS: i32 = 400;

pub(super) struct TransactionalProducer {
    world: Rc<World>,
    entropy: Entropy,
    connection: Connection,
    /// Its transactional id.
    id: String,
    /// Its partitions join a transaction by being written to, and its epoch rises with each (transaction.version 2).
    bumps_epochs: bool,
    has_topics: bool,
    number: u64,
    producer: Option<Producer>,
    current: Option<Current>,
}

#[derive(Clone, Copy, Debug)]
struct Producer {
    id: i64,
    epoch: i16,
    /// Of the next record in each topic.
    sequences: [i32; 2],
}

/// The transaction that is under way.
#[derive(Clone, Debug)]
struct Current {
    name: String,
    /// Topic and value of each record.
    records: Vec<(usize, String)>,
    acknowledged: usize,
    has_added: [bool; 2],
    offset: OffsetState,
    /// `None` until all records are acknowledged, or something was refused.
    commits: Option<bool>,
}

/// How far the offset is that the transaction commits for the group of its producer's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum OffsetState {
    /// The group is to be added first, where clients do so.
    ToBeAdded,
    ToBeSent,
    /// Acknowledged, or there is none.
    Done,
}

impl TransactionalProducer {
    pub(super) fn new(world: &Rc<World>, index: usize, entropy: Entropy) -> Self {
        let id = format!("x{index}");
        let connection = Connection::new(world, &id, entropy.clone());
        let bumps_epochs = entropy.below(2) == 0;
        let (has_topics, number, producer, current) = (false, 0, None, None);
        Self {
            world: world.clone(),
            entropy,
            connection,
            id,
            bumps_epochs,
            has_topics,
            number,
            producer,
            current,
        }
    }

    async fn make_topics(&mut self) -> Result<(), Lost> {
        let topic = |name: &str| CreatableTopic {
            name: name.to_owned(),
            num_partitions: 1,
            replication_factor: 1,
            ..Default::default()
        };
        let request =
            CreateTopicsRequest { topics: TOPICS.map(topic).into(), timeout_ms: 5_000, ..Default::default() };
        let version = self.connection.version_from(&request, 2);
        let response = self.connection.call(&request, version).await?;
        let is_there = |code: i16| code == 0 || code == ErrorCode::TopicAlreadyExists.code();
        self.has_topics = response.topics.iter().all(|topic| is_there(topic.error_code));
        Ok(())
    }

    async fn init(&mut self) -> Result<(), Lost> {
        if !find(&self.world, &mut self.connection, &self.id).await? {
            return Ok(());
        }
        let find = FindCoordinatorRequest { key: self.id.clone(), key_type: 1, ..Default::default() };
        self.connection.call(&find, 3).await?;
        let request = InitProducerIdRequest {
            transactional_id: Some(self.id.clone()),
            transaction_timeout_ms: TIMEOUT_MS,
            producer_id: -1,
            producer_epoch: -1,
            ..Default::default()
        };
        let version = self.connection.version_from(&request, 0);
        let response = self.connection.call(&request, version).await?;
        self.trace(&format!("init: error {}", response.error_code));
        if response.error_code == 0 {
            let (id, epoch) = (response.producer_id, response.producer_epoch);
            self.producer = Some(Producer { id, epoch, sequences: [0; 2] });
            // What was open is decided, and this producer will never know how.
            self.current = None;
        }
        Ok(())
    }

    fn begin(&mut self) -> Current {
        self.number += 1;
        let name = format!("{}-{}", self.id, self.number);
        let count = 1 + self.entropy.below(4);
        let record = |nth| (self.entropy.below(2) as usize, format!("{name}-{nth}"));
        let records = (0..count).map(record).collect();
        self.world.book.borrow_mut().transactions.begins(&name);
        let offset = match (self.entropy.below(2), self.bumps_epochs) {
            (0, _) => OffsetState::Done,
            (_, true) => OffsetState::ToBeSent,
            (_, false) => OffsetState::ToBeAdded,
        };
        Current { name, records, acknowledged: 0, has_added: [false; 2], offset, commits: None }
    }

    async fn add(&mut self, producer: Producer, mut current: Current, topic: usize) -> Result<(), Lost> {
        let request = AddPartitionsToTxnRequest {
            v3_and_below_transactional_id: self.id.clone(),
            v3_and_below_producer_id: producer.id,
            v3_and_below_producer_epoch: producer.epoch,
            v3_and_below_topics: vec![AddPartitionsToTxnTopic {
                name: TOPICS[topic].to_owned(),
                partitions: vec![0],
                ..Default::default()
            }],
            ..Default::default()
        };
        let response = self.connection.call(&request, 3).await?;
        let partition = (response.results_by_topic_v3_and_below.first())
            .and_then(|topic| topic.results_by_partition.first())
            .map_or(-1, |partition| partition.partition_error_code);
        if self.is_good("add", partition) {
            current.has_added[topic] = true;
            self.current = Some(current);
        }
        Ok(())
    }

    async fn send(&mut self, mut producer: Producer, mut current: Current) -> Result<(), Lost> {
        let (topic, value) = current.records[current.acknowledged].clone();
        if !self.bumps_epochs && !current.has_added[topic] {
            return self.add(producer, current, topic).await;
        }
        let request = ProduceRequest {
            transactional_id: Some(self.id.clone()),
            acks: -1,
            timeout_ms: 5_000,
            topic_data: vec![TopicProduceData {
                name: TOPICS[topic].to_owned(),
                partition_data: vec![PartitionProduceData {
                    index: 0,
                    records: Some(batch(producer, topic, &value)),
                    ..Default::default()
                }],
                ..Default::default()
            }],
            ..Default::default()
        };
        let version = if self.bumps_epochs { 12 } else { 11 };
        let response = self.connection.call(&request, version).await?;
        let Some(partition) = only_partition(&response) else { return Ok(()) };
        if partition.error_code == ErrorCode::TransactionAbortable.code() {
            current.commits = Some(false);
            self.current = Some(current);
        } else if self.is_good("produce", partition.error_code) {
            self.world.book.borrow_mut().transactions.wrote(&current.name, topic, &value);
            producer.sequences[topic] += 1;
            current.acknowledged += 1;
            self.producer = Some(producer);
            self.current = Some(current);
        }
        Ok(())
    }

    async fn add_offsets(&mut self, producer: Producer, mut current: Current) -> Result<(), Lost> {
        let request = AddOffsetsToTxnRequest {
            transactional_id: self.id.clone(),
            producer_id: producer.id,
            producer_epoch: producer.epoch,
            group_id: self.id.clone(),
            ..Default::default()
        };
        let version = self.connection.version_from(&request, 2);
        let response = self.connection.call(&request, version).await?;
        if self.is_good("add offsets", response.error_code) {
            current.offset = OffsetState::ToBeSent;
            self.current = Some(current);
        }
        Ok(())
    }

    async fn send_offset(&mut self, producer: Producer, mut current: Current) -> Result<(), Lost> {
        let offset = self.number as i64;
        let request = TxnOffsetCommitRequest {
            transactional_id: self.id.clone(),
            group_id: self.id.clone(),
            producer_id: producer.id,
            producer_epoch: producer.epoch,
            generation_id: -1,
            topics: vec![TxnOffsetCommitRequestTopic {
                name: TOPICS[0].to_owned(),
                partitions: vec![TxnOffsetCommitRequestPartition {
                    committed_offset: offset,
                    committed_metadata: Some(String::new()),
                    ..Default::default()
                }],
                ..Default::default()
            }],
            ..Default::default()
        };
        let version = if self.bumps_epochs { 5 } else { 4 };
        let response = self.connection.call(&request, version).await?;
        let told = response.topics.first().and_then(|topic| topic.partitions.first());
        let code = told.map_or(-1, |partition| partition.error_code);
        if code == ErrorCode::TransactionAbortable.code() {
            current.commits = Some(false);
            self.current = Some(current);
        } else if self.is_good("offset", code) {
            self.world.book.borrow_mut().transactions.wrote_offset(&current.name, offset);
            current.offset = OffsetState::Done;
            self.current = Some(current);
        }
        Ok(())
    }

    async fn end(&mut self, producer: Producer, current: Current, commits: bool) -> Result<(), Lost> {
        if commits {
            self.world.book.borrow_mut().transactions.asks_to_commit(&current.name);
        }
        let request = EndTxnRequest {
            transactional_id: self.id.clone(),
            producer_id: producer.id,
            producer_epoch: producer.epoch,
            committed: commits,
            ..Default::default()
        };
        let version = if self.bumps_epochs { 5 } else { 4 };
        let response = self.connection.call(&request, version).await?;
        if !self.is_good("end", response.error_code) {
            return Ok(());
        }
        if commits {
            self.world.book.borrow_mut().transactions.committed(&current.name);
            self.world.counts.borrow_mut().transactions_committed += 1;
        } else {
            self.world.counts.borrow_mut().transactions_aborted += 1;
        }
        if self.bumps_epochs {
            let (id, epoch) = (response.producer_id, response.producer_epoch);
            self.producer = Some(Producer { id, epoch, sequences: [0; 2] });
        }
        self.current = None;
        Ok(())
    }

    /// Whether the answer is that it was done. What passes is asked again; else the producer begins anew.
    fn is_good(&mut self, what: &str, code: i16) -> bool {
        self.trace(&format!("{what}: error {code}"));
        match ErrorCode::from_code(code) {
            Some(ErrorCode::None) => return true,
            Some(error) if error.is_retriable() => {}
            _ => self.producer = None,
        }
        false
    }

    fn trace(&self, line: &str) {
        self.world.trace.line(&self.id, line);
    }
}

fn batch(producer: Producer, topic: usize, value: &str) -> Bytes {
    let options = BatchOptions {
        producer_id: ProducerId(producer.id),
        producer_epoch: ProducerEpoch(producer.epoch),
        base_sequence: Sequence(producer.sequences[topic]),
        transactional: true,
        ..BatchOptions::default()
    };
    let mut builder = BatchBuilder::new(options).expect("no options are wrong");
    builder.append(1_795_253_500_000, None, Some(value.as_bytes()), &[]).expect("a small record fits");
    builder.build().expect("memory takes the batch").expect("there is a record")
}

impl Actor for TransactionalProducer {
    async fn step(&mut self) {
        let done = if !self.has_topics {
            self.make_topics().await
        } else if let Some(producer) = self.producer {
            let mut current = match self.current.take() {
                Some(current) => current,
                None => self.begin(),
            };
            let are_all_sent = current.acknowledged == current.records.len();
            if are_all_sent && current.offset == OffsetState::Done && current.commits.is_none() {
                current.commits = Some(self.entropy.below(4) > 0);
            }
            // Whatever it owes is noted before it waits.
            self.current = Some(current.clone());
            match (current.commits, current.offset) {
                (Some(commits), _) => self.end(producer, current, commits).await,
                (None, _) if !are_all_sent => self.send(producer, current).await,
                (None, OffsetState::ToBeAdded) => self.add_offsets(producer, current).await,
                (None, _) => self.send_offset(producer, current).await,
            }
        } else {
            self.init().await
        };
        if done == Err(Lost) {
            self.trace("asks again");
        }
    }
}
