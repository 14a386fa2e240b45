//! Records of a coordinator's log.

use bytes::Bytes;
use types::{Offset, ProducerEpoch, ProducerId};

/// A record as it stands in the log: key and value with their leading version numbers, in Kafka's encoding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CoordinatorRecord {
    /// What it is about; compaction keeps the last record of each key.
    pub key: Bytes,
    /// What is true of it from here on; `None` (a tombstone): nothing any more.
    pub value: Option<Bytes>,
}

impl CoordinatorRecord {
    /// Bytes of key and value.
    pub fn size(&self) -> usize {
        self.key.len() + self.value.as_ref().map_or(0, Bytes::len)
    }
}

/// Where a replayed record stands and who wrote it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Written {
    /// Its offset.
    pub offset: Offset,
    /// The producer, where the batch belongs to a transaction that may still be aborted.
    pub transaction: Option<(ProducerId, ProducerEpoch)>,
}

/// A record that is no encoding of what its version says. Unknown record types are skipped, as the oracle does; a
/// known one that cannot be read stops the loading of its shard.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("malformed {kind}: {reason}")]
pub struct MalformedRecord {
    /// The record's name.
    pub kind: &'static str,
    /// What is wrong.
    pub reason: String,
}
