//! Kafka's producer: records in, batches out, an outcome for every record.
//!
//! ```no_run
//! use client::producer::{Producer, ProducerConfig, ProducerRecord};
//! use client::{ClientConfig, NetworkClient};
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let client = NetworkClient::new(ClientConfig::new(vec!["localhost:9092".to_owned()], "example"));
//! let entropy = io::Entropy::from_system()?;
//! let producer = Producer::new(client, ProducerConfig::default(), io::Clock::System, entropy);
//! let record = ProducerRecord { topic: "orders", key: Some(b"7"), value: Some(b"paid"), ..Default::default() };
//! let written = producer.send(record).await?.wait().await?;
//! println!("{} at {:?}", written.partition, written.offset);
//! producer.close().await;
//! # Ok(())
//! # }
//! ```
//!
//! `send` → partitioner → [`accumulator`] (batches per partition, bounded memory) → [`sender`] (one task) → brokers.

mod accumulator;
mod batch;
mod config;
mod interceptor;
pub mod partitioner;
mod produce_call;
mod produce_lane;
mod sender;
mod sequences;
mod typed;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout_at};
use types::{PartitionIndex, TopicName, TopicPartition};

use crate::error::ClientError;
use crate::metadata::TopicMetadata;
use crate::network_client::{AutoCreate, NetworkClient};
use accumulator::RecordAccumulator;
use partitioner::{StickyPartition, partition_of_key};
use sender::Sender;

pub use batch::{Delivery, RecordMetadata};
pub use config::{Acks, ProducerConfig};
pub use interceptor::{OwnedRecord, ProducerInterceptor};
pub use partitioner::Partitioner;
pub use record::{Codec, Compression, HeaderRef};
pub use typed::{TypedProducer, TypedRecord};

/// A record to be sent; its bytes are copied by [`Producer::send`].
#[derive(Clone, Copy, Debug, Default)]
pub struct ProducerRecord<'a> {
    /// The topic.
    pub topic: &'a str,
    /// `None`: by key, or wherever it suits.
    pub partition: Option<PartitionIndex>,
    /// Milliseconds since 1970; `None`: now.
    pub timestamp: Option<i64>,
    /// `None` is null.
    pub key: Option<&'a [u8]>,
    /// `None` is null.
    pub value: Option<&'a [u8]>,
    /// In order; keys may repeat.
    pub headers: &'a [HeaderRef<'a>],
}

/// Sends records to a cluster. Records of one partition are written in the order of their `send`s, and with
/// [`Acks::All`] once each, whatever is tried again underneath.
///
/// One that is dropped without [`close`](Self::close) still sends what it was given, and nobody waits for it.
pub struct Producer {
    client: NetworkClient,
    config: ProducerConfig,
    clock: io::Clock,
    entropy: io::Entropy,
    accumulator: Arc<RecordAccumulator>,
    sticky: Mutex<BTreeMap<TopicName, StickyPartition>>,
    sender: JoinHandle<()>,
}

impl Producer {
    /// A producer on `client`, whose task runs on the present runtime.
    pub fn new(
        client: NetworkClient,
        config: ProducerConfig,
        clock: io::Clock,
        entropy: io::Entropy,
    ) -> Self {
        let accumulator = Arc::new(RecordAccumulator::new(config.clone()));
        let sender = Sender::new(client.clone(), config.clone(), Arc::clone(&accumulator));
        let sender = tokio::spawn(sender.run());
        Self { client, config, clock, entropy, accumulator, sticky: Mutex::default(), sender }
    }

    /// Puts a record on its way; waits up to `max.block.ms` for the topic's metadata at first, and for memory while
    /// `buffer.memory` is used up. Creates the topic where the brokers do so.
    ///
    /// # Errors
    /// When the record cannot be sent at all; what happens on the way is the [`Delivery`]'s.
    pub async fn send(&self, record: ProducerRecord<'_>) -> Result<Delivery, ClientError> {
        if self.config.interceptors.is_empty() {
            return self.append(&record).await;
        }
        let mut owned = OwnedRecord::from(&record);
        self.config.interceptors.iter().for_each(|interceptor| interceptor.on_send(&mut owned));
        let headers = owned.header_refs();
        let sent = self.append(&owned.borrowed(&headers)).await;
        if let Err(error) = &sent {
            let (topic, partition) = (owned.topic.as_str(), owned.partition);
            for interceptor in &self.config.interceptors {
                interceptor.on_acknowledgement(topic, partition, Err(error));
            }
        }
        sent
    }

