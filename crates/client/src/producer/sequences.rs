//! The producer's id and the next sequence of each partition (KIP-98).
//!
//! The sequences of a partition follow each other without a hole unless a batch fails for good: after it may have been
//! written nobody knows what the broker expects, and what follows it is numbered already. The producer takes a new id in
//! that case, whose sequences begin at 0 everywhere.

use std::collections::BTreeMap;

use types::{ProducerEpoch, ProducerId, Sequence, TopicPartition};

use crate::producer::batch::ProducerState;

/// Who this producer is, and what it wrote so far.
#[derive(Debug, Default)]
pub(crate) struct Sequences {
    producer: Option<(ProducerId, ProducerEpoch)>,
    next: BTreeMap<TopicPartition, Sequence>,
    /// Behind the last that was acknowledged: what the broker expects.
    expected: BTreeMap<TopicPartition, Sequence>,
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
        self.expected.clear();
    }

    /// The id is not to be used for new batches any more.
    pub(crate) fn abandon(&mut self) {
        self.producer = None;
        self.next.clear();
        self.expected.clear();
    }

    /// Whether this one numbers them.
    pub(crate) fn are_of(&self, producer: (ProducerId, ProducerEpoch)) -> bool {
        self.producer == Some(producer)
    }

    /// Numbers the next `count` records of a partition; `None` without a producer id.
    pub(crate) fn take(&mut self, partition: &TopicPartition, count: i32) -> Option<ProducerState> {
        let (id, epoch) = self.producer?;
        let next = self.next.entry(partition.clone()).or_default();
        let base_sequence = *next;
        *next = base_sequence.plus(count);
        Some(ProducerState { id, epoch, base_sequence })
    }

    /// Takes back the numbers of a batch that failed and certainly is in no log, so that the next one leaves no hole; false
    /// where others were numbered after it.
    pub(crate) fn give_back(
        &mut self,
        partition: &TopicPartition,
        state: &ProducerState,
        count: i32,
    ) -> bool {
        let is_last = self.next.get(partition) == Some(&state.base_sequence.plus(count));
        if is_last {
            self.next.insert(partition.clone(), state.base_sequence);
        }
        is_last
    }

    /// The broker has these records.
    pub(crate) fn acknowledged(&mut self, partition: &TopicPartition, state: &ProducerState, count: i32) {
        if self.is_current(state) {
            let end = state.base_sequence.plus(count);
            let expected = self.expected.entry(partition.clone()).or_default();
            // What a lost answer was about is acknowledged again, behind what followed it. Sequences begin anew at 2^31.
            let is_behind = end.0.wrapping_sub(expected.0) & i32::MAX > i32::MAX / 2;
            if !is_behind {
                *expected = end;
            }
        }
    }

    /// Whether the broker has records of the partition under the present producer id: it refuses those that would leave a
    /// hole from then on, and several may be under way.
    pub(crate) fn is_established(&self, partition: &TopicPartition) -> bool {
        self.expected.contains_key(partition)
    }

    /// Whether records before these are not acknowledged yet.
    pub(crate) fn is_ahead(&self, partition: &TopicPartition, state: &ProducerState) -> bool {
        let expected = self.expected.get(partition).copied().unwrap_or_default();
        self.is_current(state) && state.base_sequence != expected
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
        assert!(sequences.give_back(&b, &refused, 9));
        let again = sequences.take(&b, 1).expect("there is a producer id");
        assert_eq!(again.base_sequence.0, 2);
        assert_eq!(base(sequences.take(&b, 1)), Some(3));
        assert!(!sequences.give_back(&b, &again, 1), "another is numbered after it");
        assert!(!sequences.is_established(&b));
        sequences.acknowledged(&b, &again, 1);
        assert!(sequences.is_established(&b));
        assert!(sequences.is_ahead(&b, &ProducerState { base_sequence: Sequence(4), ..again }));
        sequences.acknowledged(&b, &ProducerState { base_sequence: Sequence(0), ..again }, 2);
        assert!(!sequences.is_ahead(&b, &ProducerState { base_sequence: Sequence(3), ..again }));
        for quarter in 0..4 {
            sequences.acknowledged(
                &a,
                &ProducerState { base_sequence: Sequence(quarter << 29), ..again },
                1 << 29,
            );
        }
        assert!(
            !sequences.is_ahead(&a, &ProducerState { base_sequence: Sequence(0), ..again }),
            "all around"
        );
        sequences.abandon();
        assert_eq!(sequences.take(&a, 1), None);
        sequences.begin(ProducerId(8), ProducerEpoch(0));
        assert_eq!(base(sequences.take(&a, 1)), Some(0));
    }
}
