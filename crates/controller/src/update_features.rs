//! UpdateFeatures: finalized levels go up and down (KIP-584, KIP-778).
//!
//! All updates of a request take effect or none. A level is refused where a registered broker or controller does not
//! support it, where it goes down without that being asked for, and where going down would lose what records say.

use std::collections::BTreeMap;

use metadata::{ConfigResource, ConfigResourceType, MetadataRecord, MetadataVersion, VersionRange};
use protocol::records::config_record::ConfigRecord;
use protocol::records::feature_level_record::FeatureLevelRecord;
use types::NodeId;

use crate::bootstrap::MIN_INSYNC_REPLICAS;
use crate::features::{DEPENDENCIES, ELIGIBLE_LEADER_REPLICAS, supported_features};
use crate::{Controller, ControllerError, Decision};

const KRAFT_VERSION: &str = "kraft.version";

/// Which way a level may go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UpgradeType {
    /// Up only.
    Upgrade,
    /// Down, where nothing is lost.
    SafeDowngrade,
    /// Down, whatever is lost. Of `metadata.version` not supported, as in Kafka 4.3.1 (KAFKA-13896).
    UnsafeDowngrade,
}

impl UpgradeType {
    /// The type of this number.
    pub const fn from_id(id: i8) -> Option<Self> {
        match id {
            1 => Some(Self::Upgrade),
            2 => Some(Self::SafeDowngrade),
            3 => Some(Self::UnsafeDowngrade),
            _ => None,
        }
    }
}

/// One feature's new level.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FeatureUpdate {
    /// The feature.
    pub name: String,
    /// The level it is to have; 0: it is not finalized any more.
    pub level: i16,
    /// Which way it may go; `None` for a type that is not known.
    pub upgrade_type: Option<UpgradeType>,
}

impl Controller {
    /// Finalizes levels, or only says whether they could be. `kraft_version` is the quorum's own level, which stands in
    /// no metadata record.
    ///
    /// # Errors
    /// [`ControllerError::InvalidFeatureUpdate`] for the first update that cannot be; nothing changes then.
    pub fn decide_update_features(
        &self,
        updates: &[FeatureUpdate],
        kraft_version: i16,
        validate_only: bool,
    ) -> Result<Decision<()>, ControllerError> {
        // Of a feature named twice the last update counts.
        let updates: BTreeMap<&str, &FeatureUpdate> =
            updates.iter().map(|update| (update.name.as_str(), update)).collect();
        let level_after = |name: &str| {
            updates.get(name).map_or_else(|| self.image().features.level(name), |update| update.level)
        };
        let mut records = Vec::new();
        for update in updates.values() {
            let changed = self.updated_feature(update, kraft_version, &level_after);
            records.extend(changed.map_err(|reason| ControllerError::InvalidFeatureUpdate {
                feature: update.name.clone(),
                level: update.level,
                reason,
            })?);
        }
        if validate_only {
            records.clear();
        } else if updates.contains_key(ELIGIBLE_LEADER_REPLICAS) && level_after(ELIGIBLE_LEADER_REPLICAS) > 0
        {
            records.splice(0..0, self.one_min_insync_replicas());
        }
        Ok(Decision::atomic(records, ()))
    }

    /// The record of an update, if it needs one, or why it cannot be.
    fn updated_feature(
        &self,
        update: &FeatureUpdate,
        kraft_version: i16,
        level_after: &impl Fn(&str) -> i16,
    ) -> Result<Option<MetadataRecord>, String> {
        let FeatureUpdate { name, level, .. } = update;
        let upgrade_type = update.upgrade_type.ok_or("the type of the update is not known")?;
        let current = match name.as_str() {
            KRAFT_VERSION => kraft_version,
            name => self.image().features.level(name),
        };
        if *level < 0 {
            return Err("levels are not negative".to_owned());
        }
        self.check_supported(name, *level)?;
        if *level < current && upgrade_type == UpgradeType::Upgrade {
            return Err(format!("it is at {current}, and only an upgrade is asked for"));
        }
        if *level > current && upgrade_type != UpgradeType::Upgrade {
            return Err(format!("it is at {current}, and a downgrade is asked for"));
        }
        match name.as_str() {
            KRAFT_VERSION if *level == current => return Ok(None),
            KRAFT_VERSION if *level < current => return Err("it cannot be downgraded".to_owned()),
            KRAFT_VERSION => return Err("a static quorum is not made a dynamic one yet".to_owned()),
            MetadataVersion::FEATURE => self.check_metadata_version(*level)?,
            _ => check_dependencies(name, *level, level_after)?,
        }
        let record = FeatureLevelRecord { name: name.clone(), feature_level: *level, ..Default::default() };
        Ok(Some(record.into()))
    }

