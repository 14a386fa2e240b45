//! Why bytes are no message, and why a message has no bytes.

/// Why bytes could not be decoded. Positions count from the start of the reader's input.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// The message has no such version.
    #[error("{message} has no version {version}")]
    UnsupportedVersion {
        /// Kafka's name of the message.
        message: &'static str,
        /// The version asked for.
        version: i16,
    },
    /// No API has this key.
    #[error("no API has the key {key}")]
    UnknownApi {
        /// The key.
        key: i16,
    },
    /// More bytes are needed than there are.
    #[error("{needed} bytes needed at {at}, {left} left")]
    Truncated {
        /// Where.
        at: usize,
        /// Bytes needed.
        needed: usize,
        /// Bytes left.
        left: usize,
    },
    /// An array claims more elements than the bytes that are left can hold.
    #[error("an array of {count} elements before {at} cannot fit into the {left} bytes left")]
    ArrayTooLong {
        /// Where the elements would start.
        at: usize,
        /// Elements claimed.
        count: usize,
        /// Bytes left.
        left: usize,
    },
    /// A string of more than 32,767 bytes as it is kept: no other message or record could carry it on.
    #[error("the string before {at} has {length} bytes")]
    StringTooLong {
        /// Where its bytes start.
        at: usize,
        /// How many bytes it has.
        length: usize,
    },
    /// Null where this version allows no null.
    #[error("null before {at}, where this version allows none")]
    UnexpectedNull {
        /// Where the value would start.
        at: usize,
    },
    /// A variable-length integer that does not fit its type.
    #[error("a variable-length integer at {at} does not end where it must")]
    Varint {
        /// Where it starts.
        at: usize,
    },
    /// Tagged fields that are not in ascending order, or one given twice.
    #[error("tagged field {tag} before {at} is not in ascending order")]
    TagOrder {
        /// Where its value starts.
        at: usize,
        /// The tag.
        tag: u32,
    },
    /// A tagged field whose value does not have the length it claims.
    #[error("the value of tagged field {tag} ends at {at} instead of {end}")]
    TagSize {
        /// Where the value ended, or the input.
        at: usize,
        /// Where it should have ended.
        end: usize,
        /// The tag.
        tag: u32,
    },
    /// A known tagged field at a version that does not have it.
    #[error("tagged field {tag} before {at} does not exist at this version")]
    TagNotInVersion {
        /// Where its value starts.
        at: usize,
        /// The tag.
        tag: u32,
    },
    /// Decoding on would take more memory than allowed.
    #[error("decoding needs {needed} more bytes of memory, {left} are allowed")]
    BudgetExceeded {
        /// Bytes about to be allocated.
        needed: usize,
        /// Bytes still allowed.
        left: usize,
    },
    /// Bytes follow the end of the message.
    #[error("{count} bytes after the end of the message")]
    LeftOver {
        /// How many.
        count: usize,
    },
}

/// Why a message could not be encoded at a version.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EncodeError {
    /// The message has no such version.
    #[error("{message} has no version {version}")]
    UnsupportedVersion {
        /// Kafka's name of the message.
        message: &'static str,
        /// The version asked for.
        version: i16,
    },
    /// A field is set that this version lacks and that may not be dropped silently.
    #[error("{field} is set, version {version} does not have it")]
    FieldNotInVersion {
        /// The field, such as `FetchRequest.replica_id`.
        field: &'static str,
        /// The version asked for.
        version: i16,
    },
    /// Null where this version allows no null.
    #[error("{field} is null, this version allows none")]
    UnexpectedNull {
        /// The field.
        field: &'static str,
    },
    /// A string above 32,767 bytes, or a value whose length does not fit into 31 bits.
    #[error("{field} has a length of {length}, too much for its encoding")]
    TooLong {
        /// The field.
        field: &'static str,
        /// Its length in bytes or elements.
        length: usize,
    },
    /// An unknown tagged field carries the tag of a known one.
    #[error("an unknown tagged field uses the tag {tag} of a known one")]
    TagCollision {
        /// The tag.
        tag: u32,
    },
}
