//! Those who see every record on its way out, and what became of it (KIP-42).

use types::{Offset, PartitionIndex, TopicPartition};

use crate::error::ClientError;
use crate::producer::{HeaderRef, ProducerRecord};

/// Sees records and their outcomes. Neither call may wait: the first is made by whoever sends, the second by the producer's
/// task.
pub trait ProducerInterceptor: std::fmt::Debug + Send + Sync {
    /// A record that is about to be sent; may be changed. Comes before a partition is chosen.
    fn on_send(&self, record: &mut OwnedRecord) {
        let _ = record;
    }

    /// A record was acknowledged, with its offset where the broker tells it, or failed; without a partition where it failed
    /// before it had one.
    fn on_acknowledgement(
        &self,
        topic: &str,
        partition: Option<PartitionIndex>,
        outcome: Result<Option<Offset>, &ClientError>,
    ) {
        let _ = (topic, partition, outcome);
    }
}

/// A [`ProducerRecord`] that holds its bytes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OwnedRecord {
    /// The topic.
    pub topic: String,
    /// `None`: by key, or wherever it suits.
    pub partition: Option<PartitionIndex>,
    /// Milliseconds since 1970; `None`: now.
    pub timestamp: Option<i64>,
    /// `None` is null.
    pub key: Option<Vec<u8>>,
    /// `None` is null.
    pub value: Option<Vec<u8>>,
    /// In order; keys may repeat.
    pub headers: Vec<(Vec<u8>, Option<Vec<u8>>)>,
}

impl OwnedRecord {
    /// Its headers, for [`Self::borrowed`].
    pub fn header_refs(&self) -> Vec<HeaderRef<'_>> {
        self.headers.iter().map(|(key, value)| HeaderRef { key, value: value.as_deref() }).collect()
    }

    /// The record as it is sent.
    pub fn borrowed<'a>(&'a self, headers: &'a [HeaderRef<'a>]) -> ProducerRecord<'a> {
        ProducerRecord {
            topic: &self.topic,
            partition: self.partition,
            timestamp: self.timestamp,
            key: self.key.as_deref(),
            value: self.value.as_deref(),
            headers,
        }
    }
}

impl From<&ProducerRecord<'_>> for OwnedRecord {
    fn from(record: &ProducerRecord<'_>) -> Self {
        let headers = record.headers.iter();
        Self {
            topic: record.topic.to_owned(),
            partition: record.partition,
            timestamp: record.timestamp,
            key: record.key.map(<[u8]>::to_vec),
            value: record.value.map(<[u8]>::to_vec),
            headers: headers.map(|header| (header.key.to_vec(), header.value.map(<[u8]>::to_vec))).collect(),
        }
    }
}

/// Tells of every record of a batch.
pub(super) fn acknowledged(
    interceptor: &dyn ProducerInterceptor,
    partition: &TopicPartition,
    count: i32,
    outcome: &Result<Option<Offset>, ClientError>,
) {
    let (topic, index) = (&*partition.topic, Some(partition.partition));
    for number in 0..count {
        let outcome = outcome.as_ref().map(|base| base.map(|base| base.plus(number.into())));
        interceptor.on_acknowledgement(topic, index, outcome);
    }
}
