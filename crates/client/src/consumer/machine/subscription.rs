//! What a consumer reads.

use std::collections::BTreeSet;

use regex::Regex;
use types::{TopicName, TopicPartition};

use super::ConsumerMachine;
use crate::error::ClientError;

/// What a consumer reads.
#[derive(Clone, Debug)]
pub(super) enum Subscription {
    Nothing,
    /// Topics, of which the group gives it partitions.
    Topics(BTreeSet<TopicName>),
    /// Topics whose name fits (the pattern is anchored), as far as they are known.
    Pattern {
        pattern: Regex,
        topics: BTreeSet<TopicName>,
    },
    /// Topics whose name fits a pattern of RE2, as the group's coordinator knows them (KIP-848).
    PatternForBrokers(String),
    /// Partitions that the application named.
    Partitions,
}

impl Subscription {
    /// The topics that are subscribed to.
    pub(super) fn topics(&self) -> impl Iterator<Item = &TopicName> {
        let topics = match self {
            Self::Topics(topics) | Self::Pattern { topics, .. } => Some(topics),
            Self::Nothing | Self::PatternForBrokers(_) | Self::Partitions => None,
        };
        topics.into_iter().flatten()
    }

    /// Whether a group decides what is read.
    pub(super) const fn is_of_group(&self) -> bool {
        matches!(self, Self::Topics(_) | Self::Pattern { .. } | Self::PatternForBrokers(_))
    }

    pub(super) fn pattern_for_brokers(&self) -> Option<&str> {
        match self {
            Self::PatternForBrokers(pattern) => Some(pattern),
            _ => None,
        }
    }

    /// Whether all topics there are have to be looked at here.
    pub(super) const fn has_pattern(&self) -> bool {
        matches!(self, Self::Pattern { .. })
    }

    /// Chooses among all topics there are.
    pub(super) fn match_pattern(&mut self, all: &[TopicName]) {
        if let Self::Pattern { pattern, topics } = self {
            *topics = all.iter().filter(|name| pattern.is_match(name)).cloned().collect();
        }
    }
}

impl ConsumerMachine {
    pub(crate) fn subscribe(&mut self, topics: BTreeSet<TopicName>) -> Result<(), ClientError> {
        self.may_subscribe()?;
        self.subscription = Subscription::Topics(topics);
        Ok(())
    }

    pub(crate) fn subscribe_pattern(&mut self, pattern: Regex) -> Result<(), ClientError> {
        self.may_subscribe()?;
        self.subscription = Subscription::Pattern { pattern, topics: BTreeSet::new() };
        // All topics have to be asked for.
        self.metadata_asked_at = None;
        Ok(())
    }

    pub(crate) fn subscribe_pattern_for_brokers(&mut self, pattern: String) -> Result<(), ClientError> {
        self.may_subscribe()?;
        self.subscription = Subscription::PatternForBrokers(pattern);
        Ok(())
    }

    fn may_subscribe(&self) -> Result<(), ClientError> {
        match self.subscription {
            _ if self.config.group_id.is_none() => Err(ClientError::NoGroup),
            Subscription::Partitions => Err(ClientError::OtherSubscription),
            _ => Ok(()),
        }
    }

    pub(crate) fn assign(&mut self, partitions: &[TopicPartition]) -> Result<(), ClientError> {
        if self.subscription.is_of_group() {
            return Err(ClientError::OtherSubscription);
        }
        self.subscription = Subscription::Partitions;
        self.set_partitions(partitions);
        Ok(())
    }

    pub(crate) fn subscribed_topics(&self) -> BTreeSet<TopicName> {
        self.subscription.topics().cloned().collect()
    }
}
