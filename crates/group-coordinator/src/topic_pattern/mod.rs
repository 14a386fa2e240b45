//! Patterns of topics (KIP-848's `SubscribedTopicRegex`), as [`coordinator::pattern`] reads them: names of topics are ASCII.

#[cfg(test)]
mod golden_test;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use coordinator::pattern::{Alphabet, Pattern};
use types::TopicName;

pub use coordinator::pattern::PatternError;

/// A pattern of topics.
#[derive(Clone, Debug)]
pub struct TopicPattern(Pattern);

impl TopicPattern {
    /// Compiles a pattern.
    ///
    /// # Errors
    /// See [`PatternError`].
    pub fn compile(pattern: &str) -> Result<Self, PatternError> {
        Pattern::compile(pattern, Alphabet::Ascii).map(Self)
    }

    /// Whether the whole name matches.
    pub fn matches(&self, topic: &str) -> bool {
        self.0.matches(topic)
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
