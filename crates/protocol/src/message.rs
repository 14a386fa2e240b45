//! What all messages and records have in common.

use std::fmt::Debug;

use crate::{DecodeError, EncodeError, Reader, Writer};

/// A top-level struct of the protocol; for code that treats many of them alike.
pub trait Message: Sized + Clone + Debug + Default + PartialEq {
    /// Kafka's name, such as `ProduceRequest`.
    const NAME: &'static str;
    /// Oldest version.
    const MIN_VERSION: i16;
    /// Newest version.
    const MAX_VERSION: i16;
    /// First version with compact lengths and tagged fields, if any has them.
    const FLEXIBLE_SINCE: Option<i16>;

    /// Reads one; the reader stands behind it afterwards.
    ///
    /// # Errors
    /// When the version is not spoken, or the bytes are not an encoding at this version.
    fn decode(reader: &mut Reader, version: i16) -> Result<Self, DecodeError>;

    /// Writes one.
    ///
    /// # Errors
    /// When the version is not spoken or cannot carry what is set.
    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError>;
}
