//! The first records: what a new cluster's log begins with, and what a leader writes when it takes over.
//!
//! A new cluster's features come from `bootstrap.checkpoint`, or are the defaults. The first leader writes them into
//! the empty log inside a transaction, so that a leader that dies half way leaves nothing behind (KIP-868).

use metadata::{ConfigResource, MetadataRecord, MetadataVersion};
use protocol::records::abort_transaction_record::AbortTransactionRecord;
use protocol::records::begin_transaction_record::BeginTransactionRecord;
use protocol::records::config_record::ConfigRecord;
use protocol::records::end_transaction_record::EndTransactionRecord;
use protocol::records::feature_level_record::FeatureLevelRecord;

use crate::features::{DEFAULT_LEVELS, ELIGIBLE_LEADER_REPLICAS};
use crate::{Controller, Decision};

/// The setting that brokers must agree on where there are eligible leader replicas.
pub(crate) const MIN_INSYNC_REPLICAS: &str = "min.insync.replicas";

/// The records that `bootstrap.checkpoint` of a new cluster holds: what Kafka 4.3.1's `format` finalizes.
pub fn default_records() -> Vec<MetadataRecord> {
    let version = (MetadataVersion::FEATURE, MetadataVersion::LATEST_PRODUCTION.level());
    std::iter::once(version)
        .chain(DEFAULT_LEVELS.iter().copied())
        .map(|(name, feature_level)| {
            FeatureLevelRecord { name: name.to_owned(), feature_level, ..Default::default() }.into()
        })
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
