//! One partition of `__consumer_offsets`, as a machine: requests and time in, records and replies out.

use std::sync::Arc;

use coordinator::{CoordinatorRecord, MalformedRecord, Now, Shard, Step, Token, Written};
use types::waits::LastCommit;
use types::{LeaderEpoch, ProducerEpoch, ProducerId, TopicPartition};

use crate::classic::GroupWhy;
use crate::cluster::{ClusterView, NoCluster};
use crate::consumer::ConsumerGroupDescription;
use crate::groups::{Group, GroupStep, Groups};
use crate::offsets::{Expired, Offsets, Room};
use crate::records::RecordType;
use crate::timers::{Alarm, TimerKey};
use crate::{GroupError, GroupReply, GroupRequest, GroupSettings, list};

/// Records that one step writes at most because time has passed, so that they fit into a batch even where group ids are
/// as long as they can be; alarms that are left ring in the next.
const ALARM_RECORDS_MAX: usize = 16;

/// The groups and committed offsets of one partition of `__consumer_offsets`.
#[derive(Debug)]
pub struct GroupShard {
    groups: Groups,
    offsets: Offsets,
    retention_alarm: Alarm,
}

impl GroupShard {
    /// A shard that knows nothing yet, and no topic.
    pub fn new(settings: GroupSettings) -> Self {
        Self::with_cluster(settings, ClusterView::new(Arc::new(NoCluster)))
    }

    /// A shard that knows nothing yet but this of the cluster.
    pub fn with_cluster(settings: GroupSettings, cluster: ClusterView) -> Self {
        Self {
            groups: Groups::new(settings, cluster),
            offsets: Offsets::default(),
            retention_alarm: Alarm::default(),
        }
    }

    /// The groups, to look at.
    pub fn groups(&self) -> &Groups {
        &self.groups
    }

    /// The committed offsets, to look at.
    pub fn offsets(&self) -> &Offsets {
        &self.offsets
    }

    /// A consumer group, as it stands: also what the log has not committed yet.
    pub fn describe_consumer(&self, group_id: &str) -> Option<ConsumerGroupDescription> {
        self.groups.consumer_describe(group_id).ok()
    }

    /// What a group is doing and waits for, as it stands: also what the log has not committed yet.
    ///
    /// # Errors
    /// `GroupIdNotFound` where there is no classic group and no consumer group of this id.
    pub fn why(&self, group_id: &str, now: Now) -> Result<GroupWhy, GroupError> {
        let last_commit = |partition: &TopicPartition| {
            let committed = self.offsets.get(group_id, partition)?;
            let ago_ms = now.clock_ms.saturating_sub(committed.committed_at_ms).max(0);
            Some(LastCommit { offset: committed.offset, ago_ms })
        };
        match self.groups.get(group_id) {
            Some(Group::Classic(group)) => Ok(group.why(now, last_commit)),
            Some(Group::Consumer(group)) => Ok(group.why(self.groups.topics.cluster(), now, last_commit)),
            Some(Group::Modern(_)) | None => Err(GroupError::GroupIdNotFound),
        }
    }

    fn set_retention_alarm(&mut self, in_ms: i64, now: Now) {
        let at_ms = now.uptime_ms.saturating_add(in_ms.max(1));
        self.groups.timers.set(&mut self.retention_alarm, at_ms, || TimerKey::OffsetRetention);
    }

    /// Offsets of deleted topics and those past their retention go, and groups of which nothing else is left. What
    /// there is no room for in this step comes in the next.
    fn expire(&mut self, now: Now, step: &mut GroupStep) {
        let is_done = self.expire_as_many_as_fit(now, step);
        let interval_ms = self.groups.settings.offsets_retention_check_interval_ms;
        self.set_retention_alarm(if is_done { interval_ms } else { 0 }, now);
    }

    fn expire_as_many_as_fit(&mut self, now: Now, step: &mut GroupStep) -> bool {
        let mut room = Room::beside(step);
        if !self.offsets.delete_of_topics(&mut room, step) {
            return false;
        }
        for group_id in self.groups.ids() {
            if !self.groups.get(&group_id).is_some_and(Group::expires) {
                continue;
            }
            match self.offsets.expire(&self.groups, &group_id, now, &mut room, step) {
                Expired::All => self.groups.end_if_empty(&group_id, now, step),
                Expired::Some => {}
                Expired::NotYetAll => return false,
            }
        }
        self.offsets.expired();
        true
    }

    fn delete(&mut self, group_id: &str, now: Now, step: &mut GroupStep) -> Result<(), GroupError> {
        self.groups.validate_delete(group_id)?;
        self.offsets.delete_all(group_id, step)?;
        self.groups.end_if_empty(group_id, now, step);
        Ok(())
    }
}

impl Shard for GroupShard {
    type Request = GroupRequest;
    type Reply = GroupReply;

