//! One partition's change: from a new ISR to the record, a leader elected on the way (KIP-966).
//!
//! A leader comes from the ISR; when the ISR is empty, from the eligible leader replicas; when these are empty too, it
//! may be the last known leader; and where a topic allows it, any replica. The last two can lose records, so that the
//! ISR becomes the leader alone, and the leader is told to recover (KIP-704).

use metadata::{LeaderRecoveryState, MetadataVersion, PartitionImage};
use protocol::records::partition_change_record::PartitionChangeRecord;
use types::{NodeId, PartitionIndex, Uuid};

/// Who is looked for, and whether records may be lost for the sake of a leader.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Election {
    /// Only a replica that holds everything may lead; a leader that does stays.
    Clean,
    /// As `Clean`, but the first replica leads where it can.
    Preferred,
    /// Any replica may lead as a last resort (`unclean.leader.election.enable`).
    Unclean,
}

/// The leader field of a record that changes none.
const NO_LEADER_CHANGE: i32 = -2;

/// What a partition is to become.
pub(crate) struct PartitionChange<'a> {
    topic_id: Uuid,
    index: PartitionIndex,
    before: &'a PartitionImage,
    metadata_version: MetadataVersion,
    may_lead: &'a dyn Fn(NodeId) -> bool,
    default_directory: &'a dyn Fn(NodeId) -> Uuid,
    pub(crate) election: Election,
    pub(crate) with_eligible_leader_replicas: bool,
    /// Effective `min.insync.replicas`: with fewer in sync, the high watermark stands still, and whoever leaves the
    /// ISR then holds all that is below it.
    pub(crate) min_isr: usize,
    pub(crate) isr: Vec<NodeId>,
    /// This replica is not eligible, whatever it was.
    pub(crate) lost_its_tail: Option<NodeId>,
    /// This replica lies in this directory.
    pub(crate) placed: Option<(NodeId, Uuid)>,
    pub(crate) replicas: Vec<NodeId>,
    pub(crate) removing: Vec<NodeId>,
    pub(crate) adding: Vec<NodeId>,
    eligible: Vec<NodeId>,
}

impl<'a> PartitionChange<'a> {
    /// No change.
    pub(crate) fn new(
        topic_id: Uuid,
        index: PartitionIndex,
        before: &'a PartitionImage,
        metadata_version: MetadataVersion,
        may_lead: &'a dyn Fn(NodeId) -> bool,
        default_directory: &'a dyn Fn(NodeId) -> Uuid,
    ) -> Self {
        Self {
            topic_id,
            index,
            before,
            metadata_version,
            may_lead,
            default_directory,
            election: Election::Clean,
            with_eligible_leader_replicas: false,
            min_isr: 1,
            isr: before.isr.clone(),
            lost_its_tail: None,
            placed: None,
            replicas: before.replicas.clone(),
            removing: before.removing_replicas.clone(),
            adding: before.adding_replicas.clone(),
            eligible: before.eligible_leader_replicas.clone(),
        }
    }

    /// The record; `None` where nothing changes.
    pub(crate) fn record(mut self) -> Option<PartitionChangeRecord> {
        let mut record = PartitionChangeRecord {
            topic_id: self.topic_id,
            partition_id: self.index.0,
            ..Default::default()
        };
        let no_change = record.clone();
        self.complete_reassignment();
        self.collect_eligible();
        self.elect(&mut record);
        self.bump_leader_epoch_for_reassignment(&mut record);
        self.write_eligible(&mut record);
        self.write_isr(&mut record);
        self.write_last_known_leader(&mut record);
        self.write_assignment(&mut record);
        (record != no_change).then_some(record)
    }

