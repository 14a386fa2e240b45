//! Patterns of topics (KIP-848's `SubscribedTopicRegex`): RE2's syntax as RE2/J 1.8 reads it, on an engine that takes linear
//! time whatever the pattern.
//!
//! What RE2/J refuses is refused with its reason. What it accepts means the same here for every name that a topic can have:
//! names are ASCII, so that classes are sets of ASCII characters. The one difference is of size: see [`PatternError`].
//!
//! Compiling and matching take time: neither belongs under a shard's lock.

mod ascii_set;
mod parse;
mod unicode_classes;

#[cfg(test)]
mod golden_test;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use regex::bytes::{Regex, RegexBuilder};
use types::TopicName;

/// How long a pattern may be, in bytes. Kafka knows no limit; names of topics have 249 characters.
pub const PATTERN_BYTES_MAX: usize = 16 * 1024;
/// How large a compiled pattern may be, in bytes. `.{0,1000}` takes a tenth of it.
const COMPILED_BYTES_MAX: usize = 1 << 20;
/// How deep groups may be nested.
const NESTED_MAX: u32 = 250;

/// A pattern of topics.
#[derive(Clone, Debug)]
pub struct TopicPattern(Regex);

/// Why a text is no pattern: with the words of RE2/J, which Kafka repeats to its clients.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[allow(missing_docs, reason = "the texts say it")]
pub enum PatternError {
    #[error("duplicate capture group name")]
    DuplicateGroupName,
    #[error("regexp/syntax: internal error")]
    UnexpectedParenthesis,
    #[error("invalid character class range")]
    InvalidClass,
    #[error("invalid escape sequence")]
    InvalidEscape,
    #[error("invalid named capture")]
    InvalidGroupName,
    #[error("invalid or unsupported Perl syntax")]
    InvalidPerlSyntax,
    #[error("invalid nested repetition operator")]
    NestedRepetition,
    #[error("invalid repeat count")]
    InvalidRepeatCount,
    #[error("missing closing ]")]
    MissingBracket,
    #[error("missing closing )")]
    MissingParenthesis,
    #[error("missing argument to repetition operator")]
    NothingToRepeat,
    #[error("trailing backslash at end of expression")]
    TrailingBackslash,
    /// Too long, nested too deep, or too large when compiled. RE2/J takes such patterns for as long as memory lasts.
    #[error("expression is too large")]
    TooLarge,
}

impl TopicPattern {
    /// Compiles a pattern.
    ///
    /// # Errors
    /// See [`PatternError`].
    pub fn compile(pattern: &str) -> Result<Self, PatternError> {
        if pattern.len() > PATTERN_BYTES_MAX {
            return Err(PatternError::TooLarge);
        }
        let translated = parse::translate(pattern)?;
        RegexBuilder::new(&format!(r"\A(?:{translated})\z"))
            .unicode(false)
            .size_limit(COMPILED_BYTES_MAX)
            .nest_limit(NESTED_MAX)
            .build()
            .map(Self)
            .map_err(|_too_large| PatternError::TooLarge)
    }

    /// Whether the whole name matches.
    pub fn matches(&self, topic: &str) -> bool {
        self.0.is_match(topic.as_bytes())
    }
}

/// The topics whose names match, for each pattern; none for what cannot be compiled.
pub fn matching_topics<'a>(
    patterns: impl IntoIterator<Item = &'a Arc<str>>,
    topics: impl Iterator<Item = TopicName>,
) -> BTreeMap<Arc<str>, BTreeSet<TopicName>> {
    let mut found: Vec<(&Arc<str>, Option<TopicPattern>, BTreeSet<TopicName>)> = patterns
        .into_iter()
        .map(|pattern| (pattern, TopicPattern::compile(pattern).ok(), BTreeSet::new()))
        .collect();
    for topic in topics {
        for (_, pattern, matching) in &mut found {
            if pattern.as_ref().is_some_and(|pattern| pattern.matches(&topic)) {
                matching.insert(topic.clone());
            }
        }
    }
    found.into_iter().map(|(pattern, _, matching)| (Arc::clone(pattern), matching)).collect()
}
