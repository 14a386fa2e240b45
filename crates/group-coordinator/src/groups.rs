//! All groups of a shard, by their ids; and what committed offsets ask about them.

use coordinator::{CoordinatorRecord, MalformedRecord, Now, Step, Token};
use foldhash::fast::FixedState;
use hashbrown::HashMap;

use crate::classic::{
    ClassicGroup, ClassicGroupDescription, Heartbeat, JoinGroup, Joined, LeaveGroup, MemberLeft,
    OffsetExpiry, SyncGroup, Turn,
};
use crate::cluster::ClusterView;
use crate::consumer::{Applied, ConsumerGroup, KnownTopics};
use crate::modern::{ModernGroup, ModernKind};
use crate::offsets::{CommitOffsets, CommitOffsetsInTransaction};
use crate::records::{ConsumerRecord, GroupMetadata, ModernPart, RecordType, check_modern, group_of};
use crate::timers::{GroupId, Slot, TimerKey, Timers};
use crate::{GroupError, GroupReply, GroupSettings};

/// A group of any protocol.
#[derive(Debug)]
pub enum Group {
    /// Of the classic protocol, or without members at all: a place for offsets.
    Classic(Box<ClassicGroup>),
    /// Of the consumer protocol.
    Consumer(Box<ConsumerGroup>),
    /// Of a protocol that is not served yet.
    Modern(ModernGroup),
}

impl Group {
    /// Whether it goes with its last offset, when nobody is in it.
    pub(crate) fn expires(&self) -> bool {
        match self {
            Self::Classic(_) | Self::Consumer(_) => true,
            Self::Modern(group) => group.expires(),
        }
    }
}

/// The groups of one shard.
#[derive(Debug)]
pub struct Groups {
    pub(crate) settings: GroupSettings,
    pub(crate) timers: Timers,
    /// How large a batch of the internal topic may be.
    pub(crate) batch_bytes_max: usize,
    /// What is known of the cluster.
    pub(crate) topics: KnownTopics,
    pub(crate) by_id: HashMap<GroupId, Group, FixedState>,
}

/// A step of the group coordinator.
pub(crate) type GroupStep = Step<GroupReply>;

impl Groups {
    pub(crate) fn new(settings: GroupSettings, cluster: ClusterView) -> Self {
        Self {
            settings,
            timers: Timers::default(),
            batch_bytes_max: usize::MAX,
            topics: KnownTopics::new(cluster),
            by_id: HashMap::default(),
        }
    }

    /// The group, of whatever protocol.
    pub fn get(&self, group_id: &str) -> Option<&Group> {
        self.by_id.get(group_id)
    }

    /// Every group's id, in order.
    pub fn ids(&self) -> Vec<GroupId> {
        let mut ids: Vec<_> = self.by_id.keys().cloned().collect();
        ids.sort_unstable();
        ids
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &Group)> {
        self.by_id.iter().map(|(id, group)| (&**id, group))
    }

