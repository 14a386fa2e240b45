//! The producer's id and the next sequence of each partition (KIP-98).
//!
//! With one batch of a partition under way at a time, the sequences of a partition follow each other without a hole
//! unless a batch fails for good after it may have been written: nobody knows then what the broker expects. The producer
//! takes a new id in that case, whose sequences begin at 0 everywhere.

use std::collections::BTreeMap;

use types::{ProducerEpoch, ProducerId, Sequence, TopicPartition};

use crate::producer::batch::ProducerState;

/// Who this producer is, and what it wrote so far.
#[derive(Debug, Default)]
pub(crate) struct Sequences {
    producer: Option<(ProducerId, ProducerEpoch)>,
    next: BTreeMap<TopicPartition, Sequence>,
}

impl Sequences {
    /// Whether batches can be numbered.
    pub(crate) const fn has_producer(&self) -> bool {
        self.producer.is_some()
    }

    /// A new producer id: every partition begins at sequence 0.
    pub(crate) fn begin(&mut self, id: ProducerId, epoch: ProducerEpoch) {
        self.producer = Some((id, epoch));
        self.next.clear();
    }

    /// The id is not to be used for new batches any more.
    pub(crate) fn abandon(&mut self) {
        self.producer = None;
        self.next.clear();
    }

    /// Numbers the next `count` records of a partition; `None` without a producer id.
    pub(crate) fn take(&mut self, partition: &TopicPartition, count: i32) -> Option<ProducerState> {
        let (id, epoch) = self.producer?;
        let next = self.next.entry(partition.clone()).or_default();
        let base_sequence = *next;
        *next = base_sequence.plus(count);
        Some(ProducerState { id, epoch, base_sequence })
    }

    /// Takes back the numbers of a batch that failed and certainly is in no log, so that the next one leaves no hole.
    pub(crate) fn give_back(&mut self, partition: &TopicPartition, state: &ProducerState) {
        if self.is_current(state) {
            self.next.insert(partition.clone(), state.base_sequence);
        }
    }

    /// Whether `state` was numbered under the present producer id.
    pub(crate) fn is_current(&self, state: &ProducerState) -> bool {
        self.producer == Some((state.id, state.epoch))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sequences_count_records_per_partition_and_restart_with_a_new_id() {
        let mut sequences = Sequences::default();
        let (a, b) = (TopicPartition::new("t", 0), TopicPartition::new("t", 1));
        assert_eq!(sequences.take(&a, 3), None);
        sequences.begin(ProducerId(7), ProducerEpoch(0));
        let base = |state: Option<ProducerState>| state.map(|state| state.base_sequence.0);
        assert_eq!(base(sequences.take(&a, 3)), Some(0));
        assert_eq!(base(sequences.take(&a, 2)), Some(3));
        assert_eq!(base(sequences.take(&b, 2)), Some(0));
        let refused = sequences.take(&b, 9).expect("there is a producer id");
        sequences.give_back(&b, &refused);
        assert_eq!(base(sequences.take(&b, 1)), Some(2));
        sequences.abandon();
        assert_eq!(sequences.take(&a, 1), None);
        sequences.begin(ProducerId(8), ProducerEpoch(0));
        assert_eq!(base(sequences.take(&a, 1)), Some(0));
    }
}
