//! Control records: transaction markers (KIP-98) and KRaft's own (KIP-595, KIP-630, KIP-853).
//!
//! A control record's key is a version and a type, both int16. The value of a transaction marker is framed here; the
//! values of KRaft's records are messages of the crate `protocol`, whose own first field is their version, and come
//! in as encoded bytes.

use bytes::Bytes;
use types::{LeaderEpoch, Offset, ProducerEpoch, ProducerId};

use crate::{BatchBuilder, BatchOptions, BuildError};

/// What a control record says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(i16)]
pub enum ControlRecordType {
    /// The producer's open transaction is aborted.
    Abort = 0,
    /// The producer's open transaction is committed.
    Commit = 1,
    /// A leader of the metadata quorum begins its epoch.
    LeaderChange = 2,
    /// First record of a metadata snapshot.
    SnapshotHeader = 3,
    /// Last record of a metadata snapshot.
    SnapshotFooter = 4,
    /// The finalized `kraft.version`.
    KraftVersion = 5,
    /// The voters of the metadata quorum.
    KraftVoters = 6,
}

impl ControlRecordType {
    /// The type of an id; `None` for one of a later version, which readers pass over.
    pub const fn from_id(id: i16) -> Option<Self> {
        Some(match id {
            0 => Self::Abort,
            1 => Self::Commit,
            2 => Self::LeaderChange,
            3 => Self::SnapshotHeader,
            4 => Self::SnapshotFooter,
            5 => Self::KraftVersion,
            6 => Self::KraftVoters,
            _ => return None,
        })
    }

    /// The id in the key.
    pub const fn id(self) -> i16 {
        self as i16
    }
}

/// The key of a control record: version 0 and the type.
pub const fn key(kind: ControlRecordType) -> [u8; 4] {
    let [high, low] = kind.id().to_be_bytes();
    [0, 0, high, low]
}

/// The type id in a control record's key; `None` where the key is too short or its version negative. Later versions
/// are read as version 0, whose fields they start with.
pub fn parse_key(key: &[u8]) -> Option<i16> {
    let &[v0, v1, t0, t1] = key.first_chunk::<4>()?;
    (i16::from_be_bytes([v0, v1]) >= 0).then_some(i16::from_be_bytes([t0, t1]))
}

/// The value of a transaction marker: version 0 and the epoch of the coordinator that wrote it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EndTxnMarker {
    /// Fences markers of older coordinators.
    pub coordinator_epoch: i32,
}

impl EndTxnMarker {
    /// The value's bytes.
    pub fn encode(self) -> [u8; 6] {
        let [a, b, c, d] = self.coordinator_epoch.to_be_bytes();
        [0, 0, a, b, c, d]
    }

    /// Reads a value; `None` where it is too short or its version negative. Later versions are read as version 0.
    pub fn decode(value: &[u8]) -> Option<Self> {
        let &[v0, v1, a, b, c, d] = value.first_chunk::<6>()?;
        let coordinator_epoch = i32::from_be_bytes([a, b, c, d]);
        (i16::from_be_bytes([v0, v1]) >= 0).then_some(Self { coordinator_epoch })
    }
}

/// Whose transaction a marker ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MarkerOwner {
    /// The transactional producer.
    pub producer_id: ProducerId,
    /// Its epoch.
    pub producer_epoch: ProducerEpoch,
    /// Epoch of the coordinator that decided.
    pub coordinator_epoch: i32,
}

/// A batch with one marker, at offset 0: the append assigns offset and leader epoch.
///
/// `kind` is [`ControlRecordType::Abort`] or [`ControlRecordType::Commit`]; timestamp in milliseconds.
pub fn end_transaction(
    kind: ControlRecordType,
    owner: MarkerOwner,
    timestamp: i64,
) -> Result<Bytes, BuildError> {
    if !matches!(kind, ControlRecordType::Abort | ControlRecordType::Commit) {
        return Err(BuildError::Control);
    }
    let options = BatchOptions {
        producer_id: owner.producer_id,
        producer_epoch: owner.producer_epoch,
        transactional: true,
        control: true,
        ..BatchOptions::default()
    };
    let value = EndTxnMarker { coordinator_epoch: owner.coordinator_epoch }.encode();
    one(options, timestamp, kind, &value)
}

/// A batch with one of KRaft's control records, written by the leader of `epoch` at `offset`.
///
/// `value` is the encoded message of that type (`LeaderChangeMessage`, `SnapshotHeaderRecord`,
/// `SnapshotFooterRecord`, `KRaftVersionRecord`, `VotersRecord`) at version 0, without a version in front.
pub fn kraft(
    kind: ControlRecordType,
    value: &[u8],
    offset: Offset,
    epoch: LeaderEpoch,
    timestamp: i64,
) -> Result<Bytes, BuildError> {
    let options = BatchOptions {
        base_offset: offset,
        partition_leader_epoch: epoch,
        control: true,
        ..BatchOptions::default()
    };
    one(options, timestamp, kind, value)
}

fn one(
    options: BatchOptions,
    timestamp: i64,
    kind: ControlRecordType,
    value: &[u8],
) -> Result<Bytes, BuildError> {
    let mut builder = BatchBuilder::new(options)?;
    builder.append_control(timestamp, kind, value)?;
    Ok(builder.build()?.expect("one record was appended"))
}
