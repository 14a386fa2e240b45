//! In what a key's number is measured. Kafka says it in the key's name, where it says it.

use std::fmt;

use crate::node_key::{KeyType, NodeKey};

/// What a number counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names say it")]
pub enum Measure {
    Milliseconds,
    Seconds,
    Minutes,
    Hours,
    Bytes,
    BytesPerSecond,
    /// A part of a whole, or a multiple of it.
    Ratio,
}

/// Sizes in bytes whose names do not say so.
const BYTES: &[&str] = &[
    "log.cleaner.dedupe.buffer.size",
    "log.cleaner.io.buffer.size",
    "offsets.load.buffer.size",
    "sasl.server.max.receive.size",
    "share.coordinator.load.buffer.size",
    "transaction.state.log.load.buffer.size",
];

/// Parts of a name, in the order in which they are looked for, and what they tell.
const WORDS: &[(&str, Measure)] = &[
    ("bytes.per.second", Measure::BytesPerSecond),
    ("throttled.rate", Measure::BytesPerSecond),
    ("bytes", Measure::Bytes),
    ("ms", Measure::Milliseconds),
    ("millis", Measure::Milliseconds),
    ("seconds", Measure::Seconds),
    ("secs", Measure::Seconds),
    ("minutes", Measure::Minutes),
    ("hours", Measure::Hours),
];

impl Measure {
    /// What the value of `key` is measured in; `None` where it is no number, or counts things.
    pub fn of(key: &NodeKey) -> Option<Self> {
        let is_number =
            matches!(key.key_type, KeyType::Int | KeyType::Short | KeyType::Long | KeyType::Double);
        if !is_number {
            return None;
        }
        if BYTES.contains(&key.name) {
            return Some(Self::Bytes);
        }
        let named = |word: &str| format!(".{}.", key.name).contains(&format!(".{word}."));
        let said = WORDS.iter().find(|(word, _)| named(word)).map(|(_, measure)| *measure);
        said.or((key.key_type == KeyType::Double).then_some(Self::Ratio))
    }
}

impl fmt::Display for Measure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Milliseconds => "milliseconds",
            Self::Seconds => "seconds",
            Self::Minutes => "minutes",
            Self::Hours => "hours",
            Self::Bytes => "bytes",
            Self::BytesPerSecond => "bytes per second",
            Self::Ratio => "ratio",
        })
    }
}
