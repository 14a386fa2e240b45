//! The records that the consensus layer itself writes into the log and its snapshots.

use bytes::Bytes;
use protocol::records::k_raft_version_record::KRaftVersionRecord;
use protocol::records::leader_change_message::LeaderChangeMessage;
use protocol::records::snapshot_footer_record::SnapshotFooterRecord;
use protocol::records::snapshot_header_record::SnapshotHeaderRecord;
use protocol::records::voters_record::VotersRecord;
use protocol::{Reader, Writer};

/// One record of a control batch of the metadata log. All are of version 0.
#[derive(Clone, Debug, PartialEq)]
pub enum ControlRecord {
    /// Opens an epoch: who leads, among whom, by whose votes (KIP-595).
    LeaderChange(LeaderChangeMessage),
    /// Opens a snapshot (KIP-630).
    SnapshotHeader(SnapshotHeaderRecord),
    /// Closes a snapshot; one without it was not finished.
    SnapshotFooter(SnapshotFooterRecord),
    /// Sets the `kraft.version` (KIP-853).
    KRaftVersion(KRaftVersionRecord),
    /// Names the voters (KIP-853).
    Voters(VotersRecord),
}

/// Why bytes are not a control record of the metadata log.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ControlRecordError {
    /// The key is not a version and a type.
    #[error("the key of a control record has 4 bytes, found {0}")]
    Key(usize),
    /// A type that does not belong into the metadata log.
    #[error("control record type {0} does not belong into the metadata log")]
    Type(i16),
    /// The value does not decode.
    #[error("control record type {record_type} does not decode: {reason}")]
    Value {
        /// The type in the key.
        record_type: i16,
        /// What the decoder says.
        reason: String,
    },
}

const VERSION: i16 = 0;

macro_rules! records {
    ($($variant:ident = $type:literal, $message:ident;)*) => {
        impl ControlRecord {
            /// The type in the record's key.
            pub fn record_type(&self) -> i16 {
                match self { $(Self::$variant(_) => $type,)* }
            }

            /// The record's value.
            pub fn value(&self) -> Bytes {
                let mut writer = Writer::new();
                match self {
                    $(Self::$variant(message) => message.encode(&mut writer, VERSION),)*
                }
                .expect("version 0 has every field that is set here");
                writer.into_bytes()
            }

            /// Reads a record.
            ///
            /// # Errors
            /// Where the key or the value is not what a metadata log holds: see [`ControlRecordError`].
            pub fn decode(key: &[u8], value: Bytes) -> Result<Self, ControlRecordError> {
                let record_type = decode_type(key)?;
                let mut reader = Reader::new(value);
                match record_type {
                    $($type => $message::decode(&mut reader, VERSION).map(Self::$variant),)*
                    other => return Err(ControlRecordError::Type(other)),
                }
                .map_err(|error| ControlRecordError::Value { record_type, reason: error.to_string() })
            }
        }
    };
}

records! {
    LeaderChange = 2, LeaderChangeMessage;
    SnapshotHeader = 3, SnapshotHeaderRecord;
    SnapshotFooter = 4, SnapshotFooterRecord;
    KRaftVersion = 5, KRaftVersionRecord;
    Voters = 6, VotersRecord;
}

impl ControlRecord {
    /// The record's key: version 0, then the type.
    pub fn key(&self) -> [u8; 4] {
        let [high, low] = self.record_type().to_be_bytes();
        [0, 0, high, low]
    }
}

fn decode_type(key: &[u8]) -> Result<i16, ControlRecordError> {
    match key {
        [_, _, high, low] => Ok(i16::from_be_bytes([*high, *low])),
        _ => Err(ControlRecordError::Key(key.len())),
    }
}
