//! Levels of features that this program works at, and what a new cluster is finalized at.

use std::collections::BTreeMap;

use metadata::VersionRange;

/// Features that a new cluster finalizes beside the metadata version, at the levels Kafka 4.3.1's `format` chooses, and
/// the metadata version from which on it does.
/// Levels that are not served yet are finalized all the same: directories are exchanged with Apache Kafka, and what
/// clients are told they may use is said in ApiVersions.
pub(crate) const DEFAULT_LEVELS: &[(&str, i16, i16)] = &[
    ("eligible.leader.replicas.version", 1, 26),
    ("group.version", 1, 22),
    ("share.version", 1, 28),
    ("streams.version", 1, 29),
    ("transaction.version", 2, 24),
];

/// The feature that ELR hangs on.
pub(crate) const ELIGIBLE_LEADER_REPLICAS: &str = "eligible.leader.replicas.version";

/// What a level of a feature needs of another feature: name and level, needed name and level.
pub(crate) const DEPENDENCIES: &[(&str, i16, &str, i16)] =
    &[(ELIGIBLE_LEADER_REPLICAS, 1, metadata::MetadataVersion::FEATURE, 23)];

/// By feature.
const SUPPORTED: &[(&str, VersionRange)] = &[
    ("eligible.leader.replicas.version", VersionRange { min: 0, max: 1 }),
    ("group.version", VersionRange { min: 0, max: 1 }),
    ("kraft.version", VersionRange { min: 0, max: 1 }),
    ("metadata.version", VersionRange { min: 7, max: 30 }),
    ("share.version", VersionRange { min: 0, max: 1 }),
    ("streams.version", VersionRange { min: 0, max: 1 }),
    ("transaction.version", VersionRange { min: 0, max: 2 }),
];

/// The levels that a node of this program registers with.
pub fn supported_features() -> BTreeMap<String, VersionRange> {
    SUPPORTED.iter().map(|(name, range)| ((*name).to_owned(), *range)).collect()
}
