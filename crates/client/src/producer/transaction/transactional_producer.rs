//! Transactions as an application has them.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::timeout;
use types::ErrorCode;

use super::{State, TransactionMachine, Transactions};
use crate::consumer::{ConsumerGroupMetadata, Offsets};
use crate::error::ClientError;
use crate::producer::{Delivery, Producer, ProducerRecord};

/// A [`Producer`] with a `transactional.id`, for which [`Producer::init_transactions`] has fenced all others that have it.
///
/// Consume, process, produce, each record once:
///
/// ```no_run
/// use client::consumer::{Consumer, ConsumerConfig, IsolationLevel};
/// use client::producer::{Producer, ProducerConfig, ProducerRecord, TransactionError};
/// use client::{ClientConfig, NetworkClient};
///
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// let client = NetworkClient::new(ClientConfig::new(vec!["localhost:9092".to_owned()], "example"));
/// let config = ConsumerConfig::of_group("billing")
///     .isolation_level(IsolationLevel::ReadCommitted)
///     .enable_auto_commit(false);
/// let consumer = Consumer::new(&client, config);
/// consumer.subscribe(["orders"])?;
///
/// let config = ProducerConfig::default().transactional_id("billing-1");
/// let producer = Producer::new(client, config, io::Clock::System, io::Entropy::from_system()?);
/// let mut producer = producer.init_transactions().await?;
/// loop {
///     let orders = consumer.poll().await?;
///     let transaction = producer.begin().await?;
///     let bill = ProducerRecord { topic: "bills", value: Some(b"..."), ..ProducerRecord::default() };
///     transaction.send(bill).await?;
///     transaction.send_offsets(consumer.positions(), &consumer.group_metadata()?).await?;
///     match transaction.commit().await {
///         Ok(()) => {}
///         // Nothing of it was written: read the orders again.
///         Err(TransactionError::Abortable(_)) => consumer.seek(&orders.partition, orders.position)?,
///         Err(error) => return Err(error.into()),
///     }
/// }
/// # }
/// ```
pub struct TransactionalProducer {
    producer: Producer,
    transactions: Arc<Transactions>,
}

/// Why a transaction does not go on.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TransactionError {
    /// Nothing of the transaction will be seen by those who read committed records. Abort it, or let go of it, and begin the
    /// next one.
    #[error("the transaction is to be aborted: {0}")]
    Abortable(#[source] ClientError),
    /// The producer is of no further use. With PRODUCER_FENCED another one has its `transactional.id` by now.
    #[error("the transactional producer cannot go on: {0}")]
    Fatal(#[source] ClientError),
    /// Not known within `max.block.ms`; it goes on, and [`TransactionalProducer::begin`] waits for it.
    #[error("{what} took longer than {} ms, and goes on", after.as_millis())]
    Unfinished {
        /// What was asked.
        what: &'static str,
        /// `max.block.ms`.
        after: Duration,
    },
}

impl TransactionError {
    /// What a broker answered, where that is the error.
    pub fn code(&self) -> Option<ErrorCode> {
        match self {
            Self::Abortable(error) | Self::Fatal(error) => error.code(),
            Self::Unfinished { .. } => None,
        }
    }
}

/// Where a transaction stands once nothing of it is under way.
fn outcome(machine: &TransactionMachine) -> Option<Result<(), TransactionError>> {
    match machine.state() {
        State::Ready => Some(Ok(())),
        State::AbortableError(error) => Some(Err(TransactionError::Abortable(error.clone()))),
        State::FatalError(error) => Some(Err(TransactionError::Fatal(error.clone()))),
        _ => None,
    }
}

impl Producer {
    /// Takes the `transactional.id`: a producer that has it is fenced, what it left open is aborted. Waits up to
    /// `max.block.ms`.
    ///
    /// # Errors
    /// `Fatal` with `NoTransactionalId`, or where the cluster does not let it have the id; `Unfinished`.
    pub async fn init_transactions(self) -> Result<TransactionalProducer, TransactionError> {
        let transactions = self.accumulator.transactions().cloned();
        let transactions = transactions.ok_or(TransactionError::Fatal(ClientError::NoTransactionalId))?;
        transactions.change(TransactionMachine::initialize);
        let this = TransactionalProducer { producer: self, transactions };
        this.ends("init_transactions").await?;
        Ok(this)
    }
}

impl TransactionalProducer {
    /// Begins a transaction, once the one before has ended.
    ///
    /// # Errors
    /// `Abortable` where a commit that was `Unfinished` has failed by now: that transaction is aborted, begin again. `Fatal`,
    /// `Unfinished`.
    pub async fn begin(&mut self) -> Result<Transaction<'_>, TransactionError> {
        let ended = self.ends("the end of the last transaction").await;
        if ended.is_err() {
            self.change(TransactionMachine::abort);
        }
        ended?;
        match self.change(TransactionMachine::begin) {
            true => Ok(Transaction { producer: self }),
            // Its task has ended in between.
            false => Err(self.refused(ClientError::Closed)),
        }
    }

    /// Waits for an open end, and closes the producer.
    pub async fn close(self) {
        self.producer.close().await;
    }

    /// Waits until nothing is under way, as long as `max.block.ms`.
    async fn ends(&self, what: &'static str) -> Result<(), TransactionError> {
        self.producer.accumulator.ring();
        let after = self.producer.config.max_block;
        let ended = timeout(after, self.transactions.until(outcome)).await;
        ended.unwrap_or(Err(TransactionError::Unfinished { what, after }))
    }

    fn change<T>(&self, change: impl FnOnce(&mut TransactionMachine) -> T) -> T {
        let changed = self.transactions.change(change);
        self.producer.accumulator.ring();
        changed
    }

    /// What an error means for the transaction.
    fn refused(&self, error: ClientError) -> TransactionError {
        self.transactions.look(|machine| match machine.state() {
            State::FatalError(error) => TransactionError::Fatal(error.clone()),
            _ => TransactionError::Abortable(error),
        })
    }
}

