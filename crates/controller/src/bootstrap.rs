//! The first records: what a new cluster's log begins with, and what a leader writes when it takes over.
//!
//! A new cluster's features come from `bootstrap.checkpoint`, or are the defaults. The first leader writes them into
//! the empty log inside a transaction, so that a leader that dies half way leaves nothing behind (KIP-868).

use std::collections::BTreeMap;

use metadata::{ConfigResource, MetadataRecord, MetadataVersion, VersionRange};
use protocol::records::abort_transaction_record::AbortTransactionRecord;
use protocol::records::begin_transaction_record::BeginTransactionRecord;
use protocol::records::config_record::ConfigRecord;
use protocol::records::end_transaction_record::EndTransactionRecord;
use protocol::records::feature_level_record::FeatureLevelRecord;

use crate::features::{DEFAULT_LEVELS, DEPENDENCIES, ELIGIBLE_LEADER_REPLICAS, supported_features};
use crate::{Controller, Decision};

/// The setting that brokers must agree on where there are eligible leader replicas.
pub(crate) const MIN_INSYNC_REPLICAS: &str = "min.insync.replicas";

/// Why a new cluster cannot have these features.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FeatureChoiceError {
    /// A feature that is not known.
    #[error("there is no feature {name}; there are {}", .known.join(", "))]
    Unknown {
        /// As it was given.
        name: String,
        /// What there is.
        known: Vec<String>,
    },
    /// A level that the feature does not have.
    #[error("{name} has levels {} to {}, not {level}", .range.min, .range.max)]
    Level {
        /// The feature.
        name: String,
        /// As it was given.
        level: i16,
        /// What there is.
        range: VersionRange,
    },
    /// A level that needs more of another feature.
    #[error("{name} at {level} needs {needed} at {needed_level} at least")]
    Dependency {
        /// The feature.
        name: String,
        /// Its level.
        level: i16,
        /// What it needs.
        needed: String,
        /// From which level on.
        needed_level: i16,
    },
}

/// The records that `bootstrap.checkpoint` of a new cluster holds: what Kafka 4.3.1's `format` finalizes.
pub fn default_records() -> Vec<MetadataRecord> {
    let levels = DEFAULT_LEVELS.iter().map(|(name, level, _)| ((*name).to_owned(), *level));
    level_records(MetadataVersion::LATEST_PRODUCTION, levels)
}

/// The same for a cluster at another metadata version, with these levels in the place of its defaults; 0 leaves a
/// feature out. `kraft.version` is no record: the voters' snapshot says it.
///
/// # Errors
/// Where a feature or level is not known, or needs more of another.
pub fn records_at(
    version: MetadataVersion,
    chosen: &BTreeMap<String, i16>,
) -> Result<Vec<MetadataRecord>, FeatureChoiceError> {
    let known = supported_features();
    let of_its_own = [MetadataVersion::FEATURE, "kraft.version"];
    for (name, level) in chosen {
        let Some(range) = known.get(name) else {
            return Err(FeatureChoiceError::Unknown {
                name: name.clone(),
                known: known.keys().cloned().collect(),
            });
        };
        if !(range.min..=range.max).contains(level) {
            return Err(FeatureChoiceError::Level { name: name.clone(), level: *level, range: *range });
        }
    }
    let by_default = DEFAULT_LEVELS.iter().filter(|(_, _, since)| *since <= version.level());
    let mut levels: BTreeMap<String, i16> =
        by_default.map(|(name, level, _)| ((*name).to_owned(), *level)).collect();
    levels.extend(chosen.clone());
    levels.retain(|name, level| *level > 0 && !of_its_own.contains(&name.as_str()));
    for (name, level, needed, needed_level) in DEPENDENCIES {
        let has = if *needed == MetadataVersion::FEATURE {
            version.level()
        } else {
            levels.get(*needed).copied().unwrap_or(0)
        };
        if levels.get(*name).is_some_and(|chosen| chosen >= level) && has < *needed_level {
            return Err(FeatureChoiceError::Dependency {
                name: (*name).to_owned(),
                level: *level,
                needed: (*needed).to_owned(),
                needed_level: *needed_level,
            });
        }
    }
    Ok(level_records(version, levels))
}

fn level_records(
    version: MetadataVersion,
    levels: impl IntoIterator<Item = (String, i16)>,
) -> Vec<MetadataRecord> {
    std::iter::once((MetadataVersion::FEATURE.to_owned(), version.level()))
        .chain(levels)
        .map(|(name, feature_level)| FeatureLevelRecord { name, feature_level, ..Default::default() }.into())
        .collect()
}

