//! The consumer protocol's requests, as they find the groups of a shard.

use std::collections::BTreeSet;

use coordinator::{Now, Token};
use types::TopicName;

use super::classic_join::ClassicJoined;
use super::draft::Draft;
use super::heartbeat::Introduced;
use super::leave::Left;
use super::paused::Paused;
use super::{
    Assigned, ConsumerGroup, ConsumerGroupDescription, ConsumerHeartbeat, HeardReply, LEAVE_EPOCH,
    LEAVE_STATIC_EPOCH, TopicsResolved,
};
use crate::classic::{JoinGroup, Joined, Turn};
use crate::cluster::ClusterView;
use crate::groups::{Group, GroupStep, Groups};
use crate::timers::GroupId;
use crate::{GroupError, GroupReply};

impl Groups {
    /// ConsumerGroupHeartbeat.
    pub(crate) fn consumer_heartbeat(
        &mut self,
        token: Token,
        request: &ConsumerHeartbeat,
        now: Now,
        step: &mut GroupStep,
    ) {
        let reply = match request.member_epoch {
            LEAVE_EPOCH | LEAVE_STATIC_EPOCH => self.consumer_leave(request, now, step).map(GroupReply::from),
            _ => self.consumer_hear(request, now, step),
        };
        step.replies.push((token, reply.unwrap_or_else(|error| HeardReply::refused(error).into())));
    }

    fn consumer_leave(
        &mut self,
        request: &ConsumerHeartbeat,
        now: Now,
        step: &mut GroupStep,
    ) -> Result<HeardReply, GroupError> {
        let (groups, mut turn) = self.split(now, step);
        let Some(Group::Consumer(group)) = groups.get_mut(&*request.group_id) else {
            return Err(GroupError::GroupIdNotFound);
        };
        let (heard, left) = group.leave(request, &mut turn)?;
        self.take_left(&request.group_id, left);
        Ok(HeardReply { answer: Ok(heard), resolve: None })
    }

    fn consumer_hear(
        &mut self,
        request: &ConsumerHeartbeat,
        now: Now,
        step: &mut GroupStep,
    ) -> Result<GroupReply, GroupError> {
        let is_joining = request.member_epoch == 0;
        let (groups, mut turn) = self.split(now, step);
        let new_group = || ConsumerGroup::new(GroupId::from(request.group_id.as_str()));
        let (mut fresh, draft) = match groups.get_mut(&*request.group_id) {
            Some(Group::Consumer(group)) => {
                let introduced = group.introduce(request, Draft::default(), &mut turn)?;
                return Ok(group.go_on(introduced, &mut turn));
            }
            None if is_joining => (new_group(), Draft::default()),
            Some(Group::Classic(group)) if is_joining && group.is_empty() => {
                (new_group(), Draft::after(vec![group.tombstone()]))
            }
            Some(Group::Classic(group)) if is_joining => ConsumerGroup::upgraded(group, &mut turn)?,
            Some(Group::Classic(_) | Group::Modern(_)) | None => return Err(GroupError::GroupIdNotFound),
        };
        let introduced = fresh.introduce(request, draft, &mut turn)?;
        if let Some(Group::Classic(group)) = groups.get_mut(&*request.group_id) {
            group.migrate_away(&mut turn);
        }
        fresh.begin_upgraded(&mut turn);
        let reply = fresh.go_on(introduced, &mut turn);
        groups.insert(GroupId::from(request.group_id.as_str()), Group::Consumer(Box::new(fresh)));
        Ok(reply)
    }

    /// JoinGroup where a consumer group with members is. `None` where there is none.
    pub(crate) fn join_consumer_group(
        &mut self,
        request: &JoinGroup,
        now: Now,
        step: &mut GroupStep,
    ) -> Option<GroupReply> {
        let (groups, mut turn) = self.split(now, step);
        let Some(Group::Consumer(group)) = groups.get_mut(&*request.group_id) else { return None };
        if group.is_empty() {
            return None;
        }
        let (joined, left) = match group.join_classic(request, &mut turn) {
            Ok(ClassicJoined::Introduced(introduced)) => return Some(group.go_on(introduced, &mut turn)),
            Ok(ClassicJoined::Done(joined, left)) => (joined, left),
            Err(error) => (Joined::refused("", error), Left::Goes),
        };
        self.take_left(&request.group_id, left);
        Some(GroupReply::Join(joined))
    }

