//! What the members of a group read: topics by name, and by patterns that mean topics.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use types::TopicName;

use super::member::Says;

/// What a pattern was found to mean.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Resolved {
    pub(crate) topics: BTreeSet<TopicName>,
    /// Of the view of the cluster that was looked at.
    pub(crate) version: i64,
    /// When it was looked at, wall clock.
    pub(crate) at_ms: i64,
}

/// By how many a topic is read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Readers {
    /// Members that name it.
    names: usize,
    /// Patterns that mean it.
    patterns: usize,
}

/// All that is read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Subscriptions {
    topics: BTreeMap<TopicName, Readers>,
    /// How many members have each pattern.
    regexes: BTreeMap<Arc<str>, usize>,
    /// The patterns that were looked at.
    resolved: BTreeMap<Arc<str>, Resolved>,
}

impl Subscriptions {
    /// A member that said `before` says `after`; `None` where it was not there, or goes.
    pub(crate) fn change(&mut self, before: Option<&Says>, after: Option<&Says>) {
        if let (Some(before), Some(after)) = (before, after)
            && before.subscription == after.subscription
        {
            return;
        }
        for topic in before.into_iter().flat_map(|says| &says.subscription.names) {
            self.less(topic, |readers| &mut readers.names);
        }
        for topic in after.into_iter().flat_map(|says| &says.subscription.names) {
            self.topics.entry(topic.clone()).or_default().names += 1;
        }
        if let Some(regex) = before.and_then(Says::regex)
            && let Some(count) = self.regexes.get_mut(regex)
        {
            *count -= 1;
            if *count == 0 {
                self.regexes.remove(regex);
            }
        }
        if let Some(regex) = after.and_then(Says::regex) {
            *self.regexes.entry(regex.clone()).or_default() += 1;
        }
    }

    /// A pattern means these topics from here on; `None`: nothing is known of it.
    pub(crate) fn resolve(&mut self, regex: &Arc<str>, resolved: Option<Resolved>) {
        if let Some(before) = self.resolved.remove(regex) {
            for topic in &before.topics {
                self.less(topic, |readers| &mut readers.patterns);
            }
        }
        if let Some(resolved) = resolved {
            for topic in &resolved.topics {
                self.topics.entry(topic.clone()).or_default().patterns += 1;
            }
            self.resolved.insert(regex.clone(), resolved);
        }
    }

    /// One reader of the topic less; a topic without readers goes.
    fn less(&mut self, topic: &TopicName, which: impl FnOnce(&mut Readers) -> &mut usize) {
        if let Some(readers) = self.topics.get_mut(topic) {
            let count = which(readers);
            *count = count.saturating_sub(1);
            if *readers == Readers::default() {
                self.topics.remove(topic);
            }
        }
    }

    pub(crate) fn has_topic(&self, topic: &str) -> bool {
        self.topics.contains_key(topic)
    }

    /// In order.
    pub(crate) fn topics(&self) -> impl Iterator<Item = &TopicName> {
        self.topics.keys()
    }

    /// How many members have the pattern.
    pub(crate) fn members_with(&self, regex: &str) -> usize {
        self.regexes.get(regex).copied().unwrap_or(0)
    }

    /// The patterns that members have.
    pub(crate) fn regexes(&self) -> impl ExactSizeIterator<Item = &Arc<str>> {
        self.regexes.keys()
    }

    /// What is known of a pattern.
    pub(crate) fn resolved(&self, regex: &str) -> Option<&Resolved> {
        self.resolved.get(regex)
    }

    /// All that is known of patterns.
    pub(crate) fn all_resolved(&self) -> &BTreeMap<Arc<str>, Resolved> {
        &self.resolved
    }

    /// What members that say this mean.
    pub(crate) fn is_read_by(&self, says: &Says, topic: &str) -> bool {
        let is_named = says.subscription.names.iter().any(|name| **name == *topic);
        let is_meant = || {
            let resolved = says.regex().and_then(|regex| self.resolved(regex));
            resolved.is_some_and(|resolved| resolved.topics.contains(topic))
        };
        is_named || is_meant()
    }
}
