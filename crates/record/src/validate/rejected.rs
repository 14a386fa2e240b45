//! Records that are refused one by one, and how a producer is told (KIP-467).

use std::fmt;

use thiserror::Error;

use super::AppendRules;
use crate::{Attributes, TimestampType};

/// Most records of one batch that are named. A batch of a few bytes can inflate to millions of bad records.
pub const REJECTED_MAX: usize = 1000;

/// One refused record; what the answer's `record_errors` are made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RejectedRecord {
    /// The record's place in the batch, from 0.
    pub batch_index: i32,
    /// What is wrong with it; its `Display` is the answer's message.
    pub reason: Rejection,
}

/// What is wrong with a record.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum Rejection {
    /// A record without key for a compacted topic (INVALID_RECORD).
    #[error("a compacted topic takes no record without a key")]
    NoKey,
    /// Too old or too far ahead (INVALID_TIMESTAMP).
    #[error("timestamp {timestamp} is not between {earliest} and {latest}")]
    Timestamp {
        /// The record's, in milliseconds.
        timestamp: i64,
        /// The least that is accepted now.
        earliest: i64,
        /// The largest that is accepted now.
        latest: i64,
    },
    /// A producer claims to be the log's clock (INVALID_TIMESTAMP).
    #[error("a producer cannot set the timestamp type to LogAppendTime")]
    LogAppendTime,
}

/// Every refused record of a batch, at most [`REJECTED_MAX`]; none of the batch is appended.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RejectedRecords {
    /// In the order of the batch, not empty.
    pub records: Vec<RejectedRecord>,
}

/// What the whole batch is answered with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RejectionKind {
    /// INVALID_TIMESTAMP: at least one record was refused for its timestamp.
    Timestamp,
    /// INVALID_RECORD.
    Record,
}

impl RejectedRecords {
    /// The error of the whole batch.
    pub fn kind(&self) -> RejectionKind {
        if self.records.iter().any(|record| record.reason != Rejection::NoKey) {
            RejectionKind::Timestamp
        } else {
            RejectionKind::Record
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.records.is_empty()
    }

    /// Notes one more; the one that is one too many fails with all of them.
    pub(super) fn push(&mut self, record: RejectedRecord) -> Result<(), Self> {
        self.records.push(record);
        if self.records.len() < REJECTED_MAX { Ok(()) } else { Err(std::mem::take(self)) }
    }
}

impl fmt::Display for RejectedRecords {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} records are refused, the first because: ", self.records.len())?;
        match self.records.first() {
            Some(first) => write!(f, "{} (record {})", first.reason, first.batch_index),
            None => write!(f, "none"),
        }
    }
}

impl std::error::Error for RejectedRecords {}

/// What is wrong with a record, if anything. The oracle's order: the key first, then the timestamp.
pub(super) fn reject(
    rules: &AppendRules,
    batch: Attributes,
    timestamp: i64,
    has_key: bool,
) -> Option<Rejection> {
    if rules.compacted && !has_key {
        return Some(Rejection::NoKey);
    }
    if rules.timestamp_type == TimestampType::CreateTime && timestamp != -1 {
        // Wraps as the oracle's does: a bound of i64::MAX is none.
        let age = rules.now_ms.wrapping_sub(timestamp);
        let in_range =
            age <= rules.timestamp_before_max_ms && age.wrapping_neg() <= rules.timestamp_after_max_ms;
        return (!in_range).then(|| Rejection::Timestamp {
            timestamp,
            earliest: rules.now_ms.wrapping_sub(rules.timestamp_before_max_ms),
            latest: rules.now_ms.wrapping_add(rules.timestamp_after_max_ms),
        });
    }
    (batch.timestamp_type() == TimestampType::LogAppendTime).then_some(Rejection::LogAppendTime)
}
