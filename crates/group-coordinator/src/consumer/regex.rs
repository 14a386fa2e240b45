//! The topics that patterns mean have been found.

use std::sync::Arc;

use super::draft::Draft;
use super::member::Member;
use super::{ConsumerGroup, Resolved, TopicsResolved};
use crate::GroupError;
use crate::classic::Turn;
use crate::records::ConsumerRecord;

impl ConsumerGroup {
    /// Takes over what was found. Patterns that nobody has any more are left out; where others mean other topics than
    /// before, the group's epoch rises.
    ///
    /// # Errors
    /// `TooLarge`; nothing has changed then.
    pub(super) fn take_resolved(
        &mut self,
        found: TopicsResolved,
        turn: &mut Turn<'_>,
    ) -> Result<(), GroupError> {
        let TopicsResolved { topics, version, number, at_ms, .. } = found;
        if self.resolving.is_none_or(|job| job.number != number) {
            return Ok(());
        }
        self.resolving = None;
        let mut draft = Draft::default();
        let mut after = self.subscriptions.clone();
        let mut is_news = false;
        for (regex, topics) in topics {
            if self.subscriptions.members_with(&regex) == 0 {
                continue;
            }
            let before = self.subscriptions.resolved(&regex);
            // A pattern of which nothing is known means nothing.
            is_news |= match before {
                Some(before) => before.topics != topics,
                None => !topics.is_empty() || self.is_to_have_more_than_names(&regex, turn),
            };
            let resolved = Resolved { topics, version, at_ms };
            after.resolve(&regex, Some(resolved.clone()));
            draft.push(ConsumerRecord::Regex(Arc::clone(&regex), Some(resolved)));
        }
        let metadata_hash = turn.topics.hash(after.topics());
        is_news |= metadata_hash != self.metadata_hash;
        if is_news {
            self.raise_epoch(metadata_hash, &mut draft);
        }
        self.commit(draft, turn)?;
        if is_news {
            self.topics_were_looked_at(turn);
        }
        Ok(())
    }

    /// Whether a member with this pattern is to have partitions of topics that it does not name: those of a pattern that
    /// it had before. Kafka leaves them to it, and nobody reads them, until something else changes.
    fn is_to_have_more_than_names(&self, regex: &str, turn: &Turn<'_>) -> bool {
        let has_it = |member: &&Member| member.says.regex().is_some_and(|its| **its == *regex);
        self.members().filter(has_it).any(|member| {
            let target = self.target_of(&member.id);
            let mut names =
                target.topics.iter().filter_map(|topic| turn.topics.cluster().topic_name(topic.topic_id));
            names.any(|name| !member.says.subscription.names.contains(&name))
        })
    }
}
