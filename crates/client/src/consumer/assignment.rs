//! What a consumer reads: subscriptions and partitions.

use std::collections::BTreeSet;

use regex::Regex;
use types::{Offset, TopicName, TopicPartition};

use crate::consumer::listener::Nobody;
use crate::consumer::machine::Position;
use crate::consumer::{Consumer, GroupProtocol, RebalanceListener};
use crate::error::ClientError;

impl Consumer {
    /// Reads these topics as a member of `group.id`; replaces topics that were subscribed to before.
    ///
    /// # Errors
    /// `NoGroup`; `OtherSubscription` where partitions were assigned by hand.
    pub fn subscribe<T: Into<TopicName>>(
        &self,
        topics: impl IntoIterator<Item = T>,
    ) -> Result<(), ClientError> {
        let topics: BTreeSet<TopicName> = topics.into_iter().map(Into::into).collect();
        self.changed(|consumer| consumer.shared.machine().subscribe(topics))
    }

    /// As [`Self::subscribe`]; the listener replaces the one before.
    ///
    /// # Errors
    /// As [`Self::subscribe`].
    pub async fn subscribe_with<T: Into<TopicName>>(
        &self,
        topics: impl IntoIterator<Item = T>,
        listener: impl RebalanceListener + 'static,
    ) -> Result<(), ClientError> {
        *self.listener.lock().await = Box::new(listener);
        self.subscribe(topics)
    }

    /// Reads all topics whose whole name fits `pattern`, also those that come later (seen within
    /// `metadata.max.age.ms`), except Kafka's own. In a group of the consumer protocol the coordinator looks, and `pattern` is
    /// one of RE2.
    ///
    /// # Errors
    /// As [`Self::subscribe`], and `Pattern`; a coordinator that takes no such pattern says so to the next poll.
    pub fn subscribe_pattern(&self, pattern: &str) -> Result<(), ClientError> {
        if self.config.group_protocol == GroupProtocol::Consumer {
            let pattern = pattern.to_owned();
            return self.changed(|consumer| consumer.shared.machine().subscribe_pattern_for_brokers(pattern));
        }
        let compiled = Regex::new(&format!("^(?:{pattern})$"));
        let pattern = compiled.map_err(|error| ClientError::Pattern {
            pattern: pattern.to_owned(),
            reason: error.to_string(),
        })?;
        self.changed(|consumer| consumer.shared.machine().subscribe_pattern(pattern))
    }

    /// Sets who is told of partitions that come and go.
    pub async fn set_rebalance_listener(&self, listener: impl RebalanceListener + 'static) {
        *self.listener.lock().await = Box::new(listener);
    }

    /// Reads exactly these partitions, whoever else reads them. Those that were assigned before keep their positions.
    ///
    /// # Errors
    /// `OtherSubscription` where topics are subscribed to.
    pub fn assign(&self, partitions: impl IntoIterator<Item = TopicPartition>) -> Result<(), ClientError> {
        let partitions: Vec<TopicPartition> = partitions.into_iter().collect();
        self.changed(|consumer| consumer.shared.machine().assign(&partitions))
    }

    /// As [`Self::assign`], from these offsets on.
    ///
    /// # Errors
    /// As [`Self::assign`].
    pub fn assign_at(
        &self,
        positions: impl IntoIterator<Item = (TopicPartition, Offset)>,
    ) -> Result<(), ClientError> {
        let positions: Vec<(TopicPartition, Offset)> = positions.into_iter().collect();
        let partitions: Vec<TopicPartition> =
            positions.iter().map(|(partition, _)| partition.clone()).collect();
        self.changed(|consumer| {
            let mut machine = consumer.shared.machine();
            machine.assign(&partitions)?;
            positions
                .iter()
                .try_for_each(|(partition, offset)| machine.seek(partition, Position::at(*offset)))
        })
    }

    /// Reads nothing any more: gives up its partitions, and leaves the group.
    pub async fn unsubscribe(&self) {
        self.give_everything_up("the consumer unsubscribed").await;
        *self.listener.lock().await = Box::new(Nobody);
    }

    /// The topics that are subscribed to.
    pub fn subscription(&self) -> BTreeSet<TopicName> {
        self.shared.machine().subscribed_topics()
    }

    /// The partitions that are read now.
    pub fn assignment(&self) -> Vec<TopicPartition> {
        self.shared.machine().assignment()
    }

    /// Carries out what the task has to hear of.
    pub(super) fn changed<T>(&self, change: impl FnOnce(&Self) -> T) -> T {
        let changed = change(self);
        self.shared.for_driver.notify_one();
        // Whoever polls may have to look again, too.
        self.shared.for_application.send_replace(());
        changed
    }
}
