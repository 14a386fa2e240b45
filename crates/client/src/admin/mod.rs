//! Asking about a cluster and changing it: what Kafka's Admin client does, a file for each call.
//!
//! ```no_run
//! use std::collections::BTreeMap;
//!
//! use client::admin::{Admin, OffsetSpec};
//! use client::consumer::IsolationLevel;
//! use client::{ClientConfig, NetworkClient};
//! use types::TopicPartition;
//!
//! # async fn example() -> Result<(), client::ClientError> {
//! let client = NetworkClient::new(ClientConfig::new(vec!["localhost:9092".to_owned()], "example"));
//! let admin = Admin::new(client);
//! for topic in admin.list_topics().await? {
//!     let ends = (0..topic.partitions as i32)
//!         .map(|index| (TopicPartition::new(topic.name.as_str(), index), OffsetSpec::Latest))
//!         .collect::<BTreeMap<_, _>>();
//!     for (partition, listed) in admin.list_offsets(&ends, IsolationLevel::ReadUncommitted).await? {
//!         println!("{partition} ends at {:?}", listed?.offset);
//!     }
//! }
//! # Ok(())
//! # }
//! ```
//!
//! A call takes many items and answers for each of them: the outer `Result` fails where nothing is known, the inner ones
//! hold what the cluster said of an item.

mod ask;
mod cluster;
pub mod configs;
mod coordinator;
mod features;
pub mod groups;
mod log_dirs;
pub mod partitions;
mod quorum;
mod quotas;
mod scram;
pub mod topics;
pub mod transactions;
mod unregister;
mod why;

use std::collections::BTreeMap;

use types::ErrorCode;

use crate::error::{ClientError, error_code};
use crate::network_client::NetworkClient;

pub use cluster::{ClusterDescription, Fenced, NodeDescription};
pub use configs::{
    ConfigChange, ConfigEntry, ConfigOperation, ConfigResource, ConfigSource, ConfigSynonym, ResourceType,
};
pub use features::{FeatureDescription, FeatureDirection, FeatureUpdate};
pub use groups::{
    CommittedOffset, GroupDescription, GroupEpochs, GroupListing, GroupMember, MemberTarget, OffsetToCommit,
};
pub use log_dirs::{LogDirDescription, ReplicaDescription, Whose};
pub use partitions::{ElectionType, ListedOffset, OffsetSpec, ProducerDescription, Reassignment};
pub use quorum::{QuorumDescription, QuorumReplica};
pub use quotas::{QuotaEntity, QuotaFilter, QuotaMatch};
pub use scram::{ScramCredential, ScramMechanism};
pub use topics::{CreatedTopic, NewTopic, PartitionDescription, TopicDescription, TopicListing};
pub use transactions::{TransactionDescription, TransactionListing, TransactionsFilter};

/// What was said of each item of a call.
pub type Outcomes<K, T> = BTreeMap<K, Result<T, ClientError>>;

/// The way to a cluster for those who ask about it and change it; cheap to clone.
///
/// A call is repeated while it fails in a way that passes, up to the client's `metadata_timeout`
/// (`default.api.timeout.ms`). A cluster that was never reached is not waited for: its address is more likely wrong.
#[derive(Clone)]
pub struct Admin {
    client: NetworkClient,
}

/// Whether a change is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// It is made.
    Apply,
    /// The cluster only says whether it would make it.
    ValidateOnly,
}

impl Effect {
    pub(crate) fn is_validate_only(self) -> bool {
        self == Self::ValidateOnly
    }
}

impl Admin {
    /// An admin of the cluster that `client` leads to.
    pub fn new(client: NetworkClient) -> Self {
        Self { client }
    }

    /// What it asks through.
    pub fn client(&self) -> &NetworkClient {
        &self.client
    }

    /// How long brokers may take over a change, as requests carry it.
    pub(crate) fn timeout_ms(&self) -> i32 {
        i32::try_from(self.client.config().request_timeout.as_millis()).unwrap_or(i32::MAX)
    }
}

/// The outcome of an item.
pub(crate) fn outcome(subject: &str, code: i16, message: Option<String>) -> Result<(), ClientError> {
    match error_code(code) {
        ErrorCode::None => Ok(()),
        code => Err(ClientError::Topic { subject: subject.to_owned(), code, message }),
    }
}

/// The outcome of a whole request.
pub(crate) fn whole(api: &'static str, code: i16) -> Result<(), ClientError> {
    match error_code(code) {
        ErrorCode::None => Ok(()),
        code => Err(ClientError::Server { api, code }),
    }
}