    /// A reassignment is complete when every added replica is in sync; one that removes more than it adds, when all
    /// that stay are in sync, because it would shrink the ISR otherwise.
    fn complete_reassignment(&mut self) {
        if self.removing.is_empty() && self.adding.is_empty() {
            return;
        }
        let stays = |replica: &NodeId| !self.removing.contains(replica);
        let isr: Vec<_> = self.isr.iter().copied().filter(stays).collect();
        let replicas: Vec<_> = self.replicas.iter().copied().filter(stays).collect();
        if isr.is_empty() || replicas.is_empty() || !self.adding.iter().all(|replica| isr.contains(replica)) {
            return;
        }
        let shrinks = self.adding.len() < self.removing.len();
        if shrinks && !replicas.iter().all(|replica| isr.contains(replica)) {
            return;
        }
        (self.isr, self.replicas) = (isr, replicas);
        self.removing.clear();
        self.adding.clear();
    }

    /// Who leaves an ISR that is, or falls, below the minimum stays eligible.
    fn collect_eligible(&mut self) {
        if !self.with_eligible_leader_replicas {
            return;
        }
        if self.isr.len() >= self.min_isr {
            self.eligible.clear();
            return;
        }
        let left = self.before.isr.iter().filter(|member| !self.eligible.contains(member));
        let mut candidates = self.eligible.clone();
        candidates.extend(left);
        candidates.retain(|member| !self.isr.contains(member) && Some(*member) != self.lost_its_tail);
        candidates.sort();
        self.eligible = candidates;
    }

    fn elect(&mut self, record: &mut PartitionChangeRecord) {
        let (leader, is_unclean) = self.elected();
        if leader == self.before.leader {
            return;
        }
        if let Some(id) = leader
            && self.eligible.contains(&id)
        {
            self.isr = vec![id];
            self.eligible.retain(|member| *member != id);
        }
        record.leader = leader.unwrap_or(NodeId::NONE).0;
        if is_unclean {
            record.isr = leader.map(|id| vec![id.0]);
            if self.before.leader_recovery_state == LeaderRecoveryState::Recovered {
                record.leader_recovery_state = LeaderRecoveryState::Recovering.id();
            }
        }
    }

    /// The leader, and whether records may be lost by its election.
    fn elected(&self) -> (Option<NodeId>, bool) {
        let holds_all =
            |id: NodeId| self.isr.contains(&id) || (self.isr.is_empty() && self.eligible.contains(&id));
        let is_valid = |id: &NodeId| holds_all(*id) && (self.may_lead)(*id);
        let preferred = self.replicas.first().copied().filter(|_| self.election == Election::Preferred);
        let stays = || self.before.leader.filter(is_valid);
        let found = preferred.filter(is_valid).or_else(stays);
        if let Some(leader) = found.or_else(|| self.replicas.iter().copied().find(is_valid)) {
            return (Some(leader), false);
        }
        if let Some(leader) = self.last_known_leader() {
            return (Some(leader), true);
        }
        let any = self.replicas.iter().copied().find(|id| (self.may_lead)(*id));
        match self.election {
            Election::Unclean if any.is_some() => (any, true),
            _ => (None, false),
        }
    }

    /// The leader before the partition lost all who are in sync or eligible, if it is back.
    fn last_known_leader(&self) -> Option<NodeId> {
        if !self.with_eligible_leader_replicas || !self.eligible.is_empty() || !self.isr.is_empty() {
            return None;
        }
        match self.before.last_known_eligible.as_slice() {
            [last] if (self.may_lead)(*last) => Some(*last),
            _ => None,
        }
    }

    /// Replicas that are dropped must not go on fetching: a new epoch fences them.
    fn bump_leader_epoch_for_reassignment(&self, record: &mut PartitionChangeRecord) {
        let drops_some = self.before.replicas.iter().any(|replica| !self.replicas.contains(replica));
        if record.leader == NO_LEADER_CHANGE && drops_some {
            record.leader = self.before.leader.unwrap_or(NodeId::NONE).0;
        }
    }

    fn write_eligible(&mut self, record: &mut PartitionChangeRecord) {
        let is_unclean = record.isr.is_some();
        if is_unclean || !self.with_eligible_leader_replicas {
            self.eligible.clear();
        }
        if !same_members(&self.eligible, &self.before.eligible_leader_replicas) {
            record.eligible_leader_replicas = Some(ids(&self.eligible));
        }
    }

