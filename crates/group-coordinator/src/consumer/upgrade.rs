//! A classic group becomes a consumer group, while its members are in it: the first member with the consumer protocol
//! has come. The others go on with the classic protocol (`classic_join`, `classic_sync`, ...).

use std::collections::BTreeSet;
use std::sync::Arc;

use super::draft::Draft;
use super::member::{ClassicWords, Current, MemberState, Owned, Says};
use super::protocol::{read_assignment, read_subscription};
use super::{ConsumerGroup, TargetEpoch};
use crate::GroupError;
use crate::assignors::{Assignment, Subscription};
use crate::classic::{ClassicGroup, MigratedMember, Turn};
use crate::records::{ConsumerRecord, GroupEpoch};
use crate::timers::{GroupId, MemberId};

/// A member as the group takes it over.
struct TakenOver {
    id: MemberId,
    says: Arc<Says>,
    current: Arc<Current>,
    target: Arc<Assignment>,
}

impl ConsumerGroup {
    /// The consumer group that a classic group becomes, with the records that say so. Everybody has what the leader gave
    /// it, in the epoch of the generation.
    ///
    /// # Errors
    /// `GroupIdNotFound` where `group.consumer.migration.policy` or `group.consumer.max.size` forbids it, or where the
    /// group's members are no consumers, or have an assignment that the coordinator cannot read or would spoil;
    /// `NotFinished` before the first generation.
    pub(super) fn upgraded(group: &ClassicGroup, turn: &mut Turn<'_>) -> Result<(Self, Draft), GroupError> {
        let settings = &turn.settings.consumer;
        if !settings.migration.allows_upgrade()
            || !group.uses_consumer_protocol()
            || group.member_count() > settings.members_max
        {
            return Err(GroupError::GroupIdNotFound);
        }
        let id = GroupId::from(group.id());
        let epoch = group.generation();
        let protocol_name = group.protocol_name().ok_or(GroupError::NotFinished)?;
        let taken_over = |member| take_over(member, protocol_name, epoch, turn);
        let members: Option<Vec<TakenOver>> = group.migrated_members().map(taken_over).collect();
        let members = members.ok_or(GroupError::GroupIdNotFound)?;

        let mut records = Vec::new();
        for member in &members {
            records.push(ConsumerRecord::Member(member.id.clone(), Some(member.says.clone())));
        }
        let topics: BTreeSet<_> = members.iter().flat_map(|member| &member.says.subscription.names).collect();
        let metadata_hash = turn.topics.hash(topics.into_iter());
        records.push(ConsumerRecord::Group(Some(GroupEpoch { epoch, metadata_hash })));
        for member in &members {
            records.push(ConsumerRecord::Target(member.id.clone(), Some(member.target.clone())));
        }
        records.push(ConsumerRecord::TargetEpoch(Some(TargetEpoch { epoch, made_at_ms: 0 })));
        for member in &members {
            records.push(ConsumerRecord::Current(member.id.clone(), Some(member.current.clone())));
        }

        let mut upgraded = Self::new(id);
        upgraded.is_upgraded = true;
        let mut before = vec![group.tombstone()];
        for record in records {
            before.push(record.encode(&upgraded.id));
            // Its leader may have given a partition to two.
            upgraded.apply(&record).map_err(|_owned_twice| GroupError::GroupIdNotFound)?;
        }
        Ok((upgraded, Draft::after(before)))
    }

    /// The group is in the log as a consumer group: its members' sessions go on.
    pub(super) fn begin_upgraded(&mut self, turn: &mut Turn<'_>) {
        let sessions: Vec<(MemberId, i32)> = self
            .members()
            .filter_map(|member| Some((member.id.clone(), member.says.classic.as_ref()?.session_timeout_ms)))
            .collect();
        for (member_id, timeout_ms) in sessions {
            self.restart_session_of(&member_id, timeout_ms, turn);
        }
    }
}

fn take_over(member: MigratedMember, protocol_name: &str, epoch: i32, turn: &Turn<'_>) -> Option<TakenOver> {
    let cluster = turn.topics.cluster();
    let target = read_assignment(&member.assignment, cluster)?;
    let protocol = member.protocols.iter().find(|protocol| protocol.name == protocol_name)?;
    let subscription = read_subscription(&protocol.metadata, cluster)?;
    let names: BTreeSet<_> = subscription.topics.into_iter().collect();
    let mut assigned = Owned::new();
    for (topic, partition) in target.iter() {
        assigned.entry(topic).or_default().insert(partition, epoch);
    }
    let says = Says {
        group_instance_id: member.group_instance_id.map(Arc::from),
        rack_id: subscription.rack_id,
        client_id: member.client_id,
        client_host: member.client_host,
        subscription: Arc::new(Subscription {
            names: names.into_iter().collect(),
            pattern: Some(Arc::from("")),
        }),
        rebalance_timeout_ms: member.rebalance_timeout_ms,
        server_assignor: None,
        classic: Some(ClassicWords {
            session_timeout_ms: member.session_timeout_ms,
            protocols: member.protocols,
        }),
    };
    let (state, revoking) = (MemberState::Stable, Owned::new());
    let current = Current { epoch, previous_epoch: epoch, state, assigned, revoking };
    Some(TakenOver {
        id: member.member_id,
        says: Arc::new(says),
        current: Arc::new(current),
        target: Arc::new(target),
    })
}
