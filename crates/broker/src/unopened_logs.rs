//! Why logs of partitions that belong here are not open.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use types::TopicIdPartition;

/// The partitions whose logs could not be opened or made, each with the reason.
#[derive(Debug, Default)]
pub(crate) struct UnopenedLogs {
    reasons: Mutex<BTreeMap<TopicIdPartition, String>>,
}

impl UnopenedLogs {
    /// Remembers why a log is not open.
    pub(crate) fn note(&self, id: TopicIdPartition, reason: String) {
        self.reasons.lock().unwrap_or_else(PoisonError::into_inner).insert(id, reason);
    }

    /// Forgets a partition: its log was made after all, or its topic is gone.
    pub(crate) fn forget(&self, id: &TopicIdPartition) {
        self.reasons.lock().unwrap_or_else(PoisonError::into_inner).remove(id);
    }

    /// Why the partition's log is not open; `None` where nobody has failed to open it.
    pub(crate) fn reason(&self, id: &TopicIdPartition) -> Option<String> {
        self.reasons.lock().unwrap_or_else(PoisonError::into_inner).get(id).cloned()
    }
}