    fn write_isr(&self, record: &mut PartitionChangeRecord) {
        // An empty ISR exists only where somebody else may be eligible.
        let may_be_written = !self.isr.is_empty() || self.with_eligible_leader_replicas;
        if record.isr.is_none() && may_be_written && self.isr != self.before.isr {
            record.isr = Some(ids(&self.isr));
        }
        // Followers of old versions need a new epoch to notice (KAFKA-15021).
        if self.metadata_version.bumps_leader_epoch_on_isr_shrink()
            && record.leader == NO_LEADER_CHANGE
            && let Some(isr) = &record.isr
            && !self.before.isr.iter().all(|member| isr.contains(&member.0))
        {
            record.leader = self.before.leader.unwrap_or(NodeId::NONE).0;
        }
    }

    /// The last leader is remembered while there is none.
    fn write_last_known_leader(&self, record: &mut PartitionChangeRecord) {
        if !self.with_eligible_leader_replicas {
            return;
        }
        let is_remembered = !self.before.last_known_eligible.is_empty();
        if record.leader == NodeId::NONE.0 && !is_remembered {
            record.last_known_elr = Some(ids(self.before.leader.as_slice()));
        } else if record.leader >= 0 && is_remembered {
            record.last_known_elr = Some(Vec::new());
        }
    }

    fn write_assignment(&self, record: &mut PartitionChangeRecord) {
        if self.metadata_version.has_directory_assignment() {
            let directory = |replica: &NodeId| {
                let placed =
                    self.placed.filter(|(broker, _)| broker == replica).map(|(_, directory)| directory);
                let known = placed.or_else(|| self.before.directory(*replica));
                known.unwrap_or_else(|| (self.default_directory)(*replica))
            };
            let directories: Vec<_> = self.replicas.iter().map(directory).collect();
            if directories != self.before.directories {
                record.directories = Some(directories);
            }
        }
        let changed = |now: &[NodeId], before: &[NodeId]| (now != before).then(|| ids(now));
        record.replicas = changed(&self.replicas, &self.before.replicas);
        record.removing_replicas = changed(&self.removing, &self.before.removing_replicas);
        record.adding_replicas = changed(&self.adding, &self.before.adding_replicas);
    }
}

fn same_members(left: &[NodeId], right: &[NodeId]) -> bool {
    left.len() == right.len() && left.iter().all(|member| right.contains(member))
}

fn ids(nodes: &[NodeId]) -> Vec<i32> {
    nodes.iter().map(|node| node.0).collect()
}

#[cfg(test)]
mod tests {
    use types::LeaderEpoch;

    use super::*;

    fn nodes(ids: &[i32]) -> Vec<NodeId> {
        ids.iter().copied().map(NodeId).collect()
    }

    fn partition(replicas: &[i32], isr: &[i32], leader: i32) -> PartitionImage {
        PartitionImage {
            replicas: nodes(replicas),
            directories: vec![Uuid::from_halves(9, 9); replicas.len()],
            isr: nodes(isr),
            leader: (leader >= 0).then_some(NodeId(leader)),
            leader_epoch: LeaderEpoch(5),
            ..PartitionImage::default()
        }
    }

    /// Leader, ISR and eligible replicas that the change writes; `None` for what it leaves alone.
    type Written = Option<(Option<i32>, Option<Vec<i32>>, Option<Vec<i32>>)>;

