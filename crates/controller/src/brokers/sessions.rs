//! When brokers were last heard of, and how far they have come: what a controller knows beside the log.

use std::collections::BTreeMap;
use std::time::Duration;

use metadata::{MetadataImage, MetadataRecord};
use types::{BrokerEpoch, NodeId, Offset, PartitionIndex};

/// The leader field of a partition change that leaves the leader as it is.
const NO_LEADER_CHANGE: i32 = -2;

/// One broker's last sign of life.
#[derive(Clone, Copy, Debug)]
struct Contact {
    epoch: BrokerEpoch,
    at: Duration,
}

/// Sessions by broker.
#[derive(Clone, Debug, Default)]
pub(crate) struct BrokerSessions {
    contacts: BTreeMap<NodeId, Contact>,
    /// How far each broker has read the metadata log.
    metadata_offsets: BTreeMap<NodeId, Offset>,
    /// For brokers in controlled shutdown: the last record that took a leadership from them.
    handed_over_at: BTreeMap<NodeId, Offset>,
}

impl BrokerSessions {
    pub(crate) fn note(&mut self, id: NodeId, epoch: BrokerEpoch, at: Duration) {
        self.contacts.insert(id, Contact { epoch, at });
    }

    pub(crate) fn forget(&mut self, id: NodeId) {
        self.contacts.remove(&id);
    }

    pub(crate) fn note_metadata_offset(&mut self, id: NodeId, offset: Offset) {
        self.metadata_offsets.insert(id, offset);
    }

    /// Whether the broker was heard of at this epoch no longer than `timeout` ago.
    pub(crate) fn is_valid(&self, id: NodeId, epoch: BrokerEpoch, now: Duration, timeout: Duration) -> bool {
        let contact = self.contacts.get(&id).filter(|contact| contact.epoch == epoch);
        contact.is_some_and(|contact| now <= contact.at + timeout)
    }

    /// When the session of a broker at this epoch ends; `None` where it never began.
    pub(crate) fn ends_at(&self, id: NodeId, epoch: BrokerEpoch, timeout: Duration) -> Option<Duration> {
        let contact = self.contacts.get(&id).filter(|contact| contact.epoch == epoch)?;
        Some(contact.at + timeout)
    }

    /// How far a broker has read the metadata log; −1 where it has not said.
    pub(crate) fn metadata_offset(&self, id: NodeId) -> Offset {
        self.metadata_offsets.get(&id).copied().unwrap_or(Offset(-1))
    }

    /// What all others must have read before a broker in controlled shutdown may go.
    pub(crate) fn handed_over_at(&self, id: NodeId) -> Option<Offset> {
        self.handed_over_at.get(&id).copied()
    }

    /// Follows the log: `before` is the image without the record.
    pub(crate) fn replay(&mut self, before: &MetadataImage, record: &MetadataRecord, offset: Offset) {
        match record {
            MetadataRecord::RegisterBroker(record) => {
                let id = NodeId(record.broker_id);
                let known = before.cluster.broker(id);
                if known.is_none_or(|known| known.incarnation_id != record.incarnation_id) {
                    self.metadata_offsets.remove(&id);
                    self.handed_over_at.remove(&id);
                }
            }
            MetadataRecord::UnregisterBroker(record) => {
                let id = NodeId(record.broker_id);
                self.contacts.remove(&id);
                self.metadata_offsets.remove(&id);
                self.handed_over_at.remove(&id);
            }
            MetadataRecord::BrokerRegistrationChange(record) => {
                let id = NodeId(record.broker_id);
                if record.in_controlled_shutdown == 1 {
                    self.handed_over_at.insert(id, offset);
                }
                if record.fenced == 1 {
                    self.handed_over_at.remove(&id);
                }
            }
            MetadataRecord::PartitionChange(record) if record.leader != NO_LEADER_CHANGE => {
                let index = PartitionIndex(record.partition_id);
                let led_by = before.topics.partition(record.topic_id, index).and_then(|it| it.leader);
                if let Some(handed_over_at) = led_by.and_then(|id| self.handed_over_at.get_mut(&id)) {
                    *handed_over_at = offset;
                }
            }
            _ => {}
        }
    }
}
