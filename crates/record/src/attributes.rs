//! The attribute bits of a batch.

use crate::{BatchError, Codec};

/// Which clock a record's timestamp shows (`message.timestamp.type`, KIP-32).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum TimestampType {
    /// The producer's.
    #[default]
    CreateTime,
    /// The broker's, at append: every record of the batch has the batch's largest timestamp.
    LogAppendTime,
}

/// The attributes of a magic 2 batch: codec (bits 0–2), timestamp type (3), transactional (4), control (5), delete
/// horizon (6, KIP-534). Bits 7–15 mean nothing; they are kept as they came until the broker must rewrite the header.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Attributes(pub i16);

impl Attributes {
    const CODEC: i16 = 0x07;
    const LOG_APPEND_TIME: i16 = 0x08;
    const TRANSACTIONAL: i16 = 0x10;
    const CONTROL: i16 = 0x20;
    const DELETE_HORIZON: i16 = 0x40;
    const KNOWN: i16 = 0x7f;

    /// The codec of the records. Fails for the ids 5–7, which nobody has defined.
    pub fn codec(self) -> Result<Codec, BatchError> {
        let id = (self.0 & Self::CODEC) as u8;
        Codec::from_id(id).ok_or(BatchError::UnknownCodec { id })
    }

    /// Whose clock the timestamps show.
    pub const fn timestamp_type(self) -> TimestampType {
        if self.0 & Self::LOG_APPEND_TIME == 0 {
            TimestampType::CreateTime
        } else {
            TimestampType::LogAppendTime
        }
    }

    /// Part of a transaction (KIP-98).
    pub const fn is_transactional(self) -> bool {
        self.0 & Self::TRANSACTIONAL != 0
    }

    /// Holds control records (transaction markers, KRaft's own), which consumers never see.
    pub const fn is_control(self) -> bool {
        self.0 & Self::CONTROL != 0
    }

    /// The base timestamp is the time after which tombstones and aborted markers may go (KIP-534).
    pub const fn has_delete_horizon(self) -> bool {
        self.0 & Self::DELETE_HORIZON != 0
    }

    /// The same with another codec.
    pub const fn with_codec(self, codec: Codec) -> Self {
        Self((self.0 & !Self::CODEC) | codec.id() as i16)
    }

    /// The same with another timestamp type.
    pub const fn with_timestamp_type(self, timestamp_type: TimestampType) -> Self {
        match timestamp_type {
            TimestampType::CreateTime => Self(self.0 & !Self::LOG_APPEND_TIME),
            TimestampType::LogAppendTime => Self(self.0 | Self::LOG_APPEND_TIME),
        }
    }

    /// The same, marked as part of a transaction or not.
    pub const fn with_transactional(self, transactional: bool) -> Self {
        Self(if transactional { self.0 | Self::TRANSACTIONAL } else { self.0 & !Self::TRANSACTIONAL })
    }

    /// The same, marked as a control batch or not.
    pub const fn with_control(self, control: bool) -> Self {
        Self(if control { self.0 | Self::CONTROL } else { self.0 & !Self::CONTROL })
    }

    /// The same, marked as having a delete horizon or not.
    pub const fn with_delete_horizon(self, delete_horizon: bool) -> Self {
        Self(if delete_horizon { self.0 | Self::DELETE_HORIZON } else { self.0 & !Self::DELETE_HORIZON })
    }

    /// Without the bits that mean nothing: what the broker writes when it rewrites a header.
    pub const fn known(self) -> Self {
        Self(self.0 & Self::KNOWN)
    }
}