    fn check(
        before: &PartitionImage,
        alive: &[i32],
        edit: impl FnOnce(&mut PartitionChange<'_>),
        expect: Written,
    ) {
        let may_lead = |id: NodeId| alive.contains(&id.0);
        let default_directory = |_: NodeId| Uuid::from_halves(9, 9);
        let version = MetadataVersion::LATEST_PRODUCTION;
        let mut change = PartitionChange::new(
            Uuid::ZERO,
            PartitionIndex(0),
            before,
            version,
            &may_lead,
            &default_directory,
        );
        change.with_eligible_leader_replicas = true;
        edit(&mut change);
        let written = change.record().map(|it| {
            ((it.leader != NO_LEADER_CHANGE).then_some(it.leader), it.isr, it.eligible_leader_replicas)
        });
        assert_eq!(written, expect);
    }

    #[test]
    fn a_leader_that_leaves_is_followed_by_the_first_replica_in_sync() {
        let before = partition(&[1, 2, 3], &[1, 3], 1);
        check(&before, &[2, 3], |it| it.isr = nodes(&[3]), Some((Some(3), Some(vec![3]), None)));
    }

    #[test]
    fn the_last_in_sync_leaves_no_leader_and_stays_eligible() {
        let before = partition(&[1, 2], &[1], 1);
        check(&before, &[2], |it| it.isr.clear(), Some((Some(-1), Some(vec![]), Some(vec![1]))));
    }

    #[test]
    fn without_eligible_replicas_the_last_stays_in_the_isr() {
        let before = partition(&[1, 2], &[1], 1);
        let edit = |it: &mut PartitionChange<'_>| {
            it.with_eligible_leader_replicas = false;
            it.isr.clear();
        };
        check(&before, &[2], edit, Some((Some(-1), None, None)));
    }

    #[test]
    fn an_eligible_replica_leads_when_nobody_is_in_sync() {
        let mut before = partition(&[1, 2], &[], -1);
        before.eligible_leader_replicas = nodes(&[2]);
        check(&before, &[1, 2], |_| {}, Some((Some(2), Some(vec![2]), Some(vec![]))));
    }

    #[test]
    fn whoever_falls_below_the_minimum_stays_eligible_unless_it_lost_its_tail() {
        let before = partition(&[1, 2, 3], &[1, 2], 1);
        let falls = |it: &mut PartitionChange<'_>| (it.min_isr, it.isr) = (2, nodes(&[1]));
        check(&before, &[1, 3], falls, Some((None, Some(vec![1]), Some(vec![2]))));
        let lost = |it: &mut PartitionChange<'_>| {
            falls(it);
            it.lost_its_tail = Some(NodeId(2));
        };
        check(&before, &[1, 3], lost, Some((None, Some(vec![1]), None)));
    }

    #[test]
    fn the_first_replica_leads_where_it_is_preferred_and_in_sync() {
        let preferred = |it: &mut PartitionChange<'_>| it.election = Election::Preferred;
        check(&partition(&[1, 2], &[2, 1], 2), &[1, 2], preferred, Some((Some(1), None, None)));
        check(&partition(&[1, 2], &[2], 2), &[1, 2], preferred, None);
        check(&partition(&[1, 2], &[2, 1], 2), &[2], preferred, None);
    }

    #[test]
    fn a_stranger_leads_only_where_that_is_allowed() {
        let before = partition(&[1, 2], &[1], 1);
        let unclean = |it: &mut PartitionChange<'_>| {
            it.election = Election::Unclean;
            it.isr.clear();
            it.lost_its_tail = Some(NodeId(1));
        };
        check(&before, &[2], unclean, Some((Some(2), Some(vec![2]), None)));
    }

    #[test]
    fn a_partition_whose_leader_stays_is_left_alone() {
        check(&partition(&[1, 2], &[1, 2], 1), &[1, 2], |_| {}, None);
    }

    #[test]
    fn a_reassignment_completes_when_the_added_are_in_sync_and_fences_the_removed() {
        let mut before = partition(&[1, 2], &[1], 1);
        before.removing_replicas = nodes(&[1]);
        before.adding_replicas = nodes(&[2]);
        check(&before, &[1, 2], |_| {}, None);
        check(&before, &[1, 2], |it| it.isr = nodes(&[1, 2]), Some((Some(2), Some(vec![2]), None)));
    }
}
