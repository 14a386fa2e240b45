//! Which producer ids are given away.

use protocol::records::producer_ids_record::ProducerIdsRecord;
use types::ProducerId;

use crate::MetadataRecord;

/// The producer ids that no broker owns yet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ProducerIdsImage {
    next: Option<ProducerId>,
}

impl ProducerIdsImage {
    /// The first id of the next block; `None` while no block is given away.
    pub fn next(self) -> Option<ProducerId> {
        self.next
    }

    pub(super) fn set(&mut self, record: &ProducerIdsRecord) {
        self.next = (record.next_producer_id >= 0).then_some(ProducerId(record.next_producer_id));
    }

    /// A snapshot does not name the broker that took the last block.
    pub(super) fn records(self) -> impl Iterator<Item = MetadataRecord> {
        let record = |next: ProducerId| ProducerIdsRecord {
            broker_id: -1,
            broker_epoch: -1,
            next_producer_id: next.0,
            ..Default::default()
        };
        self.next.into_iter().map(move |next| record(next).into())
    }
}
