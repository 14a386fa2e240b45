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
pub mod partitioner;
mod produce_call;
mod sender;
mod sequences;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::task::JoinHandle;
use types::{PartitionIndex, TopicName, TopicPartition};

use crate::error::ClientError;
use crate::metadata::TopicMetadata;
use crate::network_client::{AutoCreate, NetworkClient};
use accumulator::RecordAccumulator;
use partitioner::{StickyPartition, partition_of_key};
use sender::Sender;

pub use batch::{Delivery, RecordMetadata};
pub use config::{Acks, ProducerConfig};
pub use record::{Codec, Compression, HeaderRef};

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

    /// Puts a record on its way; waits for the topic's metadata at first, and for memory while `buffer.memory` is used
    /// up. Creates the topic where the brokers do so.
    ///
    /// # Errors
    /// When the record cannot be sent at all; what happens on the way is the [`Delivery`]'s.
    pub async fn send(&self, record: ProducerRecord<'_>) -> Result<Delivery, ClientError> {
        let topic = match self.client.known_topic(record.topic) {
            Some(known) => known,
            None => self.client.topic(record.topic, AutoCreate::Allowed).await?,
        };
        let partition = self.partition(&topic, &record)?;
        let partition = TopicPartition { topic: topic.name.clone(), partition };
        let timestamp = record.timestamp.unwrap_or_else(|| self.clock.now_ms());
        self.accumulator.append(partition, &record, timestamp).await
    }

    fn partition(
        &self,
        topic: &TopicMetadata,
        record: &ProducerRecord<'_>,
    ) -> Result<PartitionIndex, ClientError> {
        let partitions = topic.partitions.len();
        if let Some(partition) = record.partition {
            return match topic.partition(partition) {
                Some(_) => Ok(partition),
                None => Err(ClientError::NoSuchPartition {
                    topic: topic.name.to_string(),
                    partition: partition.0,
                    partitions: partitions as i32,
                }),
            };
        }
        if let Some(key) = record.key {
            return Ok(partition_of_key(key, partitions));
        }
        let size = RecordAccumulator::size_of(record);
        let mut sticky = self.sticky.lock().unwrap_or_else(PoisonError::into_inner);
        if !sticky.contains_key(&topic.name) {
            sticky.insert(topic.name.clone(), StickyPartition::new(self.entropy.next_u64()));
        }
        let place = sticky.get_mut(&topic.name).expect("it was put there when it was missing");
        Ok(place.next(size, self.config.batch_size, partitions))
    }

    /// Sends what was appended at once, and waits until all of it is acknowledged or has failed.
    pub async fn flush(&self) {
        self.accumulator.flush().await;
    }

    /// Sends what was appended, and ends.
    pub async fn close(self) {
        self.accumulator.close();
        if let Err(error) = self.sender.await {
            // The task is never aborted, so it panicked; the panic is the caller's to see.
            std::panic::resume_unwind(error.into_panic());
        }
    }
}
