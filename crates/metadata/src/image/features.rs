//! Finalized features (KIP-584).

use std::collections::BTreeMap;
use std::sync::Arc;

use protocol::records::feature_level_record::FeatureLevelRecord;

use crate::{MetadataRecord, MetadataVersion, ReplayError};

/// The level of the quorum's protocol; finalized in control records, not here.
const KRAFT_VERSION: &str = "kraft.version";
const ELIGIBLE_LEADER_REPLICAS_VERSION: &str = "eligible.leader.replicas.version";

/// The features that are finalized, and their levels. Levels this program does not serve are kept like any other.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FeaturesImage {
    metadata_version: Option<MetadataVersion>,
    levels: Arc<BTreeMap<String, i16>>,
}

impl FeaturesImage {
    /// The finalized metadata version; `None` while the log is empty.
    pub fn metadata_version(&self) -> Option<MetadataVersion> {
        self.metadata_version
    }

    /// Names and levels of every finalized feature except the metadata version, by name. Levels are at least 1.
    pub fn levels(&self) -> &BTreeMap<String, i16> {
        &self.levels
    }

    /// The level of a feature, 0 where it is not finalized.
    pub fn level(&self, name: &str) -> i16 {
        match name {
            MetadataVersion::FEATURE => self.metadata_version.map_or(0, MetadataVersion::level),
            _ => self.levels.get(name).copied().unwrap_or(0),
        }
    }

    /// Whether partitions keep eligible leader replicas (KIP-966).
    pub fn has_eligible_leader_replicas(&self) -> bool {
        self.level(ELIGIBLE_LEADER_REPLICAS_VERSION) >= 1
    }

    pub(super) fn set(&mut self, record: &FeatureLevelRecord) -> Result<(), ReplayError> {
        let level = record.feature_level;
        match record.name.as_str() {
            MetadataVersion::FEATURE => {
                let known = MetadataVersion::from_level(level);
                self.metadata_version = Some(known.ok_or(ReplayError::UnknownMetadataVersion {
                    level,
                    min: MetadataVersion::MIN.level(),
                    max: MetadataVersion::LATEST_KNOWN.level(),
                })?);
            }
            // Some logs hold it by mistake (KAFKA-18979).
            KRAFT_VERSION => {}
            name if level == 0 => {
                Arc::make_mut(&mut self.levels).remove(name);
            }
            name => {
                Arc::make_mut(&mut self.levels).insert(name.to_owned(), level);
            }
        }
        Ok(())
    }

    pub(super) fn records(&self) -> impl Iterator<Item = MetadataRecord> {
        let version = self.metadata_version.map(|version| (MetadataVersion::FEATURE, version.level()));
        let others = self.levels.iter().map(|(name, level)| (name.as_str(), *level));
        version.into_iter().chain(others).map(|(name, feature_level)| {
            FeatureLevelRecord { name: name.to_owned(), feature_level, ..Default::default() }.into()
        })
    }
}
