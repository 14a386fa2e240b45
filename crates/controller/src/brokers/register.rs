//! BrokerRegistration: a broker that starts, or amends what it told at its start.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use metadata::{DirectoryId, Endpoint, MetadataRecord, MetadataVersion, VersionRange};
use protocol::records::register_broker_record::{BrokerEndpoint, BrokerFeature, RegisterBrokerRecord};
use types::{BrokerEpoch, NodeId, Offset, Uuid};

use crate::partitions::BrokerEvent;
use crate::{Controller, ControllerError, Decision};

/// What a broker tells of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewBroker {
    /// The cluster it believes to belong to.
    pub cluster_id: String,
    /// Its `node.id`.
    pub id: NodeId,
    /// Drawn at random at each start.
    pub incarnation_id: Uuid,
    /// Endpoints by the names of their listeners.
    pub listeners: BTreeMap<String, Endpoint>,
    /// Levels that it supports.
    pub features: BTreeMap<String, VersionRange>,
    /// `broker.rack`.
    pub rack: Option<String>,
    /// The ids of its log directories that are online.
    pub directories: Vec<Uuid>,
    /// Its epoch when it last stopped cleanly, −1 where it did not (KIP-966); `None` where it cannot tell (before
    /// version 3 of the API).
    pub previous_epoch: Option<BrokerEpoch>,
    /// It comes from ZooKeeper, which is not served.
    pub is_migrating_zk_broker: bool,
}

impl Controller {
    /// Registers a broker and answers with its epoch. A new incarnation starts fenced; its epoch is `next_offset`, the
    /// offset at which the log ends.
    ///
    /// # Errors
    /// For a wrong cluster, an id whose owner is alive, directories that are missing, reserved, repeated or another
    /// broker's, and features that do not cover a finalized level.
    pub fn decide_register_broker(
        &self,
        new: &NewBroker,
        next_offset: Offset,
        now: Duration,
    ) -> Result<Decision<BrokerEpoch>, ControllerError> {
        if new.cluster_id != self.settings.cluster_id {
            let (expected, found) = (self.settings.cluster_id.clone(), new.cluster_id.clone());
            return Err(ControllerError::InconsistentClusterId { expected, found });
        }
        let existing = self.image().cluster.broker(new.id);
        let same_incarnation = existing.filter(|known| known.incarnation_id == new.incarnation_id);
        let timeout = self.settings.broker_session_timeout;
        let is_alive = |epoch| self.sessions.is_valid(new.id, epoch, now, timeout);
        if same_incarnation.is_none() && existing.is_some_and(|known| is_alive(known.epoch)) {
            return Err(ControllerError::DuplicateBroker { id: new.id });
        }
        if new.is_migrating_zk_broker {
            return Err(ControllerError::UnknownBroker { id: new.id });
        }
        if self.metadata_version().has_directory_assignment() {
            self.check_directories(new)?;
        }
        if new.listeners.contains_key("") {
            return Err(invalid("a listener has no name".to_owned()));
        }
        self.check_features(new)?;
        let (mut records, epoch) = match same_incarnation {
            Some(known) => (Vec::new(), known.epoch),
            None => {
                let stopped_at = existing.map(|known| known.epoch);
                let is_clean = new.previous_epoch.is_some() && new.previous_epoch == stopped_at;
                (self.after_shutdown(new.id, is_clean), BrokerEpoch(next_offset.0))
            }
        };
        let record = RegisterBrokerRecord {
            broker_epoch: epoch.0,
            fenced: same_incarnation.is_none_or(|known| known.fenced),
            in_controlled_shutdown: same_incarnation.is_some_and(|known| known.in_controlled_shutdown),
            ..self.registration(new)
        };
        records.push(record.into());
        // The registration stands last: where only the first records are committed, the broker registers again.
        Ok(Decision::sequence(records, epoch))
    }

