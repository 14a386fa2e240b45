//! A member says what it reads: what that changes for the group.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::draft::Draft;
use super::group::TopicsLook;
use super::member::{Member, Says};
use super::subscriptions::Subscriptions;
use super::{ConsumerGroup, JOB_TIMEOUT_MS};
use crate::GroupError;
use crate::classic::Turn;
use crate::records::{ConsumerRecord, GroupEpoch};

/// Patterns are not looked at again before this has passed, in milliseconds. Not configurable in Kafka either.
const REGEX_REFRESH_INTERVAL_MS_MIN: i64 = 10_000;
/// For how long the topics of a group are not looked at where nothing happens, in milliseconds: 24 days, as in Kafka.
const TOPICS_LOOK_INTERVAL_MS: i64 = i32::MAX as i64;

/// What is new in what a member reads.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct SubscriptionChange {
    /// It reads other topics.
    pub(super) has_changed: bool,
    /// The partitions are to be shared out anew. Not for a pattern of which nothing is known yet: that would have to
    /// be done again.
    pub(super) raises_epoch: bool,
    /// Patterns that are to be looked at.
    pub(super) resolve: Option<BTreeSet<Arc<str>>>,
}

impl ConsumerGroup {
    /// Notes in `draft` what `member` says now; `is_regex_valid` tells of its pattern.
    ///
    /// # Errors
    /// `InvalidRegularExpression` for a pattern that is new to the group and cannot be compiled.
    pub(super) fn change_subscription(
        &self,
        member: &Member,
        says: &Says,
        is_regex_valid: bool,
        draft: &mut Draft,
        turn: &Turn<'_>,
    ) -> Result<SubscriptionChange, GroupError> {
        let before = &*member.says;
        if says != before {
            draft.push(ConsumerRecord::Member(member.id.clone(), Some(Arc::new(says.clone()))));
        }
        let has_new_names = says.subscription.names != before.subscription.names;
        let has_new_regex = says.subscription.pattern != before.subscription.pattern;
        let (mut is_unknown, mut is_resolved) = (false, false);
        if has_new_regex {
            if let Some(regex) = before.regex().filter(|regex| self.subscriptions.members_with(regex) == 1) {
                draft.push(ConsumerRecord::Regex(regex.clone(), None));
            }
            match says.regex() {
                Some(regex) if self.subscriptions.members_with(regex) == 0 => {
                    if !is_regex_valid {
                        return Err(GroupError::InvalidRegularExpression);
                    }
                    is_unknown = true;
                }
                Some(regex) => is_resolved = self.subscriptions.resolved(regex).is_some(),
                None => is_resolved = before.regex().is_some(),
            }
        }
        Ok(SubscriptionChange {
            has_changed: has_new_names || has_new_regex,
            raises_epoch: has_new_names || is_resolved,
            resolve: self.regexes_to_resolve(before, says, is_unknown, turn),
        })
    }

    /// The patterns of the group, if it is time to look at them.
    fn regexes_to_resolve(
        &self,
        before: &Says,
        says: &Says,
        has_unknown: bool,
        turn: &Turn<'_>,
    ) -> Option<BTreeSet<Arc<str>>> {
        if !has_unknown && self.subscriptions.regexes().len() == 0 {
            return None;
        }
        let is_under_way = |job: &super::group::UnderWay| turn.now.uptime_ms < job.since_ms + JOB_TIMEOUT_MS;
        if self.resolving.as_ref().is_some_and(is_under_way) {
            return None;
        }
        let now_ms = turn.now.clock_ms;
        let resolved = self.subscriptions.all_resolved();
        let last = resolved.values().next();
        if last.is_some_and(|last| now_ms <= last.at_ms.saturating_add(REGEX_REFRESH_INTERVAL_MS_MIN)) {
            return None;
        }
        let mut after = self.subscriptions.clone();
        after.change(Some(before), Some(says));
        let regexes: BTreeSet<Arc<str>> = after.regexes().cloned().collect();
        let interval_ms = turn.settings.consumer.regex_refresh_interval_ms;
        let is_old = last.is_none_or(|last| now_ms > last.at_ms.saturating_add(interval_ms));
        let is_due = has_unknown
            || regexes.len() != resolved.len()
            || last.map_or(0, |last| last.version) < turn.topics.new_topics_version()
            || is_old;
        (is_due && !regexes.is_empty()).then_some(regexes)
    }

    /// What the members read when `member` says this.
    fn subscriptions_with(&self, member: &Member, says: &Says) -> Subscriptions {
        let mut after = self.subscriptions.clone();
        after.change(Some(&*member.says), Some(says));
        if let Some(regex) = member.says.regex()
            && says.regex() != Some(regex)
            && self.subscriptions.members_with(regex) == 1
        {
            after.resolve(regex, None);
        }
        after
    }

    /// Whether the topics that the group reads are to be looked at now.
    fn is_topics_look_due(&self, turn: &Turn<'_>) -> bool {
        match self.topics_look {
            TopicsLook::Due => true,
            TopicsLook::NotBefore(at_ms) => turn.now.clock_ms >= at_ms,
        }
    }

    /// Raises the group's epoch where `is_news`, or where the topics that it reads are others than they were. True where
    /// they were looked at: see [`Self::topics_were_looked_at`].
    pub(super) fn maybe_raise_epoch(
        &self,
        member: &Member,
        says: &Says,
        is_news: bool,
        draft: &mut Draft,
        turn: &mut Turn<'_>,
    ) -> bool {
        if !is_news && !self.is_topics_look_due(turn) {
            return false;
        }
        let metadata_hash = turn.topics.hash(self.subscriptions_with(member, says).topics());
        if is_news || metadata_hash != self.metadata_hash {
            self.raise_epoch(metadata_hash, draft);
        }
        if self.has_topics_record {
            draft.push(ConsumerRecord::Topics { are_there: false });
        }
        true
    }

    /// The next epoch begins.
    pub(super) fn raise_epoch(&self, metadata_hash: i64, draft: &mut Draft) {
        let epoch = self.epoch.wrapping_add(1);
        draft.push(ConsumerRecord::Group(Some(GroupEpoch { epoch, metadata_hash })));
    }

    /// The topics were looked at, and what came of it is written.
    pub(super) fn topics_were_looked_at(&mut self, turn: &Turn<'_>) {
        let at_ms = turn.now.clock_ms.saturating_add(TOPICS_LOOK_INTERVAL_MS);
        self.topics_look = TopicsLook::NotBefore(at_ms);
    }

    /// Topics have changed: if the group reads one of them, it looks at them with the next heartbeat.
    pub(crate) fn topics_changed(&mut self, changed: &BTreeSet<types::TopicName>) {
        if changed.iter().any(|topic| self.subscriptions.has_topic(topic)) {
            self.topics_look = TopicsLook::Due;
        }
    }
}
