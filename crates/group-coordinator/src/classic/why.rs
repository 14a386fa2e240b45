//! Why a group waits: every request that is parked has its cause here, with who could end it and when time does.

use coordinator::Now;
use types::TopicPartition;
use types::waits::{GroupWait, LastCommit, WaitingMember};

use super::member::Member;
use super::{ClassicGroup, ClassicState};

/// What a group is doing, and what it waits for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupWhy {
    /// What it is doing, as ListGroups writes it.
    pub state: &'static str,
    /// How often it has been rebalanced; the epoch of a consumer group.
    pub generation: i32,
    /// The epoch of the target assignment of a consumer group.
    pub assignment_epoch: Option<i32>,
    /// Its leader's id, where it has members.
    pub leader: Option<String>,
    /// Its members, and when their sessions end.
    pub members: Vec<WaitingMember>,
    /// Members whose JoinGroup waits for an answer.
    pub parked_joins: usize,
    /// Members whose SyncGroup waits for an answer.
    pub parked_syncs: usize,
    /// What is waited for; nothing in a group that is empty, or stable with everybody synced.
    pub waits: Vec<GroupWait>,
    /// How long it has been doing that, in milliseconds, where it is known.
    pub state_for_ms: Option<i64>,
    /// What each member of a stable group of consumers was assigned, in the order of `members`.
    pub assigned: Vec<AssignedMember>,
}

/// What a member was assigned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AssignedMember {
    /// Which member.
    pub member: WaitingMember,
    /// Its partitions, each with what the group committed last of it.
    pub partitions: Vec<(TopicPartition, Option<LastCommit>)>,
}

impl ClassicGroup {
    /// `last_commit` tells what the group committed of a partition.
    pub(crate) fn why(
        &self,
        now: Now,
        last_commit: impl Fn(&TopicPartition) -> Option<LastCommit>,
    ) -> GroupWhy {
        let with_commits = |partitions: Vec<TopicPartition>| {
            let with_commit = |partition: TopicPartition| {
                let commit = last_commit(&partition);
                (partition, commit)
            };
            partitions.into_iter().map(with_commit).collect()
        };
        let parked_syncs = self.members().filter(|member| member.awaiting_sync.is_some()).count();
        GroupWhy {
            state: self.state.name(),
            generation: self.generation,
            assignment_epoch: None,
            leader: self.leader.as_deref().map(str::to_owned),
            members: self.members().map(|member| waiting_member(member, now)).collect(),
            parked_joins: self.awaiting_join,
            parked_syncs,
            waits: self.waits(now),
            state_for_ms: self.state_since_ms.map(|since_ms| now.clock_ms.saturating_sub(since_ms).max(0)),
            assigned: (self.assigned().into_iter())
                .map(|(member, partitions)| AssignedMember {
                    member: waiting_member(member, now),
                    partitions: with_commits(partitions),
                })
                .collect(),
        }
    }

    fn waits(&self, now: Now) -> Vec<GroupWait> {
        let left_ms = |rings_ms: Option<i64>| rings_ms.map_or(0, |at_ms| (at_ms - now.uptime_ms).max(0));
        let join_left_ms = left_ms(self.join_alarm.rings_ms());
        let sync_left_ms = left_ms(self.sync_alarm.rings_ms());
        let mut waits = Vec::new();
        if let Some(delay) = &self.initial_delay {
            let may_grow_ms = i64::from(delay.remaining_ms);
            waits.push(GroupWait::InitialDelay { left_ms: join_left_ms, may_grow_ms });
        } else if self.state == ClassicState::PreparingRebalance {
            let missing = self.members().filter(|member| member.awaiting_join.is_none());
            waits.extend(missing.map(|member| GroupWait::MemberHasNotJoined {
                member: waiting_member(member, now),
                left_ms: join_left_ms,
            }));
            waits.extend(self.pending_joins.iter().map(|(member_id, alarm)| GroupWait::PendingMember {
                member_id: member_id.to_string(),
                left_ms: left_ms(alarm.rings_ms()).min(join_left_ms),
            }));
        } else if self.state == ClassicState::CompletingRebalance {
            let leader = self.leader.as_ref().and_then(|leader| self.members.get(leader)).map(Box::as_ref);
            waits.extend(leader.map(|leader| GroupWait::AssignmentIsMissing {
                leader: waiting_member(leader, now),
                left_ms: sync_left_ms,
            }));
        }
        let missing = self.pending_syncs.iter().filter_map(|member_id| self.members.get(member_id));
        waits.extend(missing.filter(|member| self.is_awaited_follower(member)).map(|member| {
            GroupWait::MemberHasNotSynced { member: waiting_member(member, now), left_ms: sync_left_ms }
        }));
        waits
    }

    /// The leader's assignment is named as such.
    fn is_awaited_follower(&self, member: &Member) -> bool {
        self.state == ClassicState::Stable || !self.is_leader(&member.id)
    }
}

fn waiting_member(member: &Member, now: Now) -> WaitingMember {
    let session_left_ms = member.session.rings_ms().map(|at_ms| (at_ms - now.uptime_ms).max(0));
    WaitingMember {
        member_id: member.id.to_string(),
        group_instance_id: member.group_instance_id.clone(),
        client_id: member.client_id.clone(),
        client_host: member.client_host.clone(),
        session_left_ms: session_left_ms.filter(|_| !member.is_excused()),
    }
}