    /// What an earlier incarnation left behind. One that did not stop cleanly may have lost what was not on its disk.
    fn after_shutdown(&self, id: NodeId, is_clean: bool) -> Vec<MetadataRecord> {
        if is_clean || !self.image().features.has_eligible_leader_replicas() {
            return self.leave_isrs(id);
        }
        let event = BrokerEvent::LostItsTail(id);
        let mut records = self.partition_changes(event, |partition| partition.isr.contains(&id));
        records.extend(self.partition_changes(event, |it| it.eligible_leader_replicas.contains(&id)));
        records
    }

    fn check_directories(&self, new: &NewBroker) -> Result<(), ControllerError> {
        if new.directories.is_empty() {
            return Err(invalid("no log directory is online".to_owned()));
        }
        if new.directories.iter().any(|directory| DirectoryId::is_reserved(*directory)) {
            return Err(invalid("a log directory has a reserved id".to_owned()));
        }
        let distinct: BTreeSet<_> = new.directories.iter().collect();
        if distinct.len() != new.directories.len() {
            return Err(invalid("two log directories have one id".to_owned()));
        }
        for broker in self.image().cluster.brokers().filter(|broker| broker.id != new.id) {
            if let Some(taken) = broker.directories.iter().find(|directory| distinct.contains(directory)) {
                return Err(invalid(format!("the log directory {taken} is broker {}'s", broker.id)));
            }
        }
        Ok(())
    }

    fn check_features(&self, new: &NewBroker) -> Result<(), ControllerError> {
        const NONE: VersionRange = VersionRange { min: 0, max: 0 };
        let finalized = &self.image().features;
        if !new.features.contains_key(MetadataVersion::FEATURE) {
            let feature = MetadataVersion::FEATURE;
            return Err(invalid(format!("the broker does not tell which levels of {feature} it supports")));
        }
        let named = new.features.keys().chain(finalized.levels().keys());
        for feature in named {
            let range = new.features.get(feature).copied().unwrap_or(NONE);
            let level = finalized.level(feature);
            if !(range.min..=range.max).contains(&level) {
                let (feature, VersionRange { min, max }) = (feature.clone(), range);
                return Err(ControllerError::UnsupportedFeature { feature, level, min, max });
            }
        }
        Ok(())
    }

    fn registration(&self, new: &NewBroker) -> RegisterBrokerRecord {
        let end_points = new.listeners.iter().map(|(name, it)| BrokerEndpoint {
            name: name.clone(),
            host: it.host.clone(),
            port: it.port,
            security_protocol: it.security_protocol.id(),
            ..Default::default()
        });
        let features = new.features.iter().map(|(name, range)| BrokerFeature {
            name: name.clone(),
            min_supported_version: range.min,
            max_supported_version: range.max,
            ..Default::default()
        });
        let directories = self.metadata_version().has_directory_assignment().then(|| new.directories.clone());
        RegisterBrokerRecord {
            broker_id: new.id.0,
            incarnation_id: new.incarnation_id,
            end_points: end_points.collect(),
            features: features.collect(),
            rack: new.rack.clone(),
            log_dirs: directories.unwrap_or_default(),
            ..Default::default()
        }
    }
}

fn invalid(reason: String) -> ControllerError {
    ControllerError::InvalidRegistration { reason }
}

#[cfg(test)]
mod tests {
    use types::ErrorCode;

    use super::*;
    use crate::fixture::{Cluster, code_of, new_broker};

    fn check(cluster: &Cluster, new: &NewBroker, expect: ErrorCode) {
        let decided = cluster.controller.decide_register_broker(new, cluster.next_offset, cluster.now);
        assert_eq!(code_of(decided), expect, "{new:?}");
    }

    #[test]
    fn a_new_broker_is_fenced_and_its_epoch_is_the_end_of_the_log() {
        let mut cluster = Cluster::of(0);
        let end = cluster.next_offset;
        let decided = cluster.controller.decide_register_broker(&new_broker(1), end, cluster.now);
        let decided = decided.expect("nobody has the id");
        assert_eq!(decided.response, BrokerEpoch(end.0));
        cluster.append(&decided.records);
        let broker = cluster.controller.image().cluster.broker(NodeId(1)).expect("it is registered");
        assert!(broker.fenced);
        assert_eq!(broker.epoch, BrokerEpoch(end.0));
    }

