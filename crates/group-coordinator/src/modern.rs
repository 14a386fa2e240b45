//! Groups of protocols that are not served yet: consumer (KIP-848), share (KIP-932), streams (KIP-1071).
//!
//! What the log says about them is kept, so that none is taken for a classic group and none is lost. An empty one may
//! be deleted, or make room for a classic group of its name, as with Kafka.

use std::collections::BTreeSet;

use bytes::Bytes;
use coordinator::CoordinatorRecord;

use crate::GroupError;
use crate::records::{ModernPart, RecordType};

/// The protocol of a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ModernKind {
    /// Consumers whose partitions the coordinator assigns.
    Consumer,
    /// Consumers that share partitions.
    Share,
    /// Kafka Streams.
    Streams,
}

impl ModernKind {
    /// As ListGroups writes it, for the type of the group and for its protocol.
    pub fn name(self) -> &'static str {
        match self {
            Self::Consumer => "consumer",
            Self::Share => "share",
            Self::Streams => "streams",
        }
    }
}

/// A group as far as its records tell without being understood.
#[derive(Debug)]
pub struct ModernGroup {
    kind: ModernKind,
    /// Keys of the records that count.
    keys: BTreeSet<Bytes>,
    members: usize,
}

impl ModernGroup {
    pub(crate) fn new(kind: ModernKind) -> Self {
        Self { kind, keys: BTreeSet::new(), members: 0 }
    }

    /// Its protocol.
    pub fn kind(&self) -> ModernKind {
        self.kind
    }

    /// Whether it has no members.
    pub fn is_empty(&self) -> bool {
        self.members == 0
    }

    /// As ListGroups writes it. With members, the state depends on rules that are not served.
    pub fn state_name(&self) -> &'static str {
        if self.is_empty() { "Empty" } else { "Unknown" }
    }

    /// Whether a classic group may take its name.
    pub(crate) fn makes_room_for_classic(&self) -> bool {
        self.is_empty() && self.kind != ModernKind::Share
    }

    /// Whether it goes when nothing is left of it; those of kind share stay until they are deleted.
    pub(crate) fn expires(&self) -> bool {
        self.kind != ModernKind::Share
    }

    /// Whether a client may commit. Members cannot be served, so that only clients without an epoch can, where nobody
    /// is there; groups of kind share have no offsets of this form.
    pub(crate) fn validate_commit(&self, member_epoch: i32) -> Result<(), GroupError> {
        match self.kind {
            ModernKind::Share => Err(GroupError::GroupIdNotFound),
            _ if member_epoch < 0 && self.is_empty() => Ok(()),
            _ => Err(GroupError::UnknownMemberId),
        }
    }

    /// Whether a client may read the offsets. Members cannot be served.
    pub(crate) fn validate_offset_fetch(&self, member: Option<(&str, i32)>) -> Result<(), GroupError> {
        let is_member = member.is_some_and(|(_, epoch)| epoch >= 0);
        match self.kind {
            ModernKind::Share => Err(GroupError::GroupIdNotFound),
            _ if is_member => Err(GroupError::UnknownMemberId),
            _ => Ok(()),
        }
    }

    /// Whether offsets may be deleted: those of consumers, topic by topic; of others when nobody is there.
    pub(crate) fn validate_offset_delete(&self) -> Result<(), GroupError> {
        match self.kind {
            ModernKind::Share => Err(GroupError::GroupIdNotFound),
            _ if self.is_empty() || self.kind == ModernKind::Consumer => Ok(()),
            _ => Err(GroupError::NonEmptyGroup),
        }
    }

    /// Notes that the record with `key` is there, or not any more.
    pub(crate) fn note(&mut self, key: &Bytes, is_there: bool) {
        let is_changed =
            if is_there { self.keys.insert(Bytes::copy_from_slice(key)) } else { self.keys.remove(key) };
        if is_changed && is_member(key) {
            self.members = if is_there { self.members + 1 } else { self.members - 1 };
        }
    }

    /// Ends all that is known of the group; the group itself last, for Kafka refuses to end one that still has parts.
    pub(crate) fn tombstones(&self) -> impl Iterator<Item = CoordinatorRecord> + '_ {
        self.keys.iter().rev().map(|key| CoordinatorRecord { key: key.clone(), value: None })
    }
}

fn is_member(key: &[u8]) -> bool {
    matches!(RecordType::of(key), RecordType::Modern { part: ModernPart::Member, .. })
}
