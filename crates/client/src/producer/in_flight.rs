//! Produce requests that are not answered yet: their batches stay here, so that one whose time is over need not wait for
//! the answer.

use std::collections::BTreeMap;

use bytes::Bytes;
use tokio::time::{Duration, Instant};
use types::TopicPartition;

use crate::producer::batch::ProducerBatch;

/// What a lane writes of a batch.
pub(super) type SealedBatch = (TopicPartition, Bytes);

/// Kafka's InFlightRequests, by number.
#[derive(Default)]
pub(super) struct InFlightRequests {
    last_id: u64,
    requests: BTreeMap<u64, Vec<ProducerBatch>>,
}

impl InFlightRequests {
    /// Keeps batches, which are sealed, until they are answered: the request's number, and what is written.
    pub(super) fn add(&mut self, batches: Vec<ProducerBatch>) -> (u64, Vec<SealedBatch>) {
        let sealed = batches.iter().map(|batch| {
            (batch.partition.clone(), batch.sealed().expect("a batch is sealed before it is sent"))
        });
        let sealed = sealed.collect();
        self.last_id += 1;
        self.requests.insert(self.last_id, batches);
        (self.last_id, sealed)
    }

    /// The answer to a request is there: those of its batches that nobody gave up.
    pub(super) fn remove(&mut self, id: u64) -> Vec<ProducerBatch> {
        self.requests.remove(&id).unwrap_or_default()
    }

    /// Takes batches that are older than `timeout`; what a later answer says of them is not heard any more. Also tells when
    /// the next one will be.
    pub(super) fn expire(
        &mut self,
        now: Instant,
        timeout: Duration,
    ) -> (Vec<ProducerBatch>, Option<Instant>) {
        let batches = self.requests.values_mut();
        let expired = batches
            .flat_map(|batches| batches.extract_if(.., |batch| batch.created_at + timeout <= now))
            .collect();
        let left = self.requests.values().flatten();
        (expired, left.map(|batch| batch.created_at + timeout).min())
    }
}
