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
mod in_flight;
mod interceptor;
pub mod partitioner;
mod produce_call;
mod produce_lane;
mod sender;
mod sequences;
mod topic_queue;
mod transaction;
mod typed;
mod verdict;

use std::sync::Arc;

use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout_at};
use types::PartitionIndex;

use crate::config::ClientConfig;
use crate::error::ClientError;
use crate::metadata::TopicMetadata;
use crate::network_client::{AutoCreate, NetworkClient};
use accumulator::{RecordAccumulator, Refusal};
use sender::Sender;
use transaction::{TransactionMachine, Transactions};

pub use batch::{Delivery, RecordMetadata};
pub use config::{Acks, ProducerConfig};
pub use interceptor::{OwnedRecord, ProducerInterceptor};
pub use partitioner::Partitioner;
pub use record::{Codec, Compression, HeaderRef};
pub use transaction::{Transaction, TransactionError, TransactionalProducer};
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

/// Sends records to a cluster. With [`Acks::All`] (and `enable.idempotence`) records of one partition are written in the
/// order of their `send`s and once each, whatever is tried again underneath. Without, as in Kafka, one that is tried again
/// may be written twice, and behind later ones unless `max.in.flight.requests.per.connection` is 1.
///
/// One that is dropped without [`close`](Self::close) still sends what it was given, and nobody waits for it.
pub struct Producer {
    client: NetworkClient,
    config: ProducerConfig,
    clock: io::Clock,
    entropy: io::Entropy,
    accumulator: Arc<RecordAccumulator>,
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
        let config = config.of_transactions();
        let transactions = config.transactional_id.as_ref().map(|id| {
            let ClientConfig { retry_backoff, retry_backoff_max, .. } = *client.config();
            let machine = TransactionMachine::new(
                id.clone(),
                config.transaction_timeout,
                retry_backoff,
                retry_backoff_max,
            );
            Arc::new(Transactions::new(machine))
        });
        let accumulator = Arc::new(RecordAccumulator::new(config.clone(), transactions));
        let sender = Sender::new(client.clone(), config.clone(), Arc::clone(&accumulator));
        let sender = tokio::spawn(sender.run());
        Self { client, config, clock, entropy, accumulator, sender }
    }

    /// Puts a record on its way; waits up to `max.block.ms` for the topic's metadata at first, and for memory while
    /// `buffer.memory` is used up. Creates the topic where the brokers do so.
    ///
    /// # Errors
    /// When the record cannot be sent at all; what happens on the way is the [`Delivery`]'s. With `transactional.id`
    /// `NotInTransaction`: see [`Self::init_transactions`].
    pub async fn send(&self, record: ProducerRecord<'_>) -> Result<Delivery, ClientError> {
        if self.config.interceptors.is_empty() {
            return self.append(&record).await;
        }
        // Apart, so that the future without interceptors is small.
        Box::pin(self.intercepted(&record)).await
    }

    async fn intercepted(&self, record: &ProducerRecord<'_>) -> Result<Delivery, ClientError> {
        let mut owned = OwnedRecord::from(record);
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
        // Looking at the clock costs: it is not done for those who need not wait.
        let mut deadline = None;
        let mut deadline = || *deadline.get_or_insert_with(|| Instant::now() + self.config.max_block);
        let named = match (record.partition, &self.config.partitioner) {
            (None, Some(partitioner)) => {
                let topic = match self.client.known_topic(record.topic) {
                    Some(known) => known,
                    None => Box::pin(self.find_topic(record, deadline())).await?,
                };
                Some(partitioner.partition(record, &topic))
            }
            (named, _) => named,
        };
        let size = RecordAccumulator::size_of(record);
        let timestamp = record.timestamp.unwrap_or_else(|| self.clock.now_ms());
        let mut was_refreshed = false;
        loop {
            self.accumulator.reserve(size, &mut deadline).await?;
            let refusal = match self.try_append(record, named, timestamp, size) {
                Ok(delivery) => return Ok(delivery),
                Err(refusal) => refusal,
            };
            self.accumulator.release(size);
            match refusal {
                Refusal::UnknownTopic => drop(Box::pin(self.find_topic(record, deadline())).await?),
                // There may be more by now.
                Refusal::NoSuchPartition(_) if !was_refreshed => {
                    was_refreshed = true;
                    let topic = [record.topic.into()];
                    let found = self.client.refresh(&topic, AutoCreate::Forbidden);
                    Box::pin(self.in_time(deadline(), found)).await?;
                }
                Refusal::NoSuchPartition(error) | Refusal::Final(error) => return Err(error),
            }
        }
    }

    fn try_append(
        &self,
        record: &ProducerRecord<'_>,
        named: Option<PartitionIndex>,
        timestamp: i64,
        size: usize,
    ) -> Result<Delivery, Refusal> {
        self.accumulator.append(record, named, timestamp, size, &self.client, &self.entropy)
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
