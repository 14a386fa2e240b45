//! BrokerHeartbeat: a broker lives, wants to serve, wants to stop, has lost directories.

use std::time::Duration;

use metadata::{BrokerRegistration, MetadataRecord};
use protocol::records::broker_registration_change_record::BrokerRegistrationChangeRecord;
use types::{BrokerEpoch, NodeId, Offset, Uuid};

use super::change_of;
use crate::partitions::BrokerEvent;
use crate::{Controller, ControllerError, Decision};

/// A sign of life.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Heartbeat {
    /// Who.
    pub id: NodeId,
    /// Its epoch.
    pub epoch: BrokerEpoch,
    /// The last record of the metadata log that it has applied.
    pub metadata_offset: Offset,
    /// It asks to be, or to stay, fenced.
    pub want_fence: bool,
    /// It asks to stop.
    pub want_shut_down: bool,
    /// Its directories that have failed.
    pub offline_directories: Vec<Uuid>,
    /// Its directories that take no new replicas; `None` where it does not tell.
    pub cordoned_directories: Option<Vec<Uuid>>,
}

/// What a broker is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HeartbeatReply {
    /// It has read its own registration.
    pub is_caught_up: bool,
    /// It is fenced.
    pub is_fenced: bool,
    /// It hands its leaderships over.
    pub is_in_controlled_shutdown: bool,
    /// It may stop now.
    pub should_shut_down: bool,
}

/// Where a broker stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Fenced,
    Unfenced,
    ControlledShutdown,
    ShutdownNow,
}

impl Controller {
    /// Remembers a heartbeat. It is noted when it arrives, before what is decided about it, so that a busy controller
    /// does not fence brokers that wait in its queue.
    pub fn note_heartbeat(&mut self, heartbeat: &Heartbeat, now: Duration) {
        if self.check_broker_epoch(heartbeat.id, heartbeat.epoch).is_ok() {
            self.sessions.note(heartbeat.id, heartbeat.epoch, now);
            self.sessions.note_metadata_offset(heartbeat.id, heartbeat.metadata_offset);
        }
    }

    /// Moves a broker on and says where it stands.
    ///
    /// # Errors
    /// [`ControllerError::StaleBrokerEpoch`] for a broker that is not registered at this epoch.
    pub fn decide_heartbeat(
        &self,
        heartbeat: &Heartbeat,
    ) -> Result<Decision<HeartbeatReply>, ControllerError> {
        self.check_broker_epoch(heartbeat.id, heartbeat.epoch)?;
        let unknown = ControllerError::UnknownBroker { id: heartbeat.id };
        let broker = self.image().cluster.broker(heartbeat.id).ok_or(unknown)?;
        let is_caught_up =
            self.registered_at.get(&broker.id).is_none_or(|at| heartbeat.metadata_offset >= *at);
        let now = state(broker);
        let next = self.next_state(broker, heartbeat, is_caught_up);
        let mut records = match next {
            _ if next == now => Vec::new(),
            // One that is fenced and may stop is marked once more, as in Kafka: the log shows that it was let go.
            State::Fenced | State::ShutdownNow => self.fence_records(broker),
            State::Unfenced => self.unfence_records(broker),
            State::ControlledShutdown => self.controlled_shutdown_records(broker),
        };
        if self.metadata_version().has_directory_assignment() {
            records.extend(self.offline_directory_records(broker, &heartbeat.offline_directories));
        }
        if let Some(cordoned) = &heartbeat.cordoned_directories
            && self.metadata_version().has_cordoned_log_dirs()
        {
            records.extend(cordoned_record(broker, cordoned));
        }
        let reply = HeartbeatReply {
            is_caught_up,
            is_fenced: matches!(next, State::Fenced | State::ShutdownNow),
            is_in_controlled_shutdown: next == State::ControlledShutdown,
            should_shut_down: next == State::ShutdownNow,
        };
        Ok(Decision::sequence(records, reply))
    }