    /// A target assignment comes back.
    pub(crate) fn assigned(&mut self, token: Token, assigned: Assigned, now: Now, step: &mut GroupStep) {
        let group_id = assigned.group_id.clone();
        let (groups, mut turn) = self.split(now, step);
        let reply = match groups.get_mut(&*group_id) {
            Some(Group::Consumer(group)) => {
                let (paused, taken) = group.take_assigned(assigned, &mut turn);
                match taken {
                    Ok(()) => group.go_on(Introduced::Ready(paused), &mut turn),
                    Err(error) => paused.refused(error),
                }
            }
            _ => assigned.paused.refused(GroupError::UnknownMemberId),
        };
        step.replies.push((token, reply));
    }

    /// What patterns mean comes back.
    pub(crate) fn topics_resolved(&mut self, found: TopicsResolved, now: Now, step: &mut GroupStep) {
        let (groups, mut turn) = self.split(now, step);
        if let Some(Group::Consumer(group)) = groups.get_mut(&*found.group_id) {
            // What does not fit into the log is found out again when patterns are looked at the next time.
            let _too_large = group.take_resolved(found, &mut turn);
        }
    }

    /// The cluster looks like this from here on.
    pub(crate) fn cluster_changed(
        &mut self,
        cluster: ClusterView,
        changed: &BTreeSet<TopicName>,
        has_new_topics: bool,
    ) {
        self.topics.changed(cluster, changed, has_new_topics);
        if changed.is_empty() {
            return;
        }
        for group in self.by_id.values_mut() {
            if let Group::Consumer(group) = group {
                group.topics_changed(changed);
            }
        }
    }

    /// ConsumerGroupDescribe, for one group.
    ///
    /// # Errors
    /// `GroupIdNotFound` for what is no consumer group.
    pub(crate) fn consumer_describe(&self, group_id: &str) -> Result<ConsumerGroupDescription, GroupError> {
        match self.get(group_id) {
            Some(Group::Consumer(group)) => {
                Ok(group.describe(self.settings.consumer.default_assignor(), self.topics.cluster()))
            }
            _ => Err(GroupError::GroupIdNotFound),
        }
    }

    /// What became of a group that members left takes its place.
    pub(crate) fn take_left(&mut self, group_id: &str, left: Left) {
        if let Left::IsClassic(group) = left {
            self.by_id.insert(GroupId::from(group_id), Group::Classic(group));
        }
    }
}

impl ConsumerGroup {
    /// The second half of a request, or the job that it waits for.
    fn go_on(&mut self, introduced: Introduced, turn: &mut Turn<'_>) -> GroupReply {
        match introduced {
            Introduced::Waits(job) => GroupReply::Assign(job),
            Introduced::Ready(Paused::Heartbeat(paused)) => self.heard(paused, turn).into(),
            Introduced::Ready(Paused::Join(paused)) => {
                let joined = self.settle_join(&paused, turn);
                GroupReply::Join(joined.unwrap_or_else(|error| Joined::refused("", error)))
            }
        }
    }
}

impl HeardReply {
    fn refused(error: GroupError) -> Self {
        Self { answer: Err(error), resolve: None }
    }
}

impl From<HeardReply> for GroupReply {
    fn from(reply: HeardReply) -> Self {
        Self::ConsumerHeartbeat(reply)
    }
}

impl Paused {
    /// The request comes to nothing.
    fn refused(self, error: GroupError) -> GroupReply {
        match self {
            Self::Heartbeat(paused) => HeardReply { answer: Err(error), resolve: paused.resolve }.into(),
            Self::Join(_) => GroupReply::Join(Joined::refused("", error)),
        }
    }
}