    #[test]
    fn an_amended_registration_keeps_epoch_and_state() {
        let mut cluster = Cluster::of(1);
        let before = cluster.controller.image().cluster.broker(NodeId(1)).expect("it is registered").clone();
        let amended = NewBroker { rack: Some("r".to_owned()), ..new_broker(1) };
        let decided = cluster.controller.decide_register_broker(&amended, cluster.next_offset, cluster.now);
        let decided = decided.expect("it is the same incarnation");
        assert_eq!(decided.response, before.epoch);
        cluster.append(&decided.records);
        let after = cluster.controller.image().cluster.broker(NodeId(1)).expect("it is registered");
        assert_eq!((after.fenced, after.rack.as_deref()), (false, Some("r")));
    }

    #[test]
    fn another_incarnation_waits_until_the_session_has_ended() {
        let mut cluster = Cluster::of(1);
        let other = NewBroker { incarnation_id: Uuid::from_halves(8, 8), ..new_broker(1) };
        check(&cluster, &other, ErrorCode::DuplicateBrokerRegistration);
        cluster.now += cluster.controller.settings.broker_session_timeout + Duration::from_millis(1);
        check(&cluster, &other, ErrorCode::None);
    }

    #[test]
    fn a_broker_that_did_not_stop_cleanly_loses_its_place_among_the_eligible() {
        for (clean, eligible) in [(true, vec![NodeId(1)]), (false, vec![])] {
            let mut cluster = Cluster::of(1);
            cluster.assign("t", &[&[1]]);
            let epoch = cluster.controller.image().cluster.broker(NodeId(1)).expect("registered").epoch;
            cluster.now += Duration::from_secs(3600);
            let previous_epoch = Some(if clean { epoch } else { BrokerEpoch(-1) });
            let incarnation_id = Uuid::from_halves(8, 8);
            let again = NewBroker { incarnation_id, previous_epoch, ..new_broker(1) };
            let decided = cluster.controller.decide_register_broker(&again, cluster.next_offset, cluster.now);
            cluster.append(&decided.expect("its session has ended").records);
            let partition = cluster.partition("t", 0);
            assert_eq!((partition.leader, partition.isr.len()), (None, 0));
            assert_eq!(partition.eligible_leader_replicas, eligible);
            assert_eq!(partition.last_known_eligible, [NodeId(1)]);
            cluster.unfence(NodeId(1));
            assert_eq!(
                cluster.partition("t", 0).leader,
                Some(NodeId(1)),
                "alone, it leads again in any case"
            );
        }
    }

    #[test]
    fn wrong_clusters_directories_and_features_are_refused() {
        let cluster = Cluster::of(1);
        let new = new_broker(2);
        check(&cluster, &new, ErrorCode::None);
        let wrong = NewBroker { cluster_id: "other".to_owned(), ..new.clone() };
        check(&cluster, &wrong, ErrorCode::InconsistentClusterId);
        let first = new_broker(1).directories;
        let reserved = vec![Uuid::from_halves(0, 99)];
        let own = Uuid::from_halves(3, 3);
        for directories in [vec![], first, reserved, vec![own, own]] {
            check(&cluster, &NewBroker { directories, ..new.clone() }, ErrorCode::InvalidRegistration);
        }
        let mut old = new.clone();
        old.features.insert(MetadataVersion::FEATURE.to_owned(), VersionRange { min: 7, max: 29 });
        check(&cluster, &old, ErrorCode::UnsupportedVersion);
        let mut silent = new.clone();
        silent.features.remove(MetadataVersion::FEATURE);
        check(&cluster, &silent, ErrorCode::InvalidRegistration);
        let mut without_groups = new;
        without_groups.features.remove("group.version");
        check(&cluster, &without_groups, ErrorCode::UnsupportedVersion);
    }
}