/// An open transaction. One that is let go of without [`commit`](Self::commit) is aborted.
pub struct Transaction<'a> {
    producer: &'a TransactionalProducer,
}

impl Transaction<'_> {
    /// Puts a record on its way, as [`Producer::send`]. Whether it is written is the transaction's to know: deliveries need
    /// not be waited for.
    ///
    /// # Errors
    /// `Abortable`: a record that cannot be sent, now or before. `Fatal`.
    pub async fn send(&self, record: ProducerRecord<'_>) -> Result<Delivery, TransactionError> {
        let sent = self.producer.producer.send(record).await;
        sent.map_err(|error| {
            self.producer.change(|machine| machine.failed(error.clone()));
            self.producer.refused(error)
        })
    }

    /// Commits these offsets for a consumer's group with the transaction, and not without. Waits up to `max.block.ms` until
    /// the group has them; the consumer is not to commit by itself.
    ///
    /// # Errors
    /// `Abortable`, with `CommitFailed` where the consumer is no member of its group any more (KIP-447); `Fatal`;
    /// `Unfinished`.
    pub async fn send_offsets(
        &self,
        offsets: Offsets,
        group: &ConsumerGroupMetadata,
    ) -> Result<(), TransactionError> {
        let added = self.producer.change(|machine| machine.add_offsets(offsets, group.clone()));
        let id = added.map_err(|error| self.producer.refused(error))?;
        let sent = self.producer.transactions.until(|machine| match outcome(machine) {
            Some(Err(error)) => Some(Err(error)),
            _ => machine.are_offsets_sent(id).then_some(Ok(())),
        });
        let after = self.producer.producer.config.max_block;
        let unfinished = TransactionError::Unfinished { what: "sending offsets", after };
        timeout(after, sent).await.unwrap_or(Err(unfinished))
    }

    /// Sends what was appended until now at once, and waits until all of it is acknowledged or has failed.
    pub async fn flush(&self) {
        self.producer.producer.flush().await;
    }

    /// Writes what is left to be written, and makes all of it visible at once. Waits up to `max.block.ms`.
    ///
    /// # Errors
    /// `Abortable`: a record was not written, or the coordinator wants it aborted, which it is by letting go of it here.
    /// `Fatal`. `Unfinished`: nobody knows yet.
    pub async fn commit(self) -> Result<(), TransactionError> {
        let begun = self.producer.change(TransactionMachine::commit);
        begun.map_err(|error| self.producer.refused(error))?;
        let after = self.producer.producer.config.max_block;
        let committed = timeout(after, async {
            self.flush().await;
            self.producer.transactions.until(outcome).await
        });
        committed.await.unwrap_or(Err(TransactionError::Unfinished { what: "the commit", after }))
    }

    /// Gives everything up that the transaction holds. Waits up to `max.block.ms`.
    ///
    /// # Errors
    /// `Fatal`, `Unfinished`.
    pub async fn abort(self) -> Result<(), TransactionError> {
        self.producer.change(TransactionMachine::abort);
        self.producer.ends("the abort").await
    }
}

impl Drop for Transaction<'_> {
    fn drop(&mut self) {
        self.producer.change(TransactionMachine::abort);
    }
}
