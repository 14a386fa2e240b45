//! What one shard of the coordinator wants done.

use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;
use transaction_coordinator::{
    AbortTimedOut, Decision, DueMarkers, MarkersWritten, TimedOut, TransactionReply, TransactionRequest,
};
use types::{PartitionIndex, TopicPartition};

use super::write::{MarkerError, MarkerWrite};
use crate::Broker;
use crate::coordinators::{Called, EndOfTransaction};

/// The first pause before a marker is tried again; it doubles up to the longest.
const BACK_OFF: Duration = Duration::from_millis(20);
const BACK_OFF_MAX: Duration = Duration::from_secs(1);

/// Serves one shard until it does not answer any more.
pub(super) async fn serve(broker: Arc<Broker>, shard: PartitionIndex) -> PartitionIndex {
    // What cannot be done at once; it ends with this future.
    let mut begun = JoinSet::new();
    let mut is_anew = true;
    loop {
        let called = broker.transactions().call(shard, TransactionRequest::AwaitDue { is_anew });
        is_anew = false;
        let mut reply = std::pin::pin!(called.reply());
        let reply = loop {
            tokio::select! {
                biased;
                Some(_) = begun.join_next(), if !begun.is_empty() => {}
                reply = &mut reply => break reply,
            }
        };
        let due = match reply {
            Ok(TransactionReply::AwaitDue(due)) => due,
            Ok(other) => {
                tracing::error!(?other, "a transaction shard replied to something else than it was asked");
                begun.shutdown().await;
                return shard;
            }
            Err(_unavailable) => {
                begun.shutdown().await;
                return shard;
            }
        };
        if due.is_anew {
            // What is under way comes again: a marker that it wrote late could end the producer's next transaction.
            begun.shutdown().await;
        }
        for markers in due.markers {
            let (mut ending, partitions) = Ending::new(&broker, shard, markers);
            ending.write(partitions);
            ending.report();
            if !ending.is_complete() {
                begun.spawn(ending.complete());
            }
        }
        for timed_out in due.timed_out {
            begun.spawn(abort(broker.clone(), timed_out));
        }
        // There may be more at once, again and again; others live on this thread, too.
        tokio::task::yield_now().await;
    }
}

/// A decided transaction on its way to its partitions.
struct Ending {
    broker: Arc<Broker>,
    shard: PartitionIndex,
    end: EndOfTransaction,
    report: MarkersWritten,
    is_reported: bool,
    /// Written, and not committed yet.
    waiting: Vec<(TopicPartition, MarkerWrite)>,
    /// To be tried again.
    again: Vec<TopicPartition>,
}

impl Ending {
    fn new(broker: &Arc<Broker>, shard: PartitionIndex, markers: DueMarkers) -> (Self, Vec<TopicPartition>) {
        let end = EndOfTransaction {
            producer: (markers.producer.id, markers.producer.epoch),
            is_committed: markers.decision == Decision::Commit,
            coordinator_epoch: markers.coordinator_epoch.0,
            transaction_version: markers.version.level(),
        };
        let report = MarkersWritten {
            transactional_id: markers.transactional_id,
            handed_out: markers.handed_out,
            partitions: Vec::with_capacity(markers.partitions.len()),
            server_version: broker.transaction_version(),
        };
        let broker = broker.clone();
        let (waiting, again) = (Vec::new(), Vec::new());
        (Self { broker, shard, end, report, is_reported: false, waiting, again }, markers.partitions)
    }

    fn write(&mut self, partitions: Vec<TopicPartition>) {
        for partition in partitions {
            if self.is_gone(&partition) {
                self.report.partitions.push(partition);
                continue;
            }
            match self.broker.write_marker(self.end, &partition) {
                MarkerWrite::Done(outcome) => self.note(partition, outcome),
                waiting @ MarkerWrite::Waiting(_) => self.waiting.push((partition, waiting)),
            }
        }
    }

    /// A topic that was deleted has nobody who waits for the marker.
    fn is_gone(&self, partition: &TopicPartition) -> bool {
        let image = self.broker.image();
        let topic = image.topics.by_name(&partition.topic);
        topic.and_then(|topic| topic.partition(partition.partition)).is_none()
    }

    fn note(&mut self, partition: TopicPartition, outcome: Result<(), MarkerError>) {
        match outcome {
            Ok(()) => self.report.partitions.push(partition),
            // Somebody newer has decided there: this marker will never be taken.
            Err(error @ (MarkerError::InvalidProducerEpoch | MarkerError::CoordinatorFenced)) => {
                let id = &self.report.transactional_id;
                tracing::warn!(%partition, transactional_id = id, %error, "the marker of a transaction is not taken");
                self.report.partitions.push(partition);
            }
            Err(_) => self.again.push(partition),
        }
    }

    fn is_complete(&self) -> bool {
        self.waiting.is_empty() && self.again.is_empty()
    }

    /// Tells the shard what is written. Where that cannot be made durable the shard hands all of it out again.
    fn report(&mut self) {
        let partitions = std::mem::take(&mut self.report.partitions);
        if partitions.is_empty() && (self.is_reported || !self.is_complete()) {
            return;
        }
        self.is_reported = true;
        let report = MarkersWritten { partitions, ..self.report.clone() };
        let called = self.broker.transactions().call(self.shard, TransactionRequest::MarkersWritten(report));
        if let Called::Now(Ok(TransactionReply::MarkersWritten(Err(error)))) = called {
            let id = &self.report.transactional_id;
            tracing::error!(transactional_id = id, %error, "a transaction is not completed");
        }
    }

    /// Waits and tries again until every partition has its marker.
    async fn complete(mut self) {
        let mut back_off = BACK_OFF;
        loop {
            for (partition, waiting) in std::mem::take(&mut self.waiting) {
                let outcome = waiting.outcome().await;
                self.note(partition, outcome);
            }
            self.report();
            if self.again.is_empty() {
                return;
            }
            tokio::time::sleep(back_off).await;
            back_off = (2 * back_off).min(BACK_OFF_MAX);
            let again = std::mem::take(&mut self.again);
            self.write(again);
            self.report();
        }
    }
}

/// Ends a transaction that took too long. Where that fails, the shard hands it out again.
async fn abort(broker: Arc<Broker>, timed_out: TimedOut) {
    let TimedOut { transactional_id, producer } = timed_out;
    let server_version = broker.transaction_version();
    let request = |fresh_producer_id| {
        TransactionRequest::AbortTimedOut(AbortTimedOut {
            transactional_id: transactional_id.clone(),
            producer,
            fresh_producer_id,
            server_version,
        })
    };
    match broker.ask_transaction_with_id(&transactional_id, request).await {
        Ok(TransactionReply::AbortTimedOut(Ok(()))) => {
            tracing::info!(transactional_id, "a transaction took too long and is aborted");
        }
        Ok(other) => {
            tracing::debug!(transactional_id, ?other, "a transaction that took too long is not aborted now")
        }
        Err(error) => {
            tracing::debug!(transactional_id, %error, "a transaction that took too long is not aborted now")
        }
    }
}
