//! The target assignment: when it is made anew, of what, and what becomes of it.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::draft::Draft;
use super::heartbeat::Introduced;
use super::job::{Assigned, AssignmentJob, MemberTarget};
use super::member::Member;
use super::paused::Paused;
use super::{ConsumerGroup, JOB_TIMEOUT_MS, TargetEpoch};
use crate::GroupError;
use crate::assignors::{GroupSpec, MemberSpec, ServerAssignor, TopicSpec};
use crate::classic::Turn;
use crate::records::ConsumerRecord;
use crate::timers::MemberId;

impl ConsumerGroup {
    /// Hands out a job where the target assignment is behind the group, and may be made anew now.
    pub(super) fn assign_or_go_on(&mut self, paused: Paused, turn: &Turn<'_>) -> Introduced {
        let is_current = self.target_epoch.epoch >= self.epoch;
        if is_current || !self.is_assignment_due(turn) || self.is_assigning(turn) {
            return Introduced::Ready(paused);
        }
        let job = self.next_job(turn.now.uptime_ms);
        self.assigning = Some(job);
        Introduced::Waits(Box::new(AssignmentJob {
            group_id: self.id.to_string(),
            number: job.number,
            group_epoch: self.epoch,
            assignor: self.assignor(turn),
            spec: self.spec(turn),
            paused,
        }))
    }

    /// Whether the assignment interval has passed since the last target assignment.
    fn is_assignment_due(&self, turn: &Turn<'_>) -> bool {
        let interval_ms = turn.group_settings(&self.id).assignment_interval_ms;
        self.target_epoch.next_in_ms(interval_ms, turn.now.clock_ms) == 0
    }

    /// Whether somebody works on the target assignment.
    fn is_assigning(&self, turn: &Turn<'_>) -> bool {
        self.assigning.is_some_and(|job| turn.now.uptime_ms < job.since_ms + JOB_TIMEOUT_MS)
    }

    /// The assignor that most members ask for; of equals, the last by name: Kafka's maps tell `uniform` before `range`.
    pub(super) fn assignor(&self, turn: &Turn<'_>) -> ServerAssignor {
        let settings = &turn.settings.consumer;
        self.assignor_name()
            .and_then(|name| settings.assignor(name))
            .unwrap_or_else(|| settings.default_assignor())
    }

    /// The name that most members have for it, if any says so.
    pub(super) fn assignor_name(&self) -> Option<&str> {
        let most = self.assignors.iter().max_by_key(|(_, count)| **count);
        most.map(|(name, _)| name.as_str())
    }

    fn spec(&self, turn: &Turn<'_>) -> GroupSpec {
        let member = |member: &Member| MemberSpec {
            member_id: member.id.clone(),
            instance_id: member.says.group_instance_id.clone(),
            subscription: member.says.subscription.clone(),
            target: self.target_of(&member.id),
        };
        let pattern = |(regex, resolved): (&Arc<str>, &super::Resolved)| {
            (regex.clone(), resolved.topics.iter().cloned().collect())
        };
        let mut topics = BTreeMap::new();
        for name in self.topics() {
            if let Some(topic) = turn.topics.cluster().topic(name) {
                topics.insert(name.clone(), TopicSpec { id: topic.id, partitions: topic.partitions });
            }
        }
        GroupSpec {
            members: self.members().map(member).collect(),
            patterns: self.subscriptions.all_resolved().iter().map(pattern).collect(),
            topics,
        }
    }

    /// Takes the result of a job over, if it is that of the last. Members that left meanwhile get nothing; those that
    /// came get theirs with the next, for the group's epoch is ahead of this one.
    ///
    /// # Errors
    /// `NotAssigned`; `TooLarge`. The target assignment is that of before then.
    pub(super) fn take_assigned(
        &mut self,
        assigned: Assigned,
        turn: &mut Turn<'_>,
    ) -> (Paused, Result<(), GroupError>) {
        let Assigned { number, group_epoch, targets, paused, .. } = assigned;
        // A job may be of a time before the group was loaded, under a number that has been given again since.
        let is_wanted = self.assigning.is_some_and(|job| job.number == number)
            && group_epoch > self.target_epoch.epoch
            && group_epoch <= self.epoch;
        if !is_wanted {
            return (paused, Ok(()));
        }
        self.assigning = None;
        let taken = match targets {
            Ok(targets) => self.write_targets(targets, group_epoch, turn),
            Err(_left_unassigned) => Err(GroupError::NotAssigned),
        };
        (paused, taken)
    }

    fn write_targets(
        &mut self,
        targets: Vec<MemberTarget>,
        epoch: i32,
        turn: &mut Turn<'_>,
    ) -> Result<(), GroupError> {
        let mut draft = Draft::default();
        for MemberTarget { member_id, instance_id, target } in targets {
            let Some(member_id) = self.holder_of(&member_id, instance_id.as_deref()) else { continue };
            let before = self.targets.get(&member_id);
            if before.is_none_or(|before| !Arc::ptr_eq(before, &target) && !before.is_same_as(&target)) {
                draft.push(ConsumerRecord::Target(member_id, Some(target)));
            }
        }
        let made_at_ms = turn.now.clock_ms;
        draft.push(ConsumerRecord::TargetEpoch(Some(TargetEpoch { epoch, made_at_ms })));
        self.commit(draft, turn).map(drop)
    }

    /// The member of this id, or who has its place by now.
    fn holder_of(&self, member_id: &MemberId, instance_id: Option<&str>) -> Option<MemberId> {
        if self.member(member_id).is_some() {
            return Some(member_id.clone());
        }
        instance_id.and_then(|instance_id| self.static_members.get(instance_id)).cloned()
    }
}
