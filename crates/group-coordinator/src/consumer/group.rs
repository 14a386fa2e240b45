//! The books of one consumer group: what its records say, and what can be counted from them.
//!
//! [`ConsumerGroup::apply`] is the only way in which they change, whether a record was just decided on or comes from the
//! log. What is not in the log (alarms, jobs under way, when to look at the topics again) is in `seat` and below.

use std::collections::BTreeMap;
use std::sync::Arc;

use coordinator::MalformedRecord;
use foldhash::fast::FixedState;
use hashbrown::HashMap;
use types::{PartitionIndex, TopicName, Uuid};

use super::job::JobNumber;
use super::member::{Current, Member, Owned};
use super::subscriptions::Subscriptions;
use crate::assignors::Assignment;
use crate::records::{ConsumerRecord, GroupEpoch};
use crate::timers::{Alarm, GroupId, MemberId};

/// Which target assignment the group has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TargetEpoch {
    /// The group epoch that it was made for.
    pub(crate) epoch: i32,
    /// When, wall clock; 0 where that is not known.
    pub(crate) made_at_ms: i64,
}

impl TargetEpoch {
    /// Of a new group: everybody has nothing.
    const INITIAL: Self = Self { epoch: 1, made_at_ms: 0 };
    /// Of a group whose records are ending.
    const ENDED: Self = Self { epoch: -1, made_at_ms: 0 };

    /// Milliseconds until the next one may be made; 0: it may be made now. One that was made in the future, before the clock
    /// was set back, holds nobody up.
    pub(super) fn next_in_ms(self, interval_ms: i32, clock_ms: i64) -> i64 {
        let Self { made_at_ms, .. } = self;
        if made_at_ms == 0 || made_at_ms > clock_ms {
            return 0;
        }
        made_at_ms.saturating_add(i64::from(interval_ms)).saturating_sub(clock_ms).max(0)
    }
}

/// A member, and its alarms.
#[derive(Debug)]
pub(super) struct Seat {
    pub(super) member: Member,
    /// The member was not heard for its session timeout.
    pub(super) session: Alarm,
    /// It did not give up what it had to.
    pub(super) rebalance: Alarm,
    /// The epoch in which it has to.
    pub(super) rebalance_epoch: i32,
    /// It speaks the classic protocol, and did not join again.
    pub(super) join: Alarm,
    /// It speaks the classic protocol, and did not ask for its assignment.
    pub(super) sync: Alarm,
}

/// A job that somebody works on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct UnderWay {
    pub(super) number: JobNumber,
    /// `uptime_ms`.
    pub(super) since_ms: i64,
}

/// When the topics that a group reads are to be looked at, other than when a member changes what it reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TopicsLook {
    /// With the next heartbeat: they changed, or the group was just loaded.
    Due,
    /// Not before this time, wall clock.
    NotBefore(i64),
}

/// A group of the consumer protocol.
#[derive(Debug)]
pub struct ConsumerGroup {
    pub(super) id: GroupId,
    pub(super) epoch: i32,
    /// Of the topics that it reads.
    pub(super) metadata_hash: i64,
    pub(super) target_epoch: TargetEpoch,
    pub(super) targets: BTreeMap<MemberId, Arc<Assignment>>,
    pub(super) seats: BTreeMap<MemberId, Box<Seat>>,
    /// By `group.instance.id`.
    pub(super) static_members: BTreeMap<Arc<str>, MemberId>,
    pub(super) subscriptions: Subscriptions,
    /// How many members ask for each assignor.
    pub(super) assignors: BTreeMap<String, usize>,
    /// How many members speak the classic protocol.
    pub(super) classic_members: usize,
    /// How many of them have each protocol.
    pub(super) classic_protocols: BTreeMap<String, usize>,
    /// Who has a partition, by the epoch in which it is: a partition without one is free.
    partition_epochs: HashMap<(Uuid, PartitionIndex), i32, FixedState>,
    /// Kafka before 4.1 wrote down the topics.
    pub(super) has_topics_record: bool,
    // What is not in the log.
    pub(super) topics_look: TopicsLook,
    /// It was a classic group a moment ago, perhaps in the middle of a rebalance: partitions are shared out anew.
    pub(super) is_upgraded: bool,
    pub(super) assigning: Option<UnderWay>,
    pub(super) resolving: Option<UnderWay>,
    pub(super) last_job: JobNumber,
}

/// What a record did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Applied {
    /// The group goes on.
    Goes,
    /// There is no such group any more.
    Ended,
}

impl ConsumerGroup {
    /// A group that nothing is known of.
    pub(crate) fn new(id: GroupId) -> Self {
        Self {
            id,
            epoch: 1,
            metadata_hash: 0,
            target_epoch: TargetEpoch::INITIAL,
            targets: BTreeMap::new(),
            seats: BTreeMap::new(),
            static_members: BTreeMap::new(),
            subscriptions: Subscriptions::default(),
            assignors: BTreeMap::new(),
            classic_members: 0,
            classic_protocols: BTreeMap::new(),
            partition_epochs: HashMap::default(),
            has_topics_record: false,
            topics_look: TopicsLook::Due,
            is_upgraded: false,
            assigning: None,
            resolving: None,
            last_job: JobNumber::default(),
        }
    }