    fn replay(&mut self, written: Written, record: &CoordinatorRecord) -> Result<(), MalformedRecord> {
        match RecordType::of(&record.key)? {
            RecordType::Offset => self.offsets.replay(&mut self.groups, written, record),
            _ => self.groups.replay(record),
        }
    }

    fn replay_end_of_transaction(&mut self, (producer, _): (ProducerId, ProducerEpoch), is_committed: bool) {
        self.offsets.end_transaction(producer, is_committed);
    }

    fn set_batch_bytes_max(&mut self, bytes_max: usize) {
        self.groups.batch_bytes_max = bytes_max;
    }

    fn loaded(&mut self, _: LeaderEpoch, now: Now) -> Step<GroupReply> {
        let mut step = Step::default();
        self.groups.loaded(now, &mut step);
        self.set_retention_alarm(self.groups.settings.offsets_retention_check_interval_ms, now);
        step
    }

    fn handle(&mut self, token: Token, request: GroupRequest, now: Now) -> Step<GroupReply> {
        let mut step = Step::default();
        let reply = match request {
            // These may be parked, and answer others that are.
            GroupRequest::Join(request) => {
                self.groups.join(token, &request, now, &mut step);
                return step;
            }
            GroupRequest::Sync(request) => {
                self.groups.sync(token, &request, now, &mut step);
                return step;
            }
            // These may be answered by work.
            GroupRequest::ConsumerHeartbeat(request) => {
                self.groups.consumer_heartbeat(token, &request, now, &mut step);
                return step;
            }
            GroupRequest::Assigned(assigned) => {
                self.groups.assigned(token, *assigned, now, &mut step);
                return step;
            }
            GroupRequest::TopicsResolved(found) => {
                self.groups.topics_resolved(found, now, &mut step);
                GroupReply::TopicsResolved
            }
            GroupRequest::ClusterChanged { cluster, changed, has_new_topics } => {
                self.groups.cluster_changed(cluster, &changed, has_new_topics);
                GroupReply::ClusterChanged
            }
            GroupRequest::ConsumerDescribe { group_id } => {
                GroupReply::ConsumerDescribe(self.groups.consumer_describe(&group_id))
            }
            GroupRequest::Heartbeat(request) => {
                GroupReply::Heartbeat(self.groups.heartbeat(&request, now, &mut step))
            }
            GroupRequest::Leave(request) => GroupReply::Leave(self.groups.leave(request, now, &mut step)),
            GroupRequest::Describe { group_id } => GroupReply::Describe(self.groups.describe(&group_id)),
            GroupRequest::List { states, types } => {
                GroupReply::List(list::list(&self.groups, &states, &types))
            }
            GroupRequest::Delete { group_id } => GroupReply::Delete(self.delete(&group_id, now, &mut step)),
            GroupRequest::CommitOffsets(request) => {
                GroupReply::CommitOffsets(self.offsets.commit(&mut self.groups, request, now, &mut step))
            }
            GroupRequest::CommitOffsetsInTransaction(request) => GroupReply::CommitOffsetsInTransaction(
                self.offsets.commit_in_transaction(&mut self.groups, request, now, &mut step),
            ),
            GroupRequest::FetchOffsets(request) => {
                GroupReply::FetchOffsets(self.offsets.fetch(&self.groups, request))
            }
            GroupRequest::DeleteOffsets(request) => {
                GroupReply::DeleteOffsets(self.offsets.delete(&self.groups, request, &mut step))
            }
            GroupRequest::Rebalance { group_id } => {
                GroupReply::Rebalance(self.groups.rebalance(&group_id, now, &mut step))
            }
            GroupRequest::TopicsDeleted { topics } => {
                self.offsets.topics_deleted(topics);
                if !self.offsets.delete_of_topics(&mut Room::beside(&step), &mut step) {
                    self.set_retention_alarm(0, now);
                }
                GroupReply::TopicsDeleted
            }
        };
        step.replies.push((token, reply));
        step
    }

    /// A member is a member until its session ends: its parked request stays where it is, and the reply finds nobody.
    fn forget(&mut self, _: Token) {}

    fn next_deadline_ms(&self) -> Option<i64> {
        self.groups.timers.next_deadline_ms()
    }

    fn handle_timeout(&mut self, now: Now) -> Step<GroupReply> {
        let mut step = Step::default();
        while step.records.len() < ALARM_RECORDS_MAX
            && let Some((slot, key)) = self.groups.timers.pop_due(now.uptime_ms)
        {
            if key != TimerKey::OffsetRetention {
                self.groups.alarm(slot, key, now, &mut step);
            } else if self.groups.timers.rings(&mut self.retention_alarm, slot, &key, now.uptime_ms) {
                // Tombstones may be spread over batches while they are alone in their step.
                if step.records.is_empty() {
                    self.expire(now, &mut step);
                } else {
                    self.set_retention_alarm(0, now);
                }
                break;
            }
        }
        step
    }
}
