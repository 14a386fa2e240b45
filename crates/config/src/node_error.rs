//! What can be wrong with a node's settings, and what looks wrong but does not stop it.

/// Why a node cannot start with its settings. Each message says what failed, the value seen, and what would be right.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// A properties file that is none.
    #[error("not a properties file: {reason}")]
    Syntax {
        /// From 1, where known.
        line: Option<usize>,
        /// What the reader stumbled over.
        reason: String,
    },
    /// An override without `=` or without a key.
    #[error("{text:?} is not of the form key=value")]
    NoValue {
        /// As given.
        text: String,
    },
    /// A value that its key does not take.
    #[error("{key}={value}: expected {expected}")]
    Invalid {
        /// The key.
        key: String,
        /// As given.
        value: String,
        /// The values that are taken.
        expected: String,
    },
    /// A key without which there is no node.
    #[error("{key} is not set: {fix}")]
    Missing {
        /// The key.
        key: &'static str,
        /// What to set it to.
        fix: &'static str,
    },
    /// A key asks for something that must not be ignored and is not served.
    #[error("{key}={value} asks for {what}, which this version does not serve: remove the key")]
    Refused {
        /// The key.
        key: String,
        /// As given, or hidden.
        value: String,
        /// What it asks for.
        what: String,
    },
    /// Keys that are fine alone and not together.
    #[error("{key}={value}: {rule}")]
    Conflict {
        /// The key to change.
        key: &'static str,
        /// Its value.
        value: String,
        /// What must hold.
        rule: String,
    },
    /// An address that nobody can connect to.
    #[error("{key}={value}: {rule}")]
    Unreachable {
        /// The key to change.
        key: &'static str,
        /// The address.
        value: String,
        /// Why nobody can.
        rule: String,
    },
}

impl ConfigError {
    /// The key that it is about, where it is about one.
    pub fn key(&self) -> Option<&str> {
        match self {
            Self::Syntax { .. } | Self::NoValue { .. } => None,
            Self::Invalid { key, .. } | Self::Refused { key, .. } => Some(key),
            Self::Missing { key, .. } | Self::Conflict { key, .. } | Self::Unreachable { key, .. } => {
                Some(key)
            }
        }
    }
}

/// A key that does not do what its writer may expect; the node starts all the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ConfigWarning {
    /// No key of Kafka; perhaps misspelt.
    Unknown {
        /// As given.
        key: String,
        /// The key it resembles.
        nearest: Option<&'static str>,
    },
    /// A key of a part of Kafka that is not served yet.
    NotYet {
        /// The key.
        key: String,
        /// The part of Kafka it belongs to.
        part: &'static str,
    },
    /// A key that means nothing here.
    NoEffect {
        /// The key.
        key: String,
        /// Why.
        reason: &'static str,
    },
}

impl ConfigWarning {
    /// The key, as given.
    pub fn key(&self) -> &str {
        match self {
            Self::Unknown { key, .. } | Self::NotYet { key, .. } | Self::NoEffect { key, .. } => key,
        }
    }
}
