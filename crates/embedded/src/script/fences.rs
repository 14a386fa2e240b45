//! Producers whose epoch is too old, as if another instance of each had taken over.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use protocol::messages::produce_request::ProduceRequest;
use record::{AnyBatch, Batches};
use types::{ProducerEpoch, ProducerId};

/// The last epoch of each producer that is refused; clones share them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Fences {
    last: Arc<Mutex<BTreeMap<ProducerId, ProducerEpoch>>>,
}

impl Fences {
    /// Refuses this producer up to this epoch.
    pub(crate) fn raise(&self, producer: ProducerId, epoch: ProducerEpoch) {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let fence = last.entry(producer).or_insert(epoch);
        *fence = epoch.max(*fence);
    }

    pub(super) fn are_none(&self) -> bool {
        self.last.lock().unwrap_or_else(PoisonError::into_inner).is_empty()
    }

    /// Whether a batch of this request comes from a producer that is fenced.
    pub(super) fn refuse(&self, request: &ProduceRequest) -> bool {
        let last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let records = request.topic_data.iter().flat_map(|topic| &topic.partition_data);
        let batches = records.filter_map(|it| it.records.clone()).flat_map(Batches::new);
        batches.flatten().any(|batch| match batch {
            AnyBatch::Batch(batch) => {
                let header = batch.header();
                last.get(&header.producer_id).is_some_and(|last| header.producer_epoch <= *last)
            }
            _ => false,
        })
    }
}
