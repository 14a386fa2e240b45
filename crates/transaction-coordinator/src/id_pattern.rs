//! Patterns that transactional ids are to match (KIP-1152).

use coordinator::pattern::{Alphabet, Pattern, PatternError};

/// A pattern, compiled; cheap to clone.
#[derive(Clone, Debug)]
pub struct IdPattern(Pattern);

/// A pattern that is none (`INVALID_REGULAR_EXPRESSION`).
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the pattern `{pattern}` is not a valid regular expression: {reason}")]
pub struct InvalidPattern {
    /// As the client wrote it.
    pub pattern: String,
    /// What is wrong with it.
    pub reason: PatternError,
}

impl IdPattern {
    /// Compiles a pattern.
    ///
    /// # Errors
    /// [`InvalidPattern`], also where it would take too much memory.
    pub fn compile(pattern: &str) -> Result<Self, InvalidPattern> {
        let invalid = |reason| InvalidPattern { pattern: pattern.to_owned(), reason };
        Pattern::compile(pattern, Alphabet::Unicode).map(Self).map_err(invalid)
    }

    /// Whether the whole of `transactional_id` matches.
    pub fn matches(&self, transactional_id: &str) -> bool {
        self.0.matches(transactional_id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_matches_ids_as_a_whole() {
        let matches = |pattern: &str, id: &str| IdPattern::compile(pattern).expect("a pattern").matches(id);
        assert!(matches("app-.*", "app-1") && !matches("app-.*", "my-app-1") && !matches("app", "app-1"));
        assert!(
            matches("a|ab", "ab") && matches("a|b", "b") && !matches("a|b", "ab") && matches("grü.*", "grün")
        );
    }

    #[test]
    fn what_is_no_pattern_is_refused_with_its_reason() {
        let refused = IdPattern::compile("a)|(b").expect_err("no pattern");
        assert_eq!(
            refused.to_string(),
            "the pattern `a)|(b` is not a valid regular expression: regexp/syntax: internal error"
        );
    }
}
