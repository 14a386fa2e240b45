//! The field of a response that holds record batches.

use bytes::Bytes;

/// Record batches in a response: in memory, or outside of the encoded bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Records {
    /// The batches themselves.
    Bytes(Bytes),
    /// Batches that are not copied into the response: encoding writes their length and leaves a
    /// [`Gap`](crate::Gap), which the sender fills, say from a file.
    External {
        /// Bytes.
        length: u32,
        /// The sender's name for them.
        id: u32,
    },
}

impl Records {
    /// Bytes on the wire.
    pub fn len(&self) -> usize {
        match self {
            Self::Bytes(bytes) => bytes.len(),
            Self::External { length, .. } => *length as usize,
        }
    }

    /// Whether there are no bytes.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl Default for Records {
    fn default() -> Self {
        Self::Bytes(Bytes::new())
    }
}

impl From<Bytes> for Records {
    fn from(bytes: Bytes) -> Self {
        Self::Bytes(bytes)
    }
}