    /// Whether this controller and every registered node can work at a level.
    fn check_supported(&self, name: &str, level: i16) -> Result<(), String> {
        let check = |who: &str, id: NodeId, supported: &BTreeMap<String, VersionRange>| {
            let range = supported.get(name).copied().unwrap_or(VersionRange { min: 0, max: 0 });
            match range.contains(level) {
                true => Ok(()),
                false => Err(format!("{who} {id} supports {} to {}", range.min, range.max)),
            }
        };
        let own = supported_features();
        if !own.contains_key(name) {
            return Err("there is no such feature".to_owned());
        }
        check("controller", self.settings.node_id, &own)?;
        let cluster = &self.image().cluster;
        for broker in cluster.brokers() {
            check("broker", broker.id, &broker.supported_features)?;
        }
        for controller in cluster.controllers().filter(|it| it.id != self.settings.node_id) {
            check("controller", controller.id, &controller.supported_features)?;
        }
        Ok(())
    }

    fn check_metadata_version(&self, level: i16) -> Result<(), String> {
        let current = self.metadata_version();
        let target = MetadataVersion::from_level(level).ok_or("there is no such version")?;
        if target < current && current.records_changed_since(target) {
            return Err(format!("records of {current} would be lost at {target}"));
        }
        Ok(())
    }

    /// With eligible leader replicas all brokers must agree on `min.insync.replicas`: the cluster gets a value of its
    /// own, and brokers lose theirs (KIP-966).
    fn one_min_insync_replicas(&self) -> Vec<MetadataRecord> {
        let configs = &self.image().configs;
        let is_set = |resource: &ConfigResource| configs.of(resource).contains_key(MIN_INSYNC_REPLICAS);
        let defaults = ConfigResource::broker_defaults();
        let missing = (!is_set(&defaults)).then(|| self.cluster_wide_min_insync_replicas());
        let of_brokers = configs.iter().map(|(resource, _)| resource).filter(|resource| {
            resource.resource_type == ConfigResourceType::Broker && **resource != defaults && is_set(resource)
        });
        let removed = of_brokers.map(|resource| {
            let record = ConfigRecord {
                resource_type: resource.resource_type.id(),
                resource_name: resource.name.clone(),
                name: MIN_INSYNC_REPLICAS.to_owned(),
                value: None,
                ..Default::default()
            };
            MetadataRecord::from(record)
        });
        missing.into_iter().chain(removed).collect()
    }
}