    /// Its epoch.
    pub fn epoch(&self) -> i32 {
        self.epoch
    }

    /// The epoch of its target assignment.
    pub fn assignment_epoch(&self) -> i32 {
        self.target_epoch.epoch
    }

    /// How many members it has.
    pub fn member_count(&self) -> usize {
        self.seats.len()
    }

    /// Whether nobody is in it.
    pub fn is_empty(&self) -> bool {
        self.seats.is_empty()
    }

    /// As ConsumerGroupDescribe and ListGroups write it.
    pub fn state_name(&self) -> &'static str {
        if self.is_empty() {
            "Empty"
        } else if self.epoch > self.assignment_epoch() {
            "Assigning"
        } else if self.members().all(|member| member.is_reconciled_to(self.assignment_epoch())) {
            "Stable"
        } else {
            "Reconciling"
        }
    }

    /// The members, in the order of their ids.
    pub(crate) fn members(&self) -> impl ExactSizeIterator<Item = &Member> {
        self.seats.values().map(|seat| &seat.member)
    }

    pub(crate) fn member(&self, member_id: &str) -> Option<&Member> {
        self.seats.get(member_id).map(|seat| &seat.member)
    }

    /// The member with this `group.instance.id`.
    pub(crate) fn static_member(&self, instance_id: &str) -> Option<&Member> {
        self.member(self.static_members.get(instance_id)?)
    }

    /// What a member is to have.
    pub(crate) fn target_of(&self, member_id: &str) -> Arc<Assignment> {
        self.targets.get(member_id).cloned().unwrap_or_default()
    }

    /// Whether somebody has the partition, or is still to give it up.
    pub(crate) fn is_owned(&self, topic: Uuid, partition: PartitionIndex) -> bool {
        self.partition_epochs.contains_key(&(topic, partition))
    }

    /// The number of the next job.
    pub(super) fn next_job(&mut self, since_ms: i64) -> UnderWay {
        self.last_job.0 += 1;
        UnderWay { number: self.last_job, since_ms }
    }

    /// Takes a record over.
    ///
    /// # Errors
    /// Where Kafka could not load it: a member or a group ends before its parts, or two members have a partition in one
    /// epoch.
    pub(crate) fn apply(&mut self, record: &ConsumerRecord) -> Result<Applied, MalformedRecord> {
        match record {
            ConsumerRecord::Group(Some(GroupEpoch { epoch, metadata_hash })) => {
                self.epoch = *epoch;
                self.metadata_hash = *metadata_hash;
            }
            ConsumerRecord::Group(None) => {
                self.validate_end()?;
                return Ok(Applied::Ended);
            }
            ConsumerRecord::Topics { are_there } => self.has_topics_record = *are_there,
            ConsumerRecord::TargetEpoch(Some(target)) => self.target_epoch = *target,
            ConsumerRecord::TargetEpoch(None) if !self.targets.is_empty() => {
                return Err(self.malformed("the target assignment ends before those of its members"));
            }
            ConsumerRecord::TargetEpoch(None) => self.target_epoch = TargetEpoch::ENDED,
            ConsumerRecord::Target(member_id, Some(target)) => {
                self.targets.insert(member_id.clone(), target.clone());
            }
            ConsumerRecord::Target(member_id, None) => drop(self.targets.remove(member_id)),
            ConsumerRecord::Member(member_id, Some(says)) => {
                let member =
                    self.member(member_id).cloned().unwrap_or_else(|| Member::new(member_id.clone()));
                return self.put(Member { says: says.clone(), ..member });
            }
            ConsumerRecord::Member(member_id, None) => return self.remove(member_id),
            ConsumerRecord::Current(member_id, Some(current)) => {
                let member =
                    self.member(member_id).cloned().unwrap_or_else(|| Member::new(member_id.clone()));
                return self.put(Member { current: current.clone(), ..member });
            }
            ConsumerRecord::Current(member_id, None) => {
                let Some(member) = self.member(member_id).cloned() else { return Ok(Applied::Goes) };
                let (assigned, revoking) = (Owned::new(), Owned::new());
                let current = Current {
                    epoch: -1,
                    previous_epoch: -1,
                    state: member.current.state,
                    assigned,
                    revoking,
                };
                return self.put(Member { current: Arc::new(current), ..member });
            }
            ConsumerRecord::Regex(regex, resolved) => self.subscriptions.resolve(regex, resolved.clone()),
        }
        Ok(Applied::Goes)
    }

    fn malformed(&self, reason: &str) -> MalformedRecord {
        MalformedRecord { kind: "consumer group", reason: format!("{}: {reason}", self.id) }
    }

    fn validate_end(&self) -> Result<(), MalformedRecord> {
        if !self.seats.is_empty() {
            Err(self.malformed("the group ends before its members"))
        } else if !self.targets.is_empty() {
            Err(self.malformed("the group ends before the target assignments of its members"))
        } else if self.target_epoch.epoch != TargetEpoch::ENDED.epoch {
            Err(self.malformed("the group ends before its target assignment"))
        } else {
            Ok(())
        }
    }

    /// The member is like this from here on.
    fn put(&mut self, member: Member) -> Result<Applied, MalformedRecord> {
        let before = self.member(&member.id).cloned();
        self.subscriptions.change(before.as_ref().map(|it| &*it.says), Some(&*member.says));
        if let Some(before) = &before {
            self.discount(before);
            self.release(before);
        }
        self.count(&member);
        let occupied = self.occupy(&member);
        if let Some(instance_id) = &member.says.group_instance_id {
            self.static_members.insert(instance_id.clone(), member.id.clone());
        }
        match self.seats.get_mut(&member.id) {
            Some(seat) => seat.member = member,
            None => {
                let (session, rebalance) = (Alarm::default(), Alarm::default());
                let (join, sync) = (Alarm::default(), Alarm::default());
                self.seats.insert(
                    member.id.clone(),
                    Box::new(Seat { member, session, rebalance, rebalance_epoch: 0, join, sync }),
                );
            }
        }
        occupied.map(|()| Applied::Goes)
    }

    fn remove(&mut self, member_id: &str) -> Result<Applied, MalformedRecord> {
        let Some(member) = self.member(member_id).cloned() else { return Ok(Applied::Goes) };
        if member.epoch() != -1 {
            return Err(self.malformed("a member ends before what it has"));
        }
        if self.targets.contains_key(member_id) {
            return Err(self.malformed("a member ends before its target assignment"));
        }
        self.subscriptions.change(Some(&*member.says), None);
        self.discount(&member);
        self.release(&member);
        if let Some(instance_id) = &member.says.group_instance_id {
            self.static_members.remove(instance_id);
        }
        self.seats.remove(member_id);
        Ok(Applied::Goes)
    }

    fn count(&mut self, member: &Member) {
        if let Some(assignor) = &member.says.server_assignor {
            *self.assignors.entry(assignor.clone()).or_default() += 1;
        }
        if let Some(words) = &member.says.classic {
            self.classic_members += 1;
            for protocol in &words.protocols {
                *self.classic_protocols.entry(protocol.name.clone()).or_default() += 1;
            }
        }
    }

    fn discount(&mut self, member: &Member) {
        if let Some(assignor) = &member.says.server_assignor {
            less(&mut self.assignors, assignor);
        }
        if let Some(words) = &member.says.classic {
            self.classic_members -= 1;
            for protocol in &words.protocols {
                less(&mut self.classic_protocols, &protocol.name);
            }
        }
    }

    /// Notes that the member has its partitions. A partition whose owner was in an earlier epoch changes hands.
    fn occupy(&mut self, member: &Member) -> Result<(), MalformedRecord> {
        let epoch = member.epoch();
        let mut conflict = None;
        for partition in partitions(member) {
            match self.partition_epochs.insert(partition, epoch) {
                Some(before) if before >= epoch => conflict = Some((partition, before)),
                _ => {}
            }
        }
        match conflict {
            None => Ok(()),
            Some(((topic, partition), before)) => {
                let reason =
                    format!("{topic}-{partition} is given away in epoch {epoch}, and owned in {before}");
                Err(self.malformed(&reason))
            }
        }
    }

    /// Notes that the member has its partitions no longer, but those that have changed hands.
    fn release(&mut self, member: &Member) {
        for partition in partitions(member) {
            if self.partition_epochs.get(&partition) == Some(&member.epoch()) {
                self.partition_epochs.remove(&partition);
            }
        }
    }

    /// Whether somebody reads the topic.
    pub(crate) fn is_subscribed_to(&self, topic: &str) -> bool {
        self.subscriptions.has_topic(topic)
    }

    /// The names that somebody reads, or that a pattern means.
    pub(crate) fn topics(&self) -> impl Iterator<Item = &TopicName> {
        self.subscriptions.topics()
    }
}

/// All that a member has, or is still to give up.
fn partitions(member: &Member) -> impl Iterator<Item = (Uuid, PartitionIndex)> + '_ {
    let owned = member.current.assigned.iter().chain(&member.current.revoking);
    owned.flat_map(|(topic, partitions)| partitions.keys().map(|partition| (*topic, *partition)))
}

fn less(counts: &mut BTreeMap<String, usize>, name: &str) {
    if let Some(count) = counts.get_mut(name) {
        *count -= 1;
        if *count == 0 {
            counts.remove(name);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_assignment_waits_for_the_interval_and_not_for_a_clock_that_was_set_back() {
        let next_in_ms =
            |made_at_ms, clock_ms| TargetEpoch { epoch: 2, made_at_ms }.next_in_ms(1_000, clock_ms);
        assert_eq!(
            [next_in_ms(5_000, 5_000), next_in_ms(5_000, 5_999), next_in_ms(5_000, 6_000)],
            [1_000, 1, 0]
        );
        assert_eq!(next_in_ms(5_000, 4_999), 0, "it was made in the future");
        assert_eq!(next_in_ms(0, 500), 0, "nobody knows when");
    }
}
