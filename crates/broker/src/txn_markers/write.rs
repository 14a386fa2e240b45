//! One marker on one partition.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use ::log::AppendError;
use group_coordinator::GroupReply;
use types::waits::WaitingClient;
use types::{TopicName, TopicPartition};

use crate::Broker;
use crate::coordinators::groups::OFFSETS_TOPIC;
use crate::coordinators::{Called, EndOfTransaction, batches};
use crate::fetch_sessions::TopicKey;
use crate::partition::{PartitionAppendError, ProducerStateError, TransactionTerms};
use crate::produce::{AcknowledgementError, Unacknowledged};

/// How long a marker waits until the in-sync replicas have it; then it is written again, which does no harm.
const ACKNOWLEDGEMENT_TIMEOUT: Duration = Duration::from_secs(30);

/// Why a partition has no marker.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MarkerError {
    /// This broker does not host the partition, or there is none.
    #[error("the partition is not hosted here")]
    NotHosted,
    /// Another broker leads it, or its coordinator is not ready.
    #[error("this broker does not lead the partition, or not yet")]
    NotLeader,
    /// The producer has a newer epoch there, or the transaction has ended.
    #[error("the producer has a newer epoch")]
    InvalidProducerEpoch,
    /// A newer coordinator has written there.
    #[error("a newer coordinator has decided")]
    CoordinatorFenced,
    /// Fewer replicas are in sync than have to be.
    #[error("too few replicas are in sync")]
    NotEnoughReplicas,
    /// The in-sync replicas do not have it yet.
    #[error("the in-sync replicas do not have the marker in time")]
    TimedOut,
    /// The disk refuses.
    #[error("the disk refuses")]
    Storage,
}

/// What came of writing a marker.
#[must_use]
pub enum MarkerWrite {
    /// It is written and committed, or not written.
    Done(Result<(), MarkerError>),
    /// It is written; this waits until it is committed.
    Waiting(Pin<Box<dyn Future<Output = Result<(), MarkerError>> + Send>>),
}

impl MarkerWrite {
    /// The outcome, now or later.
    pub async fn outcome(self) -> Result<(), MarkerError> {
        match self {
            Self::Done(result) => result,
            Self::Waiting(waiting) => waiting.await,
        }
    }
}

impl Broker {
    /// Writes the marker that ends a transaction to a partition, in line.
    pub fn write_marker(self: &Arc<Self>, end: EndOfTransaction, partition: &TopicPartition) -> MarkerWrite {
        if *partition.topic == *OFFSETS_TOPIC {
            self.end_transaction_of_groups(end, partition)
        } else {
            self.append_marker(end, &partition.topic, partition)
        }
    }

    /// The coordinator of groups appends the marker itself: its offsets count from then on.
    fn end_transaction_of_groups(
        self: &Arc<Self>,
        end: EndOfTransaction,
        partition: &TopicPartition,
    ) -> MarkerWrite {
        if self.find_partition(&TopicKey::Name(partition.topic.clone()), partition.partition).is_err() {
            return MarkerWrite::Done(Err(MarkerError::NotHosted));
        }
        let called = self.groups().end_transaction(partition.partition, end, GroupReply::TransactionEnded);
        match called {
            Err(error) => MarkerWrite::Done(Err(refused(&error))),
            Ok(Called::Now(reply)) => MarkerWrite::Done(reply.map(drop).map_err(|_| MarkerError::NotLeader)),
            Ok(Called::Later(parked)) => MarkerWrite::Waiting(Box::pin(async move {
                parked.await.map(drop).map_err(|_unavailable| MarkerError::NotLeader)
            })),
        }
    }

    fn append_marker(
        self: &Arc<Self>,
        end: EndOfTransaction,
        topic: &TopicName,
        partition: &TopicPartition,
    ) -> MarkerWrite {
        let Ok(found) = self.find_partition(&TopicKey::Name(topic.clone()), partition.partition) else {
            return MarkerWrite::Done(Err(MarkerError::NotHosted));
        };
        let now_ms = self.clock().now_ms();
        let batch = match batches::encode_marker(&end, now_ms) {
            Ok(batch) => batch,
            Err(error) => {
                tracing::error!(%partition, %error, "a marker could not be built");
                return MarkerWrite::Done(Err(MarkerError::Storage));
            }
        };
        let terms = TransactionTerms { guard: None, transaction_version: end.transaction_version };
        let appended = match found.append_as_coordinator(batch, terms, now_ms) {
            Ok(appended) => appended,
            Err(error) => return MarkerWrite::Done(Err(marker_error(partition, &error))),
        };
        self.after_append(&found, appended.moved_high_watermark);
        let end = appended.info.last_offset.plus(1);
        match Unacknowledged::of(0, found, end, -1) {
            None => MarkerWrite::Done(Ok(())),
            Some(entry) => MarkerWrite::Waiting(Box::pin(self.acknowledged(entry))),
        }
    }

    fn acknowledged(
        self: &Arc<Self>,
        entry: Unacknowledged,
    ) -> impl Future<Output = Result<(), MarkerError>> + Send + use<> {
        let client = WaitingClient {
            client_id: Some("the coordinator of transactions".to_owned()),
            client_host: "/".to_owned(),
        };
        let waiting = self.acknowledge(vec![entry], ACKNOWLEDGEMENT_TIMEOUT, client);
        async move {
            let outcome = waiting.await.pop().map_or(Ok(()), |(_, outcome)| outcome);
            outcome.map_err(|error| match error {
                AcknowledgementError::TimedOut => MarkerError::TimedOut,
                AcknowledgementError::Leadership(_) => MarkerError::NotLeader,
                AcknowledgementError::Storage => MarkerError::Storage,
            })
        }
    }
}

fn marker_error(partition: &TopicPartition, error: &PartitionAppendError) -> MarkerError {
    match error {
        PartitionAppendError::Leadership(_) => MarkerError::NotLeader,
        PartitionAppendError::NotEnoughReplicas { .. } => MarkerError::NotEnoughReplicas,
        PartitionAppendError::Append(AppendError::Producer(error)) => refused(error),
        PartitionAppendError::Append(_) | PartitionAppendError::Flush(_) => {
            tracing::error!(%partition, %error, "a marker could not be appended");
            MarkerError::Storage
        }
    }
}

fn refused(error: &ProducerStateError) -> MarkerError {
    match error {
        ProducerStateError::TransactionCoordinatorFenced { .. } => MarkerError::CoordinatorFenced,
        ProducerStateError::InvalidProducerEpoch { .. }
        | ProducerStateError::OutOfOrderSequence { .. }
        | ProducerStateError::InvalidTransactionState { .. } => MarkerError::InvalidProducerEpoch,
    }
}
