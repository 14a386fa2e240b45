//! Why a consumer group is not stable: what is to be made, and whom it waits for.

use std::collections::BTreeMap;

use coordinator::Now;
use types::waits::{GroupWait, LastCommit, WaitingMember};
use types::{PartitionIndex, TopicPartition, Uuid};

use super::group::{Seat, UnderWay};
use super::member::{MemberState, Owned};
use super::{ConsumerGroup, JOB_TIMEOUT_MS, LEAVE_STATIC_EPOCH};
use crate::classic::{AssignedMember, GroupWhy};
use crate::cluster::ClusterView;

/// Partitions that are told of one member.
const PARTITIONS_TOLD_MAX: usize = 10;

impl ConsumerGroup {
    /// `last_commit` tells what the group committed of a partition.
    pub(crate) fn why(
        &self,
        cluster: &ClusterView,
        now: Now,
        last_commit: impl Fn(&TopicPartition) -> Option<LastCommit>,
    ) -> GroupWhy {
        let assigned = |seat: &Seat| AssignedMember {
            member: waiting_member(seat, now),
            partitions: named(&seat.member.current.assigned, cluster)
                .into_iter()
                .map(|partition| {
                    let commit = last_commit(&partition);
                    (partition, commit)
                })
                .collect(),
        };
        let is_stable = self.state_name() == "Stable";
        GroupWhy {
            state: self.state_name(),
            generation: self.epoch,
            assignment_epoch: Some(self.assignment_epoch()),
            leader: None,
            members: self.seats.values().map(|seat| waiting_member(seat, now)).collect(),
            parked_joins: 0,
            parked_syncs: 0,
            waits: self.waits(cluster, now),
            // As far as it is known: what everybody has is not older than what everybody is to have.
            state_for_ms: Some(self.target_epoch.made_at_ms)
                .filter(|made_at_ms| *made_at_ms > 0)
                .map(|made_at_ms| now.clock_ms.saturating_sub(made_at_ms).max(0)),
            assigned: self.seats.values().filter(|_| is_stable).map(|seat| assigned(seat)).collect(),
        }
    }

    fn waits(&self, cluster: &ClusterView, now: Now) -> Vec<GroupWait> {
        if self.is_empty() {
            return Vec::new();
        }
        let mut waits = Vec::new();
        let under_way = |job: Option<UnderWay>| {
            let for_ms = now.uptime_ms - job?.since_ms;
            (for_ms < JOB_TIMEOUT_MS).then_some((for_ms, JOB_TIMEOUT_MS - for_ms))
        };
        if let Some((for_ms, left_ms)) = under_way(self.resolving) {
            waits.push(GroupWait::PatternsAreResolved { for_ms, left_ms });
        }
        if let Some((for_ms, left_ms)) = under_way(self.assigning) {
            waits.push(GroupWait::TargetIsMade { for_ms, left_ms });
        } else if self.epoch > self.assignment_epoch() {
            let interval_ms = cluster.consumer_group_settings(&self.id).assignment_interval_ms;
            let left_ms = self.target_epoch.next_in_ms(interval_ms, now.clock_ms);
            waits.push(GroupWait::TargetIsDue {
                group_epoch: self.epoch,
                assignment_epoch: self.assignment_epoch(),
                left_ms: Some(left_ms).filter(|left_ms| *left_ms > 0),
            });
        }
        let owners = self.owners();
        waits.extend(self.seats.values().filter_map(|seat| self.wait_of(seat, &owners, cluster, now)));
        waits
    }

    fn wait_of(
        &self,
        seat: &Seat,
        owners: &BTreeMap<(Uuid, PartitionIndex), &str>,
        cluster: &ClusterView,
        now: Now,
    ) -> Option<GroupWait> {
        let member = waiting_member(seat, now);
        let current = &seat.member.current;
        if current.epoch == LEAVE_STATIC_EPOCH {
            return Some(GroupWait::StaticMemberIsAway { member });
        }
        match current.state {
            MemberState::UnrevokedPartitions => {
                let (partitions, others) = first(named(&current.revoking, cluster));
                // One with the classic protocol has to join again in time.
                let alarms = [&seat.rebalance, &seat.join];
                let left_ms = alarms.into_iter().filter_map(|alarm| alarm.rings_ms()).min();
                let left_ms = left_ms.map(|at_ms| (at_ms - now.uptime_ms).max(0));
                Some(GroupWait::MemberHasToGiveUp { member, partitions, others, left_ms })
            }
            MemberState::UnreleasedPartitions => {
                let target = self.target_of(&seat.member.id);
                let others_have = target.iter().filter_map(|partition| {
                    let owner = owners.get(&partition).filter(|owner| **owner != &*seat.member.id)?;
                    let topic = cluster.topic_name(partition.0)?;
                    Some((TopicPartition { topic, partition: partition.1 }, (*owner).to_owned()))
                });
                let mut others_have: Vec<_> = others_have.collect();
                others_have.sort();
                let (partitions, others) = first(others_have);
                Some(GroupWait::MemberWaitsForPartitions { member, partitions, others })
            }
            MemberState::Stable | MemberState::Unknown => {
                let (epoch, assignment_epoch) = (current.epoch, self.assignment_epoch());
                let is_behind = epoch < assignment_epoch;
                is_behind.then_some(GroupWait::MemberIsBehind { member, epoch, assignment_epoch })
            }
        }
    }

    /// Who has what, or is still to give it up.
    fn owners(&self) -> BTreeMap<(Uuid, PartitionIndex), &str> {
        let of_member = |seat: &'_ Seat| {
            let current = &seat.member.current;
            let owned = current.assigned.iter().chain(&current.revoking);
            let all = owned.flat_map(|(topic, partitions)| partitions.keys().map(|it| (*topic, *it)));
            all.collect::<Vec<_>>()
        };
        let all = self
            .seats
            .values()
            .flat_map(|seat| of_member(seat).into_iter().map(|partition| (partition, &*seat.member.id)));
        all.collect()
    }
}

fn waiting_member(seat: &Seat, now: Now) -> WaitingMember {
    let says = &seat.member.says;
    WaitingMember {
        member_id: seat.member.id.to_string(),
        group_instance_id: says.group_instance_id.as_deref().map(str::to_owned),
        client_id: says.client_id.clone(),
        client_host: says.client_host.clone(),
        session_left_ms: seat.session.rings_ms().map(|at_ms| (at_ms - now.uptime_ms).max(0)),
    }
}

/// By name, in order; topics that do not exist any more are left out.
fn named(owned: &Owned, cluster: &ClusterView) -> Vec<TopicPartition> {
    let mut all = Vec::new();
    for (topic, partitions) in owned {
        if let Some(name) = cluster.topic_name(*topic) {
            all.extend(partitions.keys().map(|it| TopicPartition { topic: name.clone(), partition: *it }));
        }
    }
    all.sort();
    all
}

/// The first of them, and how many more there are.
fn first<T>(mut all: Vec<T>) -> (Vec<T>, usize) {
    let others = all.len().saturating_sub(PARTITIONS_TOLD_MAX);
    all.truncate(PARTITIONS_TOLD_MAX);
    (all, others)
}
