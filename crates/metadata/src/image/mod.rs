//! The metadata at one offset of its log; one file per part, each with what replay does to it.

mod acls;
mod client_quotas;
mod cluster;
mod configs;
mod delegation_tokens;
mod features;
mod partition;
mod producer_ids;
mod registration;
mod scram;
mod topic_changes;
mod topics;

#[cfg(test)]
mod image_test;

use types::Offset;

use crate::{MetadataRecord, MetadataVersion, ReplayError};

pub use acls::AclsImage;
pub use client_quotas::{ClientQuotaEntity, ClientQuotasImage, QuotaEntityMatch};
pub use cluster::ClusterImage;
pub use configs::{ConfigResource, ConfigResourceType, ConfigsImage};
pub use delegation_tokens::DelegationTokensImage;
pub use features::FeaturesImage;
pub use partition::{LeaderRecoveryState, PartitionImage};
pub use producer_ids::ProducerIdsImage;
pub use registration::{
    BrokerRegistration, ControllerRegistration, Endpoint, SecurityProtocol, VersionRange,
};
pub use scram::ScramImage;
pub use topic_changes::TopicChange;
pub use topics::{TopicImage, TopicsImage};

/// The last record that an image contains.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Provenance {
    /// Its offset; −1 for the empty image.
    pub offset: Offset,
    /// The epoch of the quorum's leader that wrote it; −1 for the empty image.
    pub epoch: i32,
    /// When its batch was appended, in milliseconds since 1970; −1 for the empty image.
    pub append_time_ms: i64,
}

impl Provenance {
    /// No record is contained.
    pub const NONE: Self = Self { offset: Offset(-1), epoch: -1, append_time_ms: -1 };
}

impl Default for Provenance {
    fn default() -> Self {
        Self::NONE
    }
}

/// Everything the metadata log says up to one offset.
///
/// Cloning is cheap: the parts are shared, and copied when a record changes them.
#[derive(Clone, Debug, Default, PartialEq)]
#[allow(missing_docs, reason = "each part is documented at its type")]
pub struct MetadataImage {
    pub provenance: Provenance,
    pub features: FeaturesImage,
    pub cluster: ClusterImage,
    pub topics: TopicsImage,
    pub configs: ConfigsImage,
    pub client_quotas: ClientQuotasImage,
    pub producer_ids: ProducerIdsImage,
    pub acls: AclsImage,
    pub scram: ScramImage,
    pub delegation_tokens: DelegationTokensImage,
}

impl MetadataImage {
    /// The finalized metadata version, or the oldest one while the log does not name any.
    pub fn metadata_version(&self) -> MetadataVersion {
        self.features.metadata_version().unwrap_or(MetadataVersion::MIN)
    }

    /// Applies one record. The provenance and transactions are [`crate::ImageLoader`]'s.
    ///
    /// # Errors
    /// When the record contradicts the image; the image is then as before.
    pub fn replay(&mut self, record: &MetadataRecord) -> Result<(), ReplayError> {
        use MetadataRecord as R;
        match record {
            R::RegisterBroker(record) => self.cluster.register_broker(record)?,
            R::UnregisterBroker(record) => self.cluster.unregister_broker(record),
            R::BrokerRegistrationChange(record) => self.cluster.change_registration(record)?,
            R::FenceBroker(record) => self.cluster.fence_broker(record)?,
            R::UnfenceBroker(record) => self.cluster.unfence_broker(record)?,
            R::RegisterController(record) => self.cluster.register_controller(record)?,
            R::Topic(record) => self.topics.create(record)?,
            R::Partition(record) => self.topics.put_partition(record)?,
            R::PartitionChange(record) => self.topics.change_partition(record)?,
            R::ClearElr(record) => self.topics.clear_eligible_leader_replicas(record)?,
            R::RemoveTopic(record) => {
                let name = self.topics.remove(record)?;
                self.configs.remove_topic(&name);
            }
            R::Config(record) => self.configs.set(record),
            R::FeatureLevel(record) => self.features.set(record)?,
            R::ClientQuota(record) => self.client_quotas.set(record),
            R::ProducerIds(record) => self.producer_ids.set(record),
            R::AccessControlEntry(record) => self.acls.insert(record),
            R::RemoveAccessControlEntry(record) => self.acls.remove(record)?,
            R::UserScramCredential(record) => self.scram.insert(record),
            R::RemoveUserScramCredential(record) => self.scram.remove(record),
            R::DelegationToken(record) => self.delegation_tokens.insert(record),
            R::RemoveDelegationToken(record) => self.delegation_tokens.remove(record),
            R::NoOp(_) | R::ZkMigrationState(_) => {}
            R::BeginTransaction(_) | R::EndTransaction(_) | R::AbortTransaction(_) => {
                return Err(ReplayError::OutsideOfLoader(record.record_type()));
            }
        }
        Ok(())
    }

    /// The records of a snapshot: replayed on an empty image they give this one. Parts come in the order in which
    /// Kafka writes them, the metadata version first, so that a reader knows it before anything else.
    pub fn snapshot_records(&self) -> impl Iterator<Item = MetadataRecord> + '_ {
        let version = self.metadata_version();
        self.features
            .records()
            .chain(self.cluster.records(version))
            .chain(self.topics.records(version, self.features.has_eligible_leader_replicas()))
            .chain(self.configs.records())
            .chain(self.client_quotas.records())
            .chain(self.producer_ids.records())
            .chain(self.acls.records())
            .chain(self.scram.records(version))
            .chain(self.delegation_tokens.records(version))
    }
}
