//! The levels of the feature `metadata.version`, and what each brought to the records.

/// One level of `metadata.version`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MetadataVersion(i16);

/// Names of the levels, from the oldest.
const NAMES: &[&str] = &[
    "3.3-IV3", "3.4-IV0", "3.5-IV0", "3.5-IV1", "3.5-IV2", "3.6-IV0", "3.6-IV1", "3.6-IV2", "3.7-IV0",
    "3.7-IV1", "3.7-IV2", "3.7-IV3", "3.7-IV4", "3.8-IV0", "3.9-IV0", "4.0-IV0", "4.0-IV1", "4.0-IV2",
    "4.0-IV3", "4.1-IV0", "4.1-IV1", "4.2-IV0", "4.2-IV1", "4.3-IV0", "4.4-IV0",
];

/// Levels that brought records, or fields of records, which older levels do not know.
const RECORDS_CHANGED_AT: &[i16] = &[7, 8, 11, 13, 14, 15, 17, 23, 30];

impl MetadataVersion {
    /// The feature's name.
    pub const FEATURE: &'static str = "metadata.version";
    /// The oldest level that is served.
    pub const MIN: Self = Self(7);
    /// The newest level that is served, and what a new cluster is finalized at: 4.3-IV0.
    pub const LATEST_PRODUCTION: Self = Self(30);
    /// The newest level that has a name; it may still change.
    pub const LATEST_KNOWN: Self = Self(31);

    /// The version of this level, if it is known.
    pub fn from_level(level: i16) -> Option<Self> {
        (Self::MIN.0..=Self::LATEST_KNOWN.0).contains(&level).then_some(Self(level))
    }

    /// The version of this name: of a level (`4.3-IV0`), or of a release (`4.3`: its last level).
    pub fn from_name(name: &str) -> Option<Self> {
        let exact = NAMES.iter().position(|known| *known == name);
        let of_release = || {
            NAMES
                .iter()
                .rposition(|known| known.strip_prefix(name).is_some_and(|rest| rest.starts_with("-IV")))
        };
        exact.or_else(of_release).map(|index| Self(Self::MIN.0 + index as i16))
    }

    /// The level, as it is finalized.
    pub const fn level(self) -> i16 {
        self.0
    }

    /// The name of the level, such as `4.3-IV0`.
    pub fn name(self) -> &'static str {
        NAMES[usize::from(self.0.abs_diff(Self::MIN.0))]
    }

    /// Whether records may say more at this version than at the older one.
    pub fn records_changed_since(self, older: Self) -> bool {
        RECORDS_CHANGED_AT.iter().any(|level| older.0 < *level && *level <= self.0)
    }

    /// Records may be put into a transaction of the metadata log (KIP-868).
    pub const fn has_transactions(self) -> bool {
        self.0 >= 13
    }

    /// Delegation tokens are kept in the metadata log (KIP-900).
    pub const fn has_delegation_tokens(self) -> bool {
        self.0 >= 14
    }

    /// SCRAM credentials are kept in the metadata log (KIP-900).
    pub const fn has_scram(self) -> bool {
        self.0 >= 11
    }

    /// Controllers register themselves (KIP-919).
    pub const fn has_controller_registration(self) -> bool {
        self.0 >= 15
    }

    /// Replicas are assigned to log directories (KIP-858).
    pub const fn has_directory_assignment(self) -> bool {
        self.0 >= 17
    }

    /// Partitions carry eligible leader replicas (KIP-966).
    pub const fn has_eligible_leader_replicas(self) -> bool {
        self.0 >= 23
    }

    /// Log directories can be closed for new replicas (KIP-1066).
    pub const fn has_cordoned_log_dirs(self) -> bool {
        self.0 >= 30
    }

    /// A shrinking ISR bumps the leader epoch.
    pub const fn bumps_leader_epoch_on_isr_shrink(self) -> bool {
        self.0 < 12
    }

    pub(crate) const fn register_broker_record(self) -> i16 {
        if self.has_cordoned_log_dirs() {
            4
        } else if self.has_directory_assignment() {
            3
        } else if self.0 >= 8 {
            2
        } else {
            1
        }
    }

    pub(crate) const fn partition_record(self) -> i16 {
        if self.has_eligible_leader_replicas() {
            2
        } else if self.has_directory_assignment() {
            1
        } else {
            0
        }
    }
}

impl std::fmt::Display for MetadataVersion {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_release_name_means_its_last_level() {
        assert_eq!(MetadataVersion::from_name("4.3-IV0"), Some(MetadataVersion::LATEST_PRODUCTION));
        assert_eq!(MetadataVersion::from_name("3.7").map(MetadataVersion::level), Some(19));
        assert_eq!(MetadataVersion::from_name("3"), None);
        assert_eq!(MetadataVersion::LATEST_KNOWN.name(), "4.4-IV0");
    }

    #[test]
    fn records_change_between_some_versions_only() {
        let changed = |newer, older| MetadataVersion(newer).records_changed_since(MetadataVersion(older));
        assert!(changed(30, 29) && changed(30, 7) && changed(23, 22));
        assert!(!changed(29, 23) && !changed(30, 30) && !changed(22, 17));
    }
}
