//! The cluster's metadata: the records of its log, and the image that replaying them makes.
//!
//! Entry points: [`decode_record`] and [`encode_record`] for bytes, [`ImageLoader`] which turns batches of records into
//! images, [`MetadataImage`] which everybody reads, [`MetadataImage::snapshot_records`] which writes it back.
//!
//! *Invariant:* an image never changes once it is shared; two images of the same log prefix are equal; replaying the
//! records of an image's snapshot gives an equal image.
//! *Boundary:* no IO, no clock, no randomness; who may write which record is decided in `controller`.

mod chunked_map;
mod directory_id;
mod error;
mod image;
mod image_loader;
mod metadata_version;
mod record;
mod record_framing;

pub use directory_id::DirectoryId;
pub use error::{RecordError, ReplayError};
pub use image::{
    AclsImage, BrokerRegistration, ClientQuotaEntity, ClientQuotasImage, ClusterImage, ConfigResource,
    ConfigResourceType, ConfigsImage, ControllerRegistration, DelegationTokensImage, Endpoint, FeaturesImage,
    LeaderRecoveryState, MetadataImage, PartitionImage, ProducerIdsImage, Provenance, QuotaEntityMatch,
    ScramImage, SecurityProtocol, TopicChange, TopicImage, TopicsImage, VersionRange,
};
pub use image_loader::ImageLoader;
pub use metadata_version::MetadataVersion;
pub use record::MetadataRecord;
pub use record_framing::{decode_record, encode_record};
