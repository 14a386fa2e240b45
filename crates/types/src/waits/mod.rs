//! Why something waits: the causes as types, and what a person is told of them.
//!
//! `milena why` speaks these words. Whoever lets somebody wait can name the cause
//! (an enum such as [`GroupWait`], with the evidence as data); [`Explanation`] is its form for people, the same for all,
//! and a [`Report`] is all that is told of one subject.

mod group;
mod partition;
mod transaction;

use std::borrow::Cow;
use std::fmt;

pub use group::{GroupWait, LaggingPartition, LastCommit, WaitingMember};
pub use partition::{OpenTransaction, PartitionWait, WaitingClient, WaitingFetch};
pub use transaction::TransactionWait;

/// A wait as a person is told it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explanation {
    /// Names the cause, and stays the same from version to version: `group.member-has-not-joined`.
    pub code: Cow<'static, str>,
    /// What is waited for.
    pub cause: String,
    /// What shows it: names and numbers as they are now.
    pub evidence: Vec<String>,
    /// What ends the wait.
    pub freed_by: String,
    /// Milliseconds until time ends it, where time does.
    pub left_ms: Option<i64>,
}

impl Explanation {
    /// A wait that one thing shows, and that time does not end.
    fn of(code: &'static str, cause: &str, evidence: String, freed_by: &str) -> Self {
        let (cause, freed_by) = (cause.to_owned(), freed_by.to_owned());
        Self { code: code.into(), cause, evidence: vec![evidence], freed_by, left_ms: None }
    }

    /// The same, ended by time at the latest.
    fn within(self, left_ms: i64) -> Self {
        Self { left_ms: Some(left_ms), ..self }
    }
}

impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} [{}]", self.cause, self.code)?;
        for evidence in &self.evidence {
            write!(f, "\n  seen: {evidence}")?;
        }
        write!(f, "\n  freed by: {}", self.freed_by)?;
        match self.left_ms {
            Some(left_ms) => write!(f, ", or in {left_ms} ms"),
            None => Ok(()),
        }
    }
}

/// What is known of one subject, a group or a partition, and what waits there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// How it stands, in the order in which it is told.
    pub facts: Vec<Fact>,
    /// What is waited for; empty where nothing waits.
    pub waits: Vec<Explanation>,
}

impl Report {
    /// Adds a number.
    pub fn number(&mut self, name: &'static str, number: i64) {
        self.facts.push(Fact { name: name.into(), value: FactValue::Number(number) });
    }

    /// Adds a text.
    pub fn text(&mut self, name: &'static str, text: impl Into<String>) {
        self.facts.push(Fact { name: name.into(), value: FactValue::Text(text.into()) });
    }

    /// Adds a list of texts.
    pub fn list(&mut self, name: &'static str, texts: impl IntoIterator<Item = String>) {
        self.facts.push(Fact { name: name.into(), value: FactValue::List(texts.into_iter().collect()) });
    }
}

/// One thing that is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fact {
    /// Its name, such as `high watermark`; stays the same from version to version.
    pub name: Cow<'static, str>,
    /// How it stands.
    pub value: FactValue,
}

/// The value of a [`Fact`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FactValue {
    /// An offset, an epoch, a number of bytes.
    Number(i64),
    /// A word or a sentence.
    Text(String),
    /// Several of them.
    List(Vec<String>),
}

impl FactValue {
    /// On the wire (`ValueType`): a number.
    pub const NUMBER: i8 = 0;
    /// On the wire: one text.
    pub const TEXT: i8 = 1;
    /// On the wire: a list of texts.
    pub const LIST: i8 = 2;
}
