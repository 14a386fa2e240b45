//! What an application does when its partitions change.

use std::future::Future;
use std::pin::Pin;

use types::TopicPartition;

use crate::consumer::Consumer;

/// What a callback does; finished before the group goes on.
pub type Callback<'a> = Pin<Box<dyn Future<Output = ()> + Send + 'a>>;

/// Called from within [`Consumer::poll`], [`Consumer::unsubscribe`] and [`Consumer::close`], so never beside the
/// application's own work. A callback may use the consumer: commit, seek, pause; it may not poll, unsubscribe or change the
/// listener, which would wait for itself. If `poll` is dropped while one runs, it is called again from its beginning.
pub trait RebalanceListener: Send {
    /// These partitions are the consumer's from now on, besides those that it had (KIP-429). Their positions can still be
    /// changed before the first record of them comes.
    fn assigned<'a>(&'a mut self, consumer: &'a Consumer, partitions: &'a [TopicPartition]) -> Callback<'a> {
        let _ = (consumer, partitions);
        Box::pin(async {})
    }

    /// These partitions are the consumer's until this ends: the place to commit what was processed.
    fn revoked<'a>(&'a mut self, consumer: &'a Consumer, partitions: &'a [TopicPartition]) -> Callback<'a> {
        let _ = (consumer, partitions);
        Box::pin(async {})
    }

    /// These partitions were taken away: somebody else may read them already, and nothing can be committed.
    fn lost<'a>(&'a mut self, consumer: &'a Consumer, partitions: &'a [TopicPartition]) -> Callback<'a> {
        self.revoked(consumer, partitions)
    }
}

/// Who does not care.
pub(super) struct Nobody;

impl RebalanceListener for Nobody {}