    /// The groups, and what a verb may touch besides them.
    pub(crate) fn split<'a>(
        &'a mut self,
        now: Now,
        step: &'a mut GroupStep,
    ) -> (&'a mut HashMap<GroupId, Group, FixedState>, Turn<'a>) {
        let turn = Turn {
            settings: &self.settings,
            timers: &mut self.timers,
            topics: &mut self.topics,
            batch_bytes_max: self.batch_bytes_max,
            now,
            step,
        };
        (&mut self.by_id, turn)
    }

    /// Calls `verb` with the classic group of this id, if there is one.
    fn with_classic<T>(
        &mut self,
        group_id: &str,
        now: Now,
        step: &mut GroupStep,
        verb: impl FnOnce(&mut ClassicGroup, &mut Turn<'_>) -> T,
    ) -> Option<T> {
        let (groups, mut turn) = self.split(now, step);
        match groups.get_mut(group_id) {
            Some(Group::Classic(group)) => Some(verb(group, &mut turn)),
            Some(Group::Consumer(_) | Group::Modern(_)) | None => None,
        }
    }

    pub(crate) fn join(&mut self, token: Token, request: &JoinGroup, now: Now, step: &mut GroupStep) {
        let refusal = self.validate_join(request);
        if refusal.is_none()
            && let Some(reply) = self.join_consumer_group(request, now, step)
        {
            step.replies.push((token, reply));
            return;
        }
        let refusal = refusal.or_else(|| self.make_room_for_classic(request, step));
        if let Some(error) = refusal {
            let member_id = match error {
                GroupError::InconsistentGroupProtocol => "",
                _ => &request.member_id,
            };
            step.replies.push((token, GroupReply::Join(Joined::refused(member_id, error))));
            return;
        }
        let is_new = !self.by_id.contains_key(&*request.group_id);
        if is_new {
            self.create(&request.group_id, now);
        }
        let before = step.records.len();
        self.with_classic(&request.group_id, now, step, |group, turn| {
            group.join(token, request, turn);
            // So that the log knows of the group before its first generation.
            if is_new && turn.step.records.len() == before {
                let record = group.never_had_members();
                turn.step.records.push(record);
            }
        });
    }

    fn validate_join(&self, request: &JoinGroup) -> Option<GroupError> {
        let bounds = self.settings.session_timeout_ms_min..=self.settings.session_timeout_ms_max;
        if request.group_id.is_empty() {
            Some(GroupError::InvalidGroupId)
        } else if !bounds.contains(&request.session_timeout_ms) {
            Some(GroupError::InvalidSessionTimeout)
        } else {
            None
        }
    }

    /// Lets a group of another protocol make room where it is empty. A member that believes to be in a group that is
    /// not here is told so.
    fn make_room_for_classic(&mut self, request: &JoinGroup, step: &mut GroupStep) -> Option<GroupError> {
        let has_id = !request.member_id.is_empty();
        match self.by_id.get(&*request.group_id) {
            Some(Group::Classic(_)) => None,
            Some(Group::Modern(group)) if !group.makes_room_for_classic() => {
                Some(GroupError::InconsistentGroupProtocol)
            }
            Some(Group::Consumer(_) | Group::Modern(_)) | None if has_id => Some(GroupError::UnknownMemberId),
            Some(Group::Consumer(group)) => {
                let tombstones = group.tombstones();
                step.records.extend(tombstones.iter().map(|record| record.encode(&request.group_id)));
                self.by_id.remove(&*request.group_id);
                None
            }
            Some(Group::Modern(group)) => {
                step.records.extend(group.tombstones());
                self.by_id.remove(&*request.group_id);
                None
            }
            None => None,
        }
    }

    pub(crate) fn sync(&mut self, token: Token, request: &SyncGroup, now: Now, step: &mut GroupStep) {
        if request.group_id.is_empty() {
            step.replies.push((token, GroupReply::Sync(Err(GroupError::InvalidGroupId))));
            return;
        }
        let (groups, mut turn) = self.split(now, step);
        match groups.get_mut(&*request.group_id) {
            Some(Group::Classic(group)) => group.sync(token, request, &mut turn),
            Some(Group::Consumer(group)) => {
                let synced = group.sync_classic(request, &mut turn);
                turn.synced(token, synced);
            }
            Some(Group::Modern(_)) | None => turn.synced(token, Err(GroupError::UnknownMemberId)),
        }
    }

    pub(crate) fn heartbeat(
        &mut self,
        request: &Heartbeat,
        now: Now,
        step: &mut GroupStep,
    ) -> Result<(), GroupError> {
        if request.group_id.is_empty() {
            return Err(GroupError::InvalidGroupId);
        }
        let (groups, mut turn) = self.split(now, step);
        match groups.get_mut(&*request.group_id) {
            Some(Group::Classic(group)) => group.heartbeat(request, &mut turn),
            Some(Group::Consumer(group)) => group.heartbeat_classic(request, &mut turn),
            Some(Group::Modern(_)) | None => Err(GroupError::UnknownMemberId),
        }
    }

    pub(crate) fn leave(
        &mut self,
        request: LeaveGroup,
        now: Now,
        step: &mut GroupStep,
    ) -> Result<Vec<MemberLeft>, GroupError> {
        if request.group_id.is_empty() {
            return Err(GroupError::InvalidGroupId);
        }
        let group_id = request.group_id.clone();
        let (groups, mut turn) = self.split(now, step);
        match groups.get_mut(&*group_id) {
            Some(Group::Classic(group)) => Ok(group.leave(request, &mut turn)),
            Some(Group::Consumer(group)) => {
                let (answers, left) = group.leave_classic(request, &mut turn)?;
                self.take_left(&group_id, left);
                Ok(answers)
            }
            Some(Group::Modern(_)) | None => Ok(request.all_unknown()),
        }
    }

    pub(crate) fn describe(&self, group_id: &str) -> Result<ClassicGroupDescription, GroupError> {
        match self.get(group_id) {
            Some(Group::Classic(group)) => Ok(group.describe()),
            Some(Group::Consumer(_) | Group::Modern(_)) | None => Err(GroupError::GroupIdNotFound),
        }
    }

    /// Whether the group may be deleted.
    pub(crate) fn validate_delete(&self, group_id: &str) -> Result<(), GroupError> {
        match self.get(group_id) {
            Some(Group::Classic(group)) => group.validate_delete(),
            Some(Group::Consumer(group)) if group.is_empty() => Ok(()),
            Some(Group::Modern(group)) if group.is_empty() => Ok(()),
            Some(Group::Consumer(_) | Group::Modern(_)) => Err(GroupError::NonEmptyGroup),
            None => Err(GroupError::GroupIdNotFound),
        }
    }

    /// Has the members of a classic group join anew.
    pub(crate) fn rebalance(
        &mut self,
        group_id: &str,
        now: Now,
        step: &mut GroupStep,
    ) -> Result<(), GroupError> {
        self.with_classic(group_id, now, step, ClassicGroup::rebalance_members)
            .unwrap_or(Err(GroupError::GroupIdNotFound))
    }

    /// Ends the group where nobody is in it: DeleteGroups, or its last offset has expired.
    pub(crate) fn end_if_empty(&mut self, group_id: &str, now: Now, step: &mut GroupStep) {
        if self.validate_delete(group_id).is_err() {
            return;
        }
        let (groups, mut turn) = self.split(now, step);
        match groups.get_mut(group_id) {
            Some(Group::Classic(group)) => group.end(&mut turn),
            Some(Group::Consumer(group)) => group.end(&mut turn),
            Some(Group::Modern(group)) => turn.step.records.extend(group.tombstones()),
            None => {}
        }
        self.by_id.remove(group_id);
    }

    fn create(&mut self, group_id: &str, now: Now) {
        let id = GroupId::from(group_id);
        self.by_id.insert(id.clone(), Group::Classic(Box::new(ClassicGroup::new(id, now.clock_ms))));
    }

    /// Undoes the making of a group that has nothing and that the log does not know.
    pub(crate) fn forget(&mut self, group_id: &str) {
        self.by_id.remove(group_id);
    }

    // What committed offsets ask.

    /// Whether the client may commit offsets of the group; its session starts anew by that, if it speaks the classic
    /// protocol. A client without a generation makes a group that only keeps offsets where there is none.
    ///
    /// # Errors
    /// `GroupIdNotFound` (before v9 of OffsetCommit: ILLEGAL_GENERATION) where a generation is named of a group that is
    /// not there; `UnknownMemberId`, `FencedInstanceId`, `IllegalGeneration`; `RebalanceInProgress` while the leader
    /// assigns; `StaleMemberEpoch`, `UnsupportedVersion` of members with the consumer protocol.
    pub fn validate_commit(&mut self, request: &CommitOffsets, now: Now) -> Result<(), GroupError> {
        let CommitOffsets { group_id, member_id, generation_or_member_epoch: generation, .. } = request;
        if !self.by_id.contains_key(&**group_id) {
            if *generation >= 0 {
                return Err(GroupError::GroupIdNotFound);
            }
            self.create(group_id, now);
        }
        match self.by_id.get(&**group_id) {
            Some(Group::Modern(group)) => return group.validate_commit(*generation),
            Some(Group::Consumer(group)) => {
                let may = group.validate_commit(member_id, *generation, request.knows_member_epochs)?;
                let metadata_max = self.settings.offset_metadata_bytes_max;
                let mut asked = request.offsets.iter().filter(|offset| !offset.is_too_long(metadata_max));
                return asked
                    .try_for_each(|offset| may.validate(offset.topic_id, offset.partition.partition));
            }
            Some(Group::Classic(_)) | None => {}
        }
        let instance_id = request.group_instance_id.as_deref();
        let valid = self.with_classic(group_id, now, &mut GroupStep::default(), |group, turn| {
            group.validate_commit(member_id, instance_id, *generation, turn)
        });
        valid.unwrap_or(Err(GroupError::GroupIdNotFound))
    }

    /// Whether the client may commit within a transaction. It need not say who it is, and it may while the group
    /// rebalances; its session goes on as it was.
    ///
    /// # Errors
    /// `IllegalGeneration` where a generation is named of a group that is not there, or not the current one;
    /// `UnknownMemberId`, `FencedInstanceId`.
    pub fn validate_commit_in_transaction(
        &mut self,
        request: &CommitOffsetsInTransaction,
        now: Now,
    ) -> Result<(), GroupError> {
        let CommitOffsetsInTransaction {
            group_id, member_id, generation_or_member_epoch: generation, ..
        } = request;
        if !self.by_id.contains_key(&**group_id) {
            if *generation >= 0 {
                return Err(GroupError::IllegalGeneration);
            }
            self.create(group_id, now);
        }
        let instance_id = request.group_instance_id.as_deref();
        if *generation < 0 && member_id.is_empty() && instance_id.is_none() {
            return Ok(());
        }
        let valid = match self.by_id.get(&**group_id) {
            Some(Group::Classic(group)) => {
                group.validate_commit_in_transaction(member_id, instance_id, *generation)
            }
            Some(Group::Consumer(group)) => {
                let may = group.validate_commit(member_id, *generation, true)?;
                let metadata_max = self.settings.offset_metadata_bytes_max;
                let mut asked = request.offsets.iter().filter(|offset| !offset.is_too_long(metadata_max));
                asked.try_for_each(|offset| {
                    let topic = self.topics.cluster().topic(&offset.partition.topic);
                    may.validate(topic.map(|topic| topic.id), offset.partition.partition)
                })
            }
            Some(Group::Modern(group)) => group.validate_commit(*generation),
            None => Err(GroupError::IllegalGeneration),
        };
        valid.map_err(|error| match error {
            GroupError::StaleMemberEpoch => GroupError::IllegalGeneration,
            other => other,
        })
    }

    /// An offset of the group was replayed: where nothing is known of the group, it only keeps offsets.
    pub fn offset_replayed(&mut self, group_id: &str) {
        if !self.by_id.contains_key(group_id) {
            self.create(group_id, Now { clock_ms: 0, uptime_ms: 0 });
        }
    }

    /// Whether the client may read the offsets of the group. `member` is the member that it says it is, and its epoch.
    ///
    /// # Errors
    /// `GroupIdNotFound`; `UnknownMemberId` for members of a protocol that is not served.
    pub fn validate_offset_fetch(
        &self,
        group_id: &str,
        member: Option<(&str, i32)>,
    ) -> Result<(), GroupError> {
        match self.get(group_id) {
            Some(Group::Classic(_)) => Ok(()),
            Some(Group::Consumer(group)) => group.validate_offset_fetch(member),
            Some(Group::Modern(group)) => group.validate_offset_fetch(member),
            None => Err(GroupError::GroupIdNotFound),
        }
    }

    /// Whether offsets of the group may be deleted, as far as its members go; see also [`Groups::is_subscribed_to`].
    ///
    /// # Errors
    /// `GroupIdNotFound`, `NonEmptyGroup`.
    pub fn validate_offset_delete(&self, group_id: &str) -> Result<(), GroupError> {
        match self.get(group_id) {
            Some(Group::Classic(group)) => group.validate_offset_delete(),
            Some(Group::Consumer(_)) => Ok(()),
            Some(Group::Modern(group)) => group.validate_offset_delete(),
            None => Err(GroupError::GroupIdNotFound),
        }
    }

    /// Whether a member of the group reads the topic, as far as that can be known.
    pub fn is_subscribed_to(&self, group_id: &str, topic: &str) -> bool {
        match self.get(group_id) {
            Some(Group::Classic(group)) => group.is_subscribed_to(topic),
            Some(Group::Consumer(group)) => group.is_subscribed_to(topic),
            Some(Group::Modern(group)) => !group.is_empty(),
            None => false,
        }
    }

    /// From when on the retention of the group's offsets counts.
    pub fn offset_expiry(&self, group_id: &str) -> OffsetExpiry {
        match self.get(group_id) {
            Some(Group::Classic(group)) => group.offset_expiry(),
            Some(Group::Consumer(_)) => OffsetExpiry::FromCommit,
            Some(Group::Modern(group)) if group.is_empty() => OffsetExpiry::FromCommit,
            Some(Group::Modern(_)) => OffsetExpiry::Never,
            None => OffsetExpiry::FromCommit,
        }
    }

    // The log, and time.

    /// Takes a record over that is not about an offset.
    pub(crate) fn replay(&mut self, record: &CoordinatorRecord) -> Result<(), MalformedRecord> {
        match RecordType::of(&record.key)? {
            RecordType::ClassicGroup => {
                let id = GroupId::from(group_of(&record.key)?);
                match &record.value {
                    None => self.by_id.remove(&id),
                    Some(value) => {
                        let group = ClassicGroup::replayed(id.clone(), GroupMetadata::read(value)?)?;
                        self.by_id.insert(id, Group::Classic(Box::new(group)))
                    }
                };
            }
            RecordType::Consumer => {
                let (group_id, record) = ConsumerRecord::read(record)?;
                self.replay_consumer(GroupId::from(group_id), &record)?;
            }
            RecordType::Modern { kind, part } => {
                check_modern(record)?;
                let id = GroupId::from(group_of(&record.key)?);
                self.replay_modern(id, ModernGroup::new(kind), part, record)?;
            }
            RecordType::Offset | RecordType::Unknown => {}
        }
        Ok(())
    }

    /// A classic group that only keeps offsets is not in the log, and becomes what the log says; any other group has to
    /// end before a consumer group takes its name.
    fn replay_consumer(&mut self, id: GroupId, record: &ConsumerRecord) -> Result<(), MalformedRecord> {
        let group = match self.by_id.get_mut(&id) {
            Some(Group::Consumer(group)) => Some(group),
            Some(Group::Classic(group)) if group.only_keeps_offsets() => None,
            None => None,
            Some(Group::Modern(_) | Group::Classic(_)) => {
                return Err(MalformedRecord {
                    kind: "group of another protocol",
                    reason: format!("{id} is no consumer group"),
                });
            }
        };
        match group {
            Some(group) => {
                if group.apply(record)? == Applied::Ended {
                    self.by_id.remove(&id);
                }
            }
            None if record.is_end() => {}
            None => {
                let mut group = Box::new(ConsumerGroup::new(id.clone()));
                group.apply(record)?;
                self.by_id.insert(id, Group::Consumer(group));
            }
        }
        Ok(())
    }

    /// `fresh` is the group as it is where this record is the first about it. A classic group that only keeps offsets
    /// is not in the log, and becomes what the log says, but for a share group, which keeps none. Any other group has to
    /// end before one of another protocol takes its name.
    fn replay_modern(
        &mut self,
        id: GroupId,
        fresh: ModernGroup,
        part: ModernPart,
        record: &CoordinatorRecord,
    ) -> Result<(), MalformedRecord> {
        let is_there = record.value.is_some();
        let known = match self.by_id.get_mut(&id) {
            Some(Group::Modern(group)) if group.kind() == fresh.kind() => Some(group),
            Some(Group::Classic(group))
                if group.only_keeps_offsets() && fresh.kind() != ModernKind::Share =>
            {
                None
            }
            None => None,
            Some(Group::Modern(_) | Group::Consumer(_) | Group::Classic(_)) => {
                let (kind, protocol) = ("group of another protocol", fresh.kind().name());
                return Err(MalformedRecord { kind, reason: format!("{id} is no {protocol} group") });
            }
        };
        match known {
            Some(group) => {
                group.note(&record.key, is_there);
                if part == ModernPart::Group && !is_there {
                    self.by_id.remove(&id);
                }
            }
            None if is_there => {
                let mut group = fresh;
                group.note(&record.key, true);
                self.by_id.insert(id, Group::Modern(group));
            }
            None => {}
        }
        Ok(())
    }

    /// The whole log is replayed.
    pub(crate) fn loaded(&mut self, now: Now, step: &mut GroupStep) {
        for id in self.ids() {
            let (groups, mut turn) = self.split(now, step);
            match groups.get_mut(&id) {
                Some(Group::Classic(group)) => group.loaded(&mut turn),
                Some(Group::Consumer(group)) => group.loaded(&mut turn),
                Some(Group::Modern(_)) | None => {}
            }
        }
    }

    /// An alarm of a group has come up.
    pub(crate) fn alarm(&mut self, slot: Slot, key: TimerKey, now: Now, step: &mut GroupStep) {
        let group_id = match &key {
            TimerKey::Join(group) | TimerKey::Sync(group) | TimerKey::Session(group, _) => group,
            TimerKey::Rebalance(group, _)
            | TimerKey::MemberJoin(group, _)
            | TimerKey::MemberSync(group, _) => group,
            TimerKey::OffsetRetention => return,
        };
        let (groups, mut turn) = self.split(now, step);
        match groups.get_mut(group_id) {
            Some(Group::Classic(group)) => group.alarm(slot, &key, &mut turn),
            Some(Group::Consumer(group)) => {
                let left = group.alarm(slot, &key, &mut turn);
                self.take_left(group_id, left);
            }
            Some(Group::Modern(_)) | None => {}
        }
    }
}
