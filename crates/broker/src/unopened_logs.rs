//! Why logs of partitions that belong here are not open.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use types::TopicIdPartition;

/// The partitions whose logs could not be opened or made.
#[derive(Debug, Default)]
pub(crate) struct UnopenedLogs {
    by_partition: Mutex<BTreeMap<TopicIdPartition, Unopened>>,
}

/// Why a log is not open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Unopened {
    /// It is there, and cannot be read.
    Unreadable(String),
    /// It cannot be made, as on a full disk: tried again and again.
    NotMade(String),
}

impl Unopened {
    fn is_to_make(&self) -> bool {
        matches!(self, Self::NotMade(_))
    }
}

impl UnopenedLogs {
    /// Remembers why a log is not open; true where that is news.
    pub(crate) fn note(&self, id: TopicIdPartition, unopened: Unopened) -> bool {
        self.lock().insert(id, unopened.clone()).is_none_or(|known| known != unopened)
    }

    /// Forgets a partition: its log was made after all, or its topic is gone.
    pub(crate) fn forget(&self, id: &TopicIdPartition) {
        self.lock().remove(id);
    }

    /// Why the partition's log is not open; `None` where nobody has failed to open it.
    pub(crate) fn reason(&self, id: &TopicIdPartition) -> Option<Unopened> {
        self.lock().get(id).cloned()
    }

    /// Whether logs have to be made.
    pub(crate) fn has_some_to_make(&self) -> bool {
        self.lock().values().any(Unopened::is_to_make)
    }

    /// The partitions whose logs have to be made.
    pub(crate) fn to_make(&self) -> Vec<TopicIdPartition> {
        self.lock().iter().filter(|(_, unopened)| unopened.is_to_make()).map(|(id, _)| *id).collect()
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<TopicIdPartition, Unopened>> {
        self.by_partition.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use types::{PartitionIndex, Uuid};

    use super::*;

    #[test]
    fn a_reason_is_news_once_and_only_what_is_not_made_is_tried_again() {
        let logs = UnopenedLogs::default();
        let id =
            |half| TopicIdPartition { topic_id: Uuid::from_halves(0, half), partition: PartitionIndex(0) };
        let full = || Unopened::NotMade("full".to_owned());
        assert!(logs.note(id(1), full()));
        assert!(!logs.note(id(1), full()), "the log would say it every second");
        assert!(logs.note(id(1), Unopened::NotMade("broken".to_owned())));
        assert!(logs.note(id(2), Unopened::Unreadable("damaged".to_owned())));
        assert_eq!(logs.to_make(), [id(1)]);
        logs.forget(&id(1));
        assert!(!logs.has_some_to_make());
        assert!(logs.note(id(1), full()), "it was made meanwhile");
    }
}
