//! Patterns that transactional ids are to match (KIP-1152). Kafka reads them as RE2 does; matching takes time in
//! proportion to pattern and id, whatever they are.

use regex::{Regex, RegexBuilder};

/// Bytes that a compiled pattern may take.
const COMPILED_BYTES_MAX: usize = 1 << 20;

/// A pattern, compiled; cheap to clone.
#[derive(Clone, Debug)]
pub struct IdPattern(Regex);

/// A pattern that is none (`INVALID_REGULAR_EXPRESSION`).
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the pattern `{pattern}` is not a valid regular expression: {reason}")]
pub struct InvalidPattern {
    /// As the client wrote it.
    pub pattern: String,
    /// What is wrong with it.
    pub reason: String,
}

impl IdPattern {
    /// Compiles a pattern.
    ///
    /// # Errors
    /// [`InvalidPattern`], also where it would take too much memory.
    pub fn compile(pattern: &str) -> Result<Self, InvalidPattern> {
        let build = |pattern: &str| RegexBuilder::new(pattern).size_limit(COMPILED_BYTES_MAX).build();
        let invalid = |error: regex::Error| InvalidPattern {
            pattern: pattern.to_owned(),
            reason: match error {
                regex::Error::CompiledTooBig(_) => "it is too large".to_owned(),
                error => error.to_string(),
            },
        };
        // By itself first: what closes a group that it did not open is no pattern.
        build(pattern).map_err(invalid)?;
        build(&format!(r"\A(?:{pattern})\z")).map(Self).map_err(invalid)
    }

    /// Whether the whole of `transactional_id` matches.
    pub fn matches(&self, transactional_id: &str) -> bool {
        self.0.is_match(transactional_id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(pattern: &str, id: &str) -> bool {
        IdPattern::compile(pattern).expect("a pattern").matches(id)
    }

    #[test]
    fn a_pattern_matches_ids_as_a_whole() {
        assert!(matches("app-.*", "app-1") && !matches("app-.*", "my-app-1") && !matches("app", "app-1"));
        assert!(matches("a|ab", "ab") && matches("a|b", "b") && !matches("a|b", "ab"));
        assert!(matches("(?i)APP", "app") && matches(r"a\.b", "a.b"));
    }

    #[test]
    fn what_is_no_pattern_is_refused() {
        for pattern in ["(", "a)|(b", "[", "*", "a{2,1}", r"(a)\1", "(?=a)"] {
            assert!(IdPattern::compile(pattern).is_err(), "{pattern}");
        }
    }

    #[test]
    fn a_pattern_that_would_be_huge_is_refused() {
        let refused = IdPattern::compile("((a{1000}){1000}){1000}").expect_err("too large");
        assert_eq!(refused.reason, "it is too large");
    }

    #[test]
    fn a_pattern_that_makes_others_try_for_ever_takes_no_time() {
        assert!(!matches("(a*)*b|(a|a)*c|(.*a){20}b", &"a".repeat(20_000)));
    }
}
