//! The topics that patterns mean have been found.

use std::sync::Arc;

use super::draft::Draft;
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
                None => !topics.is_empty(),
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
}
