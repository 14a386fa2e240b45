//! A consumer group becomes a classic group, while members with the classic protocol are in it: the last one with the
//! consumer protocol has gone, or has come back with the classic one.

use coordinator::fit_into_batch;

use super::ConsumerGroup;
use super::member::Member;
use super::protocol::write_assignment;
use crate::GroupError;
use crate::classic::{ClassicGroup, MigratedMember, Turn};
use crate::timers::MemberId;

impl ConsumerGroup {
    /// Whether the group becomes a classic group when these members go.
    pub(super) fn may_become_classic_without(&self, leaving: &[MemberId], turn: &Turn<'_>) -> bool {
        let stays = |member: &&Member| !leaving.contains(&member.id);
        let left = self.members().filter(stays).count();
        left > 0
            && self.members().filter(stays).all(Member::is_classic)
            && turn.settings.consumer.migration.allows_downgrade()
            && left <= turn.settings.members_max
    }

    /// Whether the group becomes a classic group when this static member comes back with the classic protocol.
    pub(super) fn may_become_classic_with(&self, replaced: &Member, turn: &Turn<'_>) -> bool {
        !replaced.is_classic()
            && self.classic_members + 1 == self.member_count()
            && turn.settings.consumer.migration.allows_downgrade()
            && self.member_count() <= turn.settings.members_max
    }

    /// The group without these members, as a classic group in the generation of the group's epoch, stable with what
    /// everybody was to have. Its members are asked to join anew.
    ///
    /// # Errors
    /// `GroupIdNotFound` where members say what is no metadata of consumers; `TooLarge`. Nothing has changed then.
    pub(super) fn downgrade(
        &mut self,
        leaving: &[MemberId],
        turn: &mut Turn<'_>,
    ) -> Result<Box<ClassicGroup>, GroupError> {
        let mut group = self.downgraded(leaving, None, self.epoch, turn)?;
        group.begin(turn);
        group.rebalance_members(turn)?;
        Ok(group)
    }

    /// As [`Self::downgrade`], in a generation of its own and without a rebalance. Who has just `joined` leads only where
    /// nobody else can.
    pub(super) fn downgraded(
        &mut self,
        leaving: &[MemberId],
        joined: Option<&MemberId>,
        generation: i32,
        turn: &mut Turn<'_>,
    ) -> Result<Box<ClassicGroup>, GroupError> {
        let stay = self.members().filter(|member| !leaving.contains(&member.id));
        let mut members: Vec<MigratedMember> = stay.filter_map(migrated).collect();
        members.sort_by_key(|member| Some(&member.member_id) == joined);
        let mut group = ClassicGroup::migrated(self.id.clone(), generation, members, turn.now);
        let cluster = turn.topics.cluster();
        group.assign_migrated(|member_id, metadata| {
            write_assignment(&self.target_of(member_id), metadata, cluster).ok_or(GroupError::GroupIdNotFound)
        })?;
        let tombstones = self.tombstones();
        let mut records: Vec<_> = tombstones.iter().map(|record| record.encode(&self.id)).collect();
        records.push(group.record());
        if !fit_into_batch(turn.step.records.iter().chain(&records), turn.batch_bytes_max) {
            return Err(GroupError::TooLarge);
        }
        turn.step.records.extend(records);
        self.cancel_alarms(turn);
        Ok(Box::new(group))
    }
}

fn migrated(member: &Member) -> Option<MigratedMember> {
    let words = member.says.classic.clone()?;
    Some(MigratedMember {
        member_id: member.id.clone(),
        group_instance_id: member.says.group_instance_id.as_deref().map(str::to_owned),
        client_id: member.says.client_id.clone(),
        client_host: member.says.client_host.clone(),
        rebalance_timeout_ms: member.says.rebalance_timeout_ms,
        session_timeout_ms: words.session_timeout_ms,
        protocols: words.protocols,
        assignment: bytes::Bytes::new(),
    })
}
