//! Patterns as Kafka's coordinators read them: RE2's syntax as RE2/J 1.8 reads it, on an engine that takes linear time
//! whatever the pattern.
//!
//! What RE2/J refuses is refused with its reason. What it accepts means the same here for every text of the [`Alphabet`];
//! beyond ASCII as far as the engine's tables of Unicode agree with Java's. The one difference is of size: see
//! [`PatternError::TooLarge`].
//!
//! Compiling and matching take time: neither belongs under a shard's lock.

mod char_set;
mod parse;
mod unicode_classes;

use regex::bytes::{Regex, RegexBuilder};

/// How long a pattern may be, in bytes. Kafka knows no limit.
pub const PATTERN_BYTES_MAX: usize = 16 * 1024;
/// How large a compiled pattern may be, in bytes. `.{0,1000}` over ASCII takes a tenth of it.
const COMPILED_BYTES_MAX: usize = 1 << 20;
/// The same for one over all characters, each of which takes several bytes.
const COMPILED_BYTES_MAX_OF_ALL: usize = 8 << 20;
/// How deep groups may be nested.
const NESTED_MAX: u32 = 250;

/// What the texts are made of that a pattern is held against.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Alphabet {
    /// ASCII, as names of topics are: others match nothing. Classes are small.
    Ascii,
    /// Whatever a string of Kafka's may hold.
    Unicode,
}

/// A compiled pattern; cheap to clone.
#[derive(Clone, Debug)]
pub struct Pattern(Regex);

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

impl Pattern {
    /// Compiles a pattern for texts of an alphabet.
    ///
    /// # Errors
    /// See [`PatternError`].
    pub fn compile(pattern: &str, alphabet: Alphabet) -> Result<Self, PatternError> {
        if pattern.len() > PATTERN_BYTES_MAX {
            return Err(PatternError::TooLarge);
        }
        let translated = parse::translate(pattern, alphabet)?;
        let (is_unicode, bytes_max) = match alphabet {
            Alphabet::Ascii => (false, COMPILED_BYTES_MAX),
            Alphabet::Unicode => (true, COMPILED_BYTES_MAX_OF_ALL),
        };
        RegexBuilder::new(&format!(r"\A(?:{translated})\z"))
            .unicode(is_unicode)
            .size_limit(bytes_max)
            .nest_limit(NESTED_MAX)
            .build()
            .map(Self)
            .map_err(|_too_large| PatternError::TooLarge)
    }

    /// Whether the whole text matches.
    pub fn matches(&self, text: &str) -> bool {
        self.0.is_match(text.as_bytes())
    }
}

#[cfg(test)]
#[path = "pattern_test.rs"]
mod tests;