fn check_dependencies(name: &str, level: i16, level_after: &impl Fn(&str) -> i16) -> Result<(), String> {
    for (feature, from, needed, at_least) in DEPENDENCIES {
        let found = level_after(needed);
        if *feature == name && level >= *from && found < *at_least {
            return Err(format!("it needs {needed} at {at_least}, which is at {found}"));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::{Cluster, code_of};
    use types::ErrorCode;

    const DYNAMIC: i16 = 1;

    fn update(name: &str, level: i16, upgrade_type: i8) -> FeatureUpdate {
        FeatureUpdate { name: name.to_owned(), level, upgrade_type: UpgradeType::from_id(upgrade_type) }
    }

    /// What becomes of a fresh cluster's feature, and its level afterwards.
    fn check(name: &str, level: i16, upgrade_type: i8, expect: Option<i16>) {
        let mut cluster = Cluster::of(1);
        let updates = [update(name, level, upgrade_type)];
        let validated = cluster.controller.decide_update_features(&updates, DYNAMIC, true);
        let decided = cluster.controller.decide_update_features(&updates, DYNAMIC, false);
        let what = format!("{name} to {level} by type {upgrade_type}");
        match expect {
            Some(expected) => {
                assert_eq!(validated, Ok(Decision::atomic(vec![], ())), "{what}");
                cluster.append(&decided.expect("it was valid").records);
                assert_eq!(cluster.controller.image().features.level(name), expected, "{what}");
            }
            None => {
                assert_eq!(code_of(decided.clone()), ErrorCode::InvalidUpdateVersion, "{what}");
                assert_eq!(validated, decided, "{what}");
            }
        }
    }

    #[test]
    fn levels_go_down_only_where_that_is_asked_for() {
        check("transaction.version", 1, 1, None);
        check("transaction.version", 1, 2, Some(1));
        check("transaction.version", 1, 3, Some(1));
        check("group.version", 0, 2, Some(0));
        check("transaction.version", 2, 1, Some(2));
        check("transaction.version", 2, 2, Some(2));
    }

    #[test]
    fn levels_that_nobody_serves_are_refused() {
        check("transaction.version", 3, 1, None);
        check("transaction.version", -1, 2, None);
        check("transaction.version", 1, 0, None);
        check("transaction.version", 1, 9, None);
        check("no.such.feature", 1, 1, None);
        check("no.such.feature", 0, 2, None);
    }

    #[test]
    fn the_metadata_version_goes_down_only_where_no_record_is_lost() {
        check("metadata.version", 30, 1, Some(30));
        check("metadata.version", 29, 2, None);
        check("metadata.version", 29, 3, None);
        check("metadata.version", 31, 1, None);
        check("metadata.version", 0, 2, None);
    }

    #[test]
    fn the_quorum_version_is_not_among_the_records() {
        let cluster = Cluster::of(1);
        let decide = |level, upgrade_type, quorum| {
            let updates = [update("kraft.version", level, upgrade_type)];
            cluster.controller.decide_update_features(&updates, quorum, false)
        };
        assert_eq!(decide(1, 1, 1), Ok(Decision::atomic(vec![], ())));
        assert_eq!(code_of(decide(0, 2, 1)), ErrorCode::InvalidUpdateVersion);
        assert_eq!(code_of(decide(1, 1, 0)), ErrorCode::InvalidUpdateVersion);
    }

    #[test]
    fn a_broker_that_does_not_know_a_level_keeps_it_from_being_finalized() {
        let mut cluster = Cluster::of(1);
        let updates = [update("transaction.version", 1, 2)];
        let decided = cluster.controller.decide_update_features(&updates, DYNAMIC, false);
        cluster.append(&decided.expect("everybody knows it").records);
        cluster.register_with(NodeId(2), |broker| {
            broker.features.insert("transaction.version".to_owned(), VersionRange { min: 0, max: 1 });
        });
        let updates = [update("transaction.version", 2, 1)];
        let decided = cluster.controller.decide_update_features(&updates, DYNAMIC, false);
        assert_eq!(code_of(decided), ErrorCode::InvalidUpdateVersion);
    }

    #[test]
    fn one_update_that_cannot_be_keeps_the_others_from_being() {
        let cluster = Cluster::of(1);
        let updates = [update("group.version", 0, 2), update("share.version", 7, 1)];
        let decided = cluster.controller.decide_update_features(&updates, DYNAMIC, false);
        assert_eq!(code_of(decided), ErrorCode::InvalidUpdateVersion);
    }

    #[test]
    fn eligible_leader_replicas_bring_one_minimum_for_all() {
        let mut cluster = Cluster::of(1);
        let defaults = ConfigResource::broker_defaults();
        let records = [(&defaults, None), (&ConfigResource::broker(NodeId(1)), Some("2"))];
        let records = records.map(|(resource, value)| {
            let record = ConfigRecord {
                resource_type: resource.resource_type.id(),
                resource_name: resource.name.clone(),
                name: MIN_INSYNC_REPLICAS.to_owned(),
                value: value.map(str::to_owned),
                ..Default::default()
            };
            MetadataRecord::from(record)
        });
        cluster.append(&records);
        for (level, upgrade_type) in [(0, 2), (1, 1)] {
            let updates = [update(ELIGIBLE_LEADER_REPLICAS, level, upgrade_type)];
            let decided = cluster.controller.decide_update_features(&updates, DYNAMIC, false);
            cluster.append(&decided.expect("both levels are served").records);
        }
        let configs = &cluster.controller.image().configs;
        assert_eq!(configs.of(&defaults).get(MIN_INSYNC_REPLICAS).map(String::as_str), Some("1"));
        assert!(configs.of(&ConfigResource::broker(NodeId(1))).is_empty());
    }
}