impl Controller {
    /// What a new leader writes first: the bootstrap records into an empty log, and the end of a transaction that an
    /// earlier leader left open.
    pub fn decide_activation(&self, bootstrap: &[MetadataRecord]) -> Decision<()> {
        let abort = || -> MetadataRecord {
            let reason = Some("Controller failover".to_owned());
            AbortTransactionRecord { reason, ..Default::default() }.into()
        };
        let left_open = self.transaction_began_at().map(|_| abort());
        let mut records: Vec<_> = left_open.into_iter().collect();
        // Within the open transaction a version may already be set; it is about to be aborted.
        let is_empty = self.image_to_publish().features.metadata_version().is_none();
        if !is_empty {
            return Decision::atomic(records, ());
        }
        let version = level(bootstrap, MetadataVersion::FEATURE).and_then(MetadataVersion::from_level);
        let in_transaction = version.is_some_and(MetadataVersion::has_transactions);
        if in_transaction {
            let name = Some("Bootstrap records".to_owned());
            records.push(BeginTransactionRecord { name, ..Default::default() }.into());
        }
        records.extend(bootstrap.iter().cloned());
        if level(bootstrap, ELIGIBLE_LEADER_REPLICAS).unwrap_or(0) > 0 {
            records.push(self.cluster_wide_min_insync_replicas());
        }
        if in_transaction {
            records.push(EndTransactionRecord::default().into());
        }
        Decision { records, response: (), atomic: !in_transaction }
    }

    /// With eligible leader replicas, `min.insync.replicas` decides who may lead, so that all brokers must agree on
    /// it: the controller's own value becomes the cluster's (KIP-966).
    pub(crate) fn cluster_wide_min_insync_replicas(&self) -> MetadataRecord {
        let resource = ConfigResource::broker_defaults();
        ConfigRecord {
            resource_type: resource.resource_type.id(),
            resource_name: resource.name,
            name: MIN_INSYNC_REPLICAS.to_owned(),
            value: Some(self.settings.properties.get(MIN_INSYNC_REPLICAS).map_or("1", str::trim).to_owned()),
            ..Default::default()
        }
        .into()
    }
}

/// The level that the last record of a feature gives it.
fn level(records: &[MetadataRecord], feature: &str) -> Option<i16> {
    records.iter().rev().find_map(|record| match record {
        MetadataRecord::FeatureLevel(record) if record.name == feature => Some(record.feature_level),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `kafka-storage version-mapping` of Apache Kafka 4.3.1 for every release.
    const MAPPING: &str = include_str!("../testdata/version-mapping.txt");

    fn levels(records: &[MetadataRecord]) -> BTreeMap<String, i16> {
        let level = |record: &MetadataRecord| match record {
            MetadataRecord::FeatureLevel(record) => (record.name.clone(), record.feature_level),
            other => panic!("{other:?} is no level"),
        };
        records.iter().map(level).collect()
    }

    #[test]
    fn a_release_has_the_levels_that_kafka_gives_it() {
        let mut checked = 0;
        for release in MAPPING.split("\n\n").filter(|release| !release.trim().is_empty()) {
            let mut expected = BTreeMap::new();
            for line in release.lines() {
                let (name, level) = line.split_once('=').expect("a level");
                let level = level.split(' ').next().expect("a number").parse::<i16>().expect("a number");
                // Neither 0 nor kraft.version is a record.
                if level > 0 && name != "kraft.version" {
                    expected.insert(name.to_owned(), level);
                }
            }
            let version = MetadataVersion::from_level(expected[MetadataVersion::FEATURE]).expect("known");
            let records = records_at(version, &BTreeMap::new()).expect("a release fits together");
            assert_eq!(levels(&records), expected, "{release}");
            if version == MetadataVersion::LATEST_PRODUCTION {
                assert_eq!(records, default_records());
            }
            checked += 1;
        }
        assert!(checked > 10, "{checked} releases");
    }

    #[test]
    fn features_are_chosen_within_what_there_is() {
        let chosen = |name: &str, level| BTreeMap::from([(name.to_owned(), level)]);
        let latest = MetadataVersion::LATEST_PRODUCTION;
        let without = records_at(latest, &chosen("group.version", 0)).expect("fine");
        assert!(!levels(&without).contains_key("group.version") && without.len() == 5);
        assert_eq!(records_at(latest, &chosen("kraft.version", 1)).expect("fine"), default_records());
        assert!(matches!(records_at(latest, &chosen("x", 1)), Err(FeatureChoiceError::Unknown { .. })));
        assert!(matches!(
            records_at(latest, &chosen("group.version", 9)),
            Err(FeatureChoiceError::Level { .. })
        ));
        let old = MetadataVersion::from_name("3.9").expect("a release");
        let refused = records_at(old, &chosen(ELIGIBLE_LEADER_REPLICAS, 1));
        assert!(
            matches!(refused, Err(FeatureChoiceError::Dependency { needed_level: 23, .. })),
            "{refused:?}"
        );
    }
}