    async fn append(&self, record: &ProducerRecord<'_>) -> Result<Delivery, ClientError> {
        let deadline = Instant::now() + self.config.max_block;
        let topic = match self.client.known_topic(record.topic) {
            Some(known) => known,
            None => self.find_topic(record, deadline).await?,
        };
        let partition = match self.partition(&topic, record) {
            // There may be more by now.
            Err(ClientError::NoSuchPartition { .. }) => {
                let found = self.client.refresh(std::slice::from_ref(&topic.name), AutoCreate::Forbidden);
                self.in_time(deadline, found).await?;
                let topic = self.client.known_topic(record.topic).unwrap_or_else(|| Arc::clone(&topic));
                self.partition(&topic, record)?
            }
            partition => partition?,
        };
        let partition = TopicPartition { topic: topic.name.clone(), partition };
        let timestamp = record.timestamp.unwrap_or_else(|| self.clock.now_ms());
        self.accumulator.append(partition, record, timestamp, deadline).await
    }

    async fn find_topic(
        &self,
        record: &ProducerRecord<'_>,
        deadline: Instant,
    ) -> Result<Arc<TopicMetadata>, ClientError> {
        let patience = self.config.max_block;
        let found = self.client.topic_within(record.topic, AutoCreate::Allowed, patience);
        self.in_time(deadline, found).await
    }

    async fn in_time<T>(
        &self,
        deadline: Instant,
        found: impl Future<Output = Result<T, ClientError>>,
    ) -> Result<T, ClientError> {
        let after = self.config.max_block;
        let timed_out = ClientError::CallTimeout { what: "finding the topic", after };
        timeout_at(deadline, found).await.unwrap_or(Err(timed_out))
    }

    fn partition(
        &self,
        topic: &TopicMetadata,
        record: &ProducerRecord<'_>,
    ) -> Result<PartitionIndex, ClientError> {
        let partitions = topic.partitions.len();
        let named = match (record.partition, &self.config.partitioner) {
            (Some(partition), _) => Some(partition),
            (None, Some(partitioner)) => Some(partitioner.partition(record, topic)),
            (None, None) => None,
        };
        if let Some(partition) = named {
            return match topic.partition(partition) {
                Some(_) => Ok(partition),
                None => Err(ClientError::NoSuchPartition {
                    topic: topic.name.to_string(),
                    partition: partition.0,
                    partitions: partitions as i32,
                }),
            };
        }
        if let Some(key) = record.key.filter(|_| !self.config.partitioner_ignore_keys) {
            return Ok(partition_of_key(key, partitions));
        }
        let size = RecordAccumulator::size_of(record);
        let mut sticky = self.sticky.lock().unwrap_or_else(PoisonError::into_inner);
        let place = sticky.entry(topic.name.clone()).or_default();
        Ok(place.next(size, self.config.batch_size, || self.choose(topic)))
    }

    /// Chooses among the partitions that have a leader; among all where none has.
    fn choose(&self, topic: &TopicMetadata) -> PartitionIndex {
        let with_leader = || topic.partitions.iter().filter(|partition| partition.leader.is_some());
        let all = with_leader().next().is_none();
        let candidates = topic.partitions.iter().filter(|partition| all || partition.leader.is_some());
        let candidates = candidates.map(|partition| partition.index);
        let patience = self.config.partitioner_availability_timeout;
        let due_before = Instant::now().checked_sub(patience).filter(|_| !patience.is_zero());
        let loads: Vec<_> = match self.config.partitioner_adaptive {
            true => self.accumulator.loads(&topic.name, candidates, due_before),
            false => candidates.map(|index| (index, Some(0))).collect(),
        };
        partitioner::choose(&loads, self.entropy.next_u64())
    }

    /// Sends what was appended until now at once, and waits until all of it is acknowledged or has failed.
    pub async fn flush(&self) {
        self.accumulator.flush().await;
    }

    /// Sends what was appended, and ends.
    pub async fn close(mut self) {
        self.accumulator.close();
        if let Err(error) = (&mut self.sender).await {
            // The task is never aborted, so it panicked; the panic is the caller's to see.
            std::panic::resume_unwind(error.into_panic());
        }
    }
}

impl Drop for Producer {
    fn drop(&mut self) {
        self.accumulator.close();
    }
}
