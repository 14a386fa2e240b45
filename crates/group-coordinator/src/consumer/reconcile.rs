//! A member on its way to its target assignment, epoch by epoch.
//!
//! ```text
//!              has to give up                    gave up all of it
//!   Stable ------------------> UnrevokedPartitions ---------> Stable, or
//!      |                                                      UnreleasedPartitions
//!      +--- others have what it is to have ---> UnreleasedPartitions --- they gave it up ---> Stable
//! ```
//!
//! *Invariant:* a partition is given to a member only when nobody has it: who had it before has said that it does not
//! have it any more, or is out of the group.

use std::collections::BTreeSet;

use types::{PartitionIndex, Uuid};

use super::member::{Current, Member, MemberState, Owned};
use crate::GroupError;
use crate::assignors::Assignment;

/// What a reconciliation looks at beside the member.
pub(super) struct Reconciliation<'a> {
    /// Of the target assignment.
    pub(super) epoch: i32,
    /// What the member is to have.
    pub(super) target: &'a Assignment,
    /// The member reads other topics than it did before this request.
    pub(super) has_subscription_changed: bool,
    /// Whether the member subscribes to no topic at all.
    pub(super) reads_nothing: bool,
    /// Whether the member subscribes to the topic.
    pub(super) is_subscribed: &'a dyn Fn(Uuid) -> bool,
    /// Whether somebody has the partition.
    pub(super) is_owned: &'a dyn Fn(Uuid, PartitionIndex) -> bool,
    /// What the member says it has; `None` where it does not say.
    pub(super) said: Option<&'a Assignment>,
}

impl Reconciliation<'_> {
    /// Where the member is from here on.
    ///
    /// # Errors
    /// `FencedMemberEpoch` for a member in a state that a later Kafka wrote, until it has given everything up.
    pub(super) fn next(&self, member: &Member) -> Result<Current, GroupError> {
        let current = &*member.current;
        if !self.has_subscription_changed && member.is_reconciled_to(self.epoch) {
            return Ok(current.clone());
        }
        match current.state {
            MemberState::Stable if current.epoch != self.epoch => Ok(self.compute(member, current.epoch)),
            MemberState::Stable => Ok(self.without_unsubscribed(current)),
            MemberState::UnrevokedPartitions if self.still_has(&current.revoking) => {
                Ok(if self.has_subscription_changed {
                    self.without_unsubscribed(current)
                } else {
                    current.clone()
                })
            }
            MemberState::UnrevokedPartitions | MemberState::UnreleasedPartitions => {
                Ok(self.compute(member, current.epoch))
            }
            MemberState::Unknown if self.said.is_none_or(|said| !said.topics.is_empty()) => {
                Err(GroupError::FencedMemberEpoch)
            }
            MemberState::Unknown => Ok(self.compute(member, self.epoch)),
        }
    }

    /// Whether the member has any of what it is to give up; where it does not say, yes.
    fn still_has(&self, revoking: &Owned) -> bool {
        self.said.is_none_or(|said| {
            said.iter().any(|(topic, partition)| {
                revoking.get(&topic).is_some_and(|partitions| partitions.contains_key(&partition))
            })
        })
    }

    /// The next step towards the target. `epoch` is the member's.
    fn compute(&self, member: &Member, epoch: i32) -> Current {
        let current = &*member.current;
        let (mut assigned, mut revoking) = (Owned::new(), Owned::new());
        let mut added = Vec::new();
        let mut has_unreleased = false;
        let target = self.target.topics.iter().map(|topic| topic.topic_id);
        let topics: BTreeSet<Uuid> = target.chain(current.assigned.keys().copied()).collect();
        for topic in topics {
            let wanted = self.wanted(topic);
            for (partition, since) in current.assigned.get(&topic).into_iter().flatten() {
                let owned = if wanted.contains(partition) { &mut assigned } else { &mut revoking };
                owned.entry(topic).or_default().insert(*partition, *since);
            }
            let has =
                |owned: &Owned, partition| owned.get(&topic).is_some_and(|it| it.contains_key(partition));
            for partition in wanted.iter().filter(|partition| !has(&current.assigned, partition)) {
                // What it is giving up itself is nobody else's.
                if (self.is_owned)(topic, *partition) && !has(&current.revoking, partition) {
                    has_unreleased = true;
                } else {
                    added.push((topic, *partition));
                }
            }
        }
        if !revoking.is_empty() && self.still_has(&revoking) {
            let state = MemberState::UnrevokedPartitions;
            return Current { epoch, previous_epoch: current.epoch, state, assigned, revoking };
        }
        for (topic, partition) in added {
            assigned.entry(topic).or_default().insert(partition, self.epoch);
        }
        let state = if has_unreleased { MemberState::UnreleasedPartitions } else { MemberState::Stable };
        Current { epoch: self.epoch, previous_epoch: current.epoch, state, assigned, revoking: Owned::new() }
    }

    /// What it is to have of a topic; nothing where it does not subscribe to it any more.
    fn wanted(&self, topic: Uuid) -> BTreeSet<PartitionIndex> {
        if !(self.is_subscribed)(topic) {
            return BTreeSet::new();
        }
        let of_topic = self.target.topics.iter().filter(|it| it.topic_id == topic);
        of_topic.flat_map(|it| it.partitions.iter().copied()).collect()
    }

    /// Without what the member does not subscribe to any more: that it has to give up, whatever its target is.
    fn without_unsubscribed(&self, current: &Current) -> Current {
        let (mut assigned, mut revoking) = (current.assigned.clone(), current.revoking.clone());
        for topic in current.assigned.keys().filter(|topic| !(self.is_subscribed)(**topic)) {
            let partitions = assigned.remove(topic).unwrap_or_default();
            revoking.entry(*topic).or_default().extend(partitions);
        }
        let reads_nothing = self.reads_nothing && current.revoking.is_empty();
        if assigned == current.assigned && !reads_nothing {
            return current.clone();
        }
        let Current { epoch, state, .. } = *current;
        if !revoking.is_empty() && self.still_has(&revoking) {
            let state = MemberState::UnrevokedPartitions;
            return Current { epoch, previous_epoch: epoch, state, assigned, revoking };
        }
        // It has given them up already.
        Current { epoch, previous_epoch: epoch, state, assigned, revoking: current.revoking.clone() }
    }
}