    fn next_state(&self, broker: &BrokerRegistration, heartbeat: &Heartbeat, is_caught_up: bool) -> State {
        let Heartbeat { want_fence, want_shut_down, .. } = *heartbeat;
        match state(broker) {
            State::Fenced if want_shut_down => State::ShutdownNow,
            State::Fenced if !want_fence && is_caught_up => State::Unfenced,
            State::Unfenced if want_fence && want_shut_down => State::ShutdownNow,
            State::Unfenced if want_fence => State::Fenced,
            State::Unfenced if want_shut_down && self.leads_any(broker.id) => State::ControlledShutdown,
            State::Unfenced if want_shut_down => State::ShutdownNow,
            State::ControlledShutdown if !self.leads_any(broker.id) && self.others_know(broker.id) => {
                State::ShutdownNow
            }
            unchanged => unchanged,
        }
    }

    fn leads_any(&self, id: NodeId) -> bool {
        let mut topics = self.image().topics.iter_by_id();
        topics.any(|topic| topic.partitions.values().any(|partition| partition.leader == Some(id)))
    }

    /// Every active broker has read which leaderships were taken from a broker that wants to stop.
    fn others_know(&self, id: NodeId) -> bool {
        let handed_over_at = self.sessions.handed_over_at(id).unwrap_or(Offset(-1));
        let mut active = self.image().cluster.brokers().filter(|broker| broker.is_active());
        active.all(|broker| self.sessions.metadata_offset(broker.id) >= handed_over_at)
    }

    /// A broker that comes may lead what has no leader.
    fn unfence_records(&self, broker: &BrokerRegistration) -> Vec<MetadataRecord> {
        let unfenced = BrokerRegistrationChangeRecord { fenced: -1, ..change_of(broker) };
        let mut records = vec![unfenced.into()];
        let without_leader = |partition: &metadata::PartitionImage| partition.leader.is_none();
        records.extend(self.partition_changes(BrokerEvent::Comes(broker.id), without_leader));
        records
    }

    fn controlled_shutdown_records(&self, broker: &BrokerRegistration) -> Vec<MetadataRecord> {
        let shutdown = BrokerRegistrationChangeRecord { in_controlled_shutdown: 1, ..change_of(broker) };
        let mut records = vec![shutdown.into()];
        records.extend(self.leave_isrs(broker.id));
        records
    }

    /// Replicas in a failed directory leave their ISRs; the registration keeps the directories that are left.
    fn offline_directory_records(
        &self,
        broker: &BrokerRegistration,
        offline: &[Uuid],
    ) -> Vec<MetadataRecord> {
        let (failed, online): (Vec<_>, Vec<_>) =
            broker.directories.iter().copied().partition(|directory| offline.contains(directory));
        if failed.is_empty() {
            return Vec::new();
        }
        let mut records = self.partition_changes(BrokerEvent::Leaves(broker.id), |partition| {
            partition.directory(broker.id).is_some_and(|directory| failed.contains(&directory))
        });
        records.push(BrokerRegistrationChangeRecord { log_dirs: online, ..change_of(broker) }.into());
        records
    }
}

fn state(broker: &BrokerRegistration) -> State {
    if broker.fenced {
        State::Fenced
    } else if broker.in_controlled_shutdown {
        State::ControlledShutdown
    } else {
        State::Unfenced
    }
}

fn cordoned_record(broker: &BrokerRegistration, cordoned: &[Uuid]) -> Option<MetadataRecord> {
    let same = broker.cordoned_directories.as_ref().is_some_and(|known| {
        known.iter().all(|directory| cordoned.contains(directory))
            && cordoned.iter().all(|directory| known.contains(directory))
    });
    let cordoned_log_dirs = Some(cordoned.to_vec());
    (!same).then(|| BrokerRegistrationChangeRecord { cordoned_log_dirs, ..change_of(broker) }.into())
}

#[cfg(test)]
mod tests {
    use types::ErrorCode;

    use super::*;
    use crate::fixture::{Cluster, code_of};

    fn reply(cluster: &mut Cluster, edit: impl FnOnce(&mut Heartbeat)) -> HeartbeatReply {
        let mut heartbeat = cluster.heartbeat_of(NodeId(1));
        edit(&mut heartbeat);
        cluster.controller.note_heartbeat(&heartbeat, cluster.now);
        let decided =
            cluster.controller.decide_heartbeat(&heartbeat).expect("the epoch is the registered one");
        cluster.append(&decided.records);
        decided.response
    }

