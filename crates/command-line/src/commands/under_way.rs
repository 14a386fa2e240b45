//! Batches that a verb has sent and that are not acknowledged yet.

use std::collections::VecDeque;

use client::producer::Delivery;

/// How far back the batch of a record is looked for: records of several partitions alternate, and so many batches are
/// likely to be open.
const OPEN_BATCHES_MAX: usize = 64;

/// In the order in which they were begun, each with what the verb has to remember of it.
pub(crate) struct UnderWay<T> {
    batches: VecDeque<(T, Delivery)>,
}

impl<T> UnderWay<T> {
    pub(crate) const fn new() -> Self {
        Self { batches: VecDeque::new() }
    }

    /// What is remembered of the batch that a record went into, where it is there.
    pub(crate) fn batch_of(&mut self, delivery: &Delivery) -> Option<&mut T> {
        let mut recent = self.batches.iter_mut().rev().take(OPEN_BATCHES_MAX);
        recent.find(|(_, batch)| batch.shares_batch_with(delivery)).map(|(memory, _)| memory)
    }

    /// The first record of a batch was sent.
    pub(crate) fn push(&mut self, memory: T, delivery: Delivery) {
        self.batches.push_back((memory, delivery));
    }

    /// The oldest batch, once its outcome is known.
    pub(crate) fn pop_done(&mut self) -> Option<(T, Delivery)> {
        self.batches.pop_front_if(|(_, delivery)| delivery.is_done())
    }

    /// All that are left, the oldest first.
    pub(crate) fn into_rest(self) -> impl Iterator<Item = (T, Delivery)> {
        self.batches.into_iter()
    }
}