    #[test]
    fn a_broker_is_unfenced_when_it_has_read_its_registration() {
        let mut cluster = Cluster::of(0);
        cluster.register(NodeId(1));
        let behind = reply(&mut cluster, |it| it.metadata_offset = Offset(0));
        assert_eq!((behind.is_caught_up, behind.is_fenced), (false, true));
        let there = reply(&mut cluster, |_| {});
        assert_eq!((there.is_caught_up, there.is_fenced), (true, false));
    }

    #[test]
    fn a_broker_stays_fenced_while_it_wants_to() {
        let mut cluster = Cluster::of(0);
        cluster.register(NodeId(1));
        assert!(reply(&mut cluster, |it| it.want_fence = true).is_fenced);
    }

    #[test]
    fn a_broker_that_stops_hands_its_partitions_over_and_waits_until_the_others_know() {
        let mut cluster = Cluster::of(2);
        cluster.assign("t", &[&[1, 2]]);
        cluster.heartbeat(NodeId(2));
        let first = reply(&mut cluster, |it| it.want_shut_down = true);
        assert!(first.is_in_controlled_shutdown && !first.should_shut_down);
        assert_eq!(cluster.partition("t", 0).leader, Some(NodeId(2)));
        assert!(!reply(&mut cluster, |it| it.want_shut_down = true).should_shut_down);
        cluster.heartbeat(NodeId(2));
        let last = reply(&mut cluster, |it| it.want_shut_down = true);
        assert!(last.should_shut_down && last.is_fenced);
    }

    #[test]
    fn the_only_broker_may_stop_and_leads_again_after_it_has_come_back() {
        let mut cluster = Cluster::of(1);
        cluster.assign("t", &[&[1]]);
        reply(&mut cluster, |it| it.want_shut_down = true);
        let stopped = cluster.partition("t", 0);
        assert_eq!((stopped.leader, stopped.isr.len()), (None, 0));
        assert_eq!(stopped.eligible_leader_replicas, [NodeId(1)]);
        assert!(reply(&mut cluster, |it| it.want_shut_down = true).should_shut_down);
        cluster.unfence(NodeId(1));
        assert_eq!(cluster.partition("t", 0).leader, None, "who has begun to stop leads nothing");
        cluster.restart(NodeId(1));
        let back = cluster.partition("t", 0);
        assert_eq!((back.leader, back.isr.as_slice()), (Some(NodeId(1)), &[NodeId(1)] as &[NodeId]));
        assert!(back.leader_epoch > stopped.leader_epoch);
    }

    #[test]
    fn replicas_in_a_failed_directory_leave_their_isr() {
        let mut cluster = Cluster::of(2);
        cluster.assign("t", &[&[1, 2]]);
        let directory = cluster.partition("t", 0).directories[0];
        reply(&mut cluster, |it| it.offline_directories = vec![directory]);
        assert_eq!(cluster.partition("t", 0).isr, [NodeId(2)]);
    }

    #[test]
    fn cordoned_directories_are_recorded_once() {
        let mut cluster = Cluster::of(1);
        let directory =
            cluster.controller.image().cluster.broker(NodeId(1)).expect("registered").directories[0];
        let end = cluster.next_offset;
        reply(&mut cluster, |it| it.cordoned_directories = Some(vec![directory]));
        reply(&mut cluster, |it| it.cordoned_directories = Some(vec![directory]));
        assert_eq!(cluster.next_offset, end.plus(1));
    }

    #[test]
    fn an_earlier_incarnation_is_refused() {
        let cluster = Cluster::of(1);
        let mut heartbeat = cluster.heartbeat_of(NodeId(1));
        heartbeat.epoch = BrokerEpoch(heartbeat.epoch.0 - 1);
        assert_eq!(code_of(cluster.controller.decide_heartbeat(&heartbeat)), ErrorCode::StaleBrokerEpoch);
    }
}
