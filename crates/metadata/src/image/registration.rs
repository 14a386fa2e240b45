//! One broker's or controller's registration.

use std::collections::BTreeMap;

use protocol::records::register_broker_record::{BrokerEndpoint, BrokerFeature, RegisterBrokerRecord};
use protocol::records::register_controller_record::{
    ControllerEndpoint, ControllerFeature, RegisterControllerRecord,
};
use types::{BrokerEpoch, NodeId, Uuid};

use crate::{DirectoryId, MetadataVersion, ReplayError};

/// How a listener is secured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names are Kafka's own")]
pub enum SecurityProtocol {
    Plaintext,
    Ssl,
    SaslPlaintext,
    SaslSsl,
}

impl SecurityProtocol {
    /// The protocol of this number.
    pub const fn from_id(id: i16) -> Option<Self> {
        match id {
            0 => Some(Self::Plaintext),
            1 => Some(Self::Ssl),
            2 => Some(Self::SaslPlaintext),
            3 => Some(Self::SaslSsl),
            _ => None,
        }
    }

    /// Its number on the wire and in the log.
    pub const fn id(self) -> i16 {
        match self {
            Self::Plaintext => 0,
            Self::Ssl => 1,
            Self::SaslPlaintext => 2,
            Self::SaslSsl => 3,
        }
    }
}

/// Where a node listens, as others are told.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names say it")]
pub struct Endpoint {
    pub host: String,
    pub port: u16,
    pub security_protocol: SecurityProtocol,
}

/// The levels of a feature that a node supports, both inclusive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names say it")]
pub struct VersionRange {
    pub min: i16,
    pub max: i16,
}

impl VersionRange {
    /// Whether the range has the level; level 0 means "not used", which every node supports.
    pub fn contains(self, level: i16) -> bool {
        level == 0 || (self.min..=self.max).contains(&level)
    }
}

/// A broker as it registered, and how it is since.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BrokerRegistration {
    /// Its `node.id`.
    pub id: NodeId,
    /// The offset of its registration's record; grows with every registration.
    pub epoch: BrokerEpoch,
    /// Drawn at random at each start of the broker.
    pub incarnation_id: Uuid,
    /// Endpoints by the names of their listeners.
    pub listeners: BTreeMap<String, Endpoint>,
    /// Levels by the names of features.
    pub supported_features: BTreeMap<String, VersionRange>,
    /// `broker.rack`.
    pub rack: Option<String>,
    /// It does not serve clients: it has not caught up, or has not been heard of in time.
    pub fenced: bool,
    /// It hands its leaderships over before it stops.
    pub in_controlled_shutdown: bool,
    /// Once migrated from ZooKeeper; means nothing any more.
    pub is_migrating_zk_broker: bool,
    /// The ids of its directories that are online, in ascending order.
    pub directories: Vec<Uuid>,
    /// Directories that take no new replicas (KIP-1066); `None` while the broker has not told.
    pub cordoned_directories: Option<Vec<Uuid>>,
}

impl BrokerRegistration {
    /// It takes part: neither fenced nor about to stop.
    pub fn is_active(&self) -> bool {
        !self.fenced && !self.in_controlled_shutdown
    }

    /// Whether a replica in this directory is online as far as its directory is concerned.
    pub fn has_online_directory(&self, directory: Uuid) -> bool {
        DirectoryId::is_online(directory, &self.directories)
    }

    /// Whether a new replica finds a directory.
    pub fn has_uncordoned_directories(&self) -> bool {
        match &self.cordoned_directories {
            None => true,
            Some(cordoned) => {
                self.directories.is_empty()
                    || self.directories.iter().any(|directory| !cordoned.contains(directory))
            }
        }
    }

    pub(super) fn from_record(record: &RegisterBrokerRecord) -> Result<Self, ReplayError> {
        let endpoint = |it: &BrokerEndpoint| {
            let security_protocol = security_protocol(it.security_protocol)?;
            Ok((it.name.clone(), Endpoint { host: it.host.clone(), port: it.port, security_protocol }))
        };
        let feature = |it: &BrokerFeature| {
            (it.name.clone(), VersionRange { min: it.min_supported_version, max: it.max_supported_version })
        };
        let mut directories = record.log_dirs.clone();
        directories.sort();
        Ok(Self {
            id: NodeId(record.broker_id),
            epoch: BrokerEpoch(record.broker_epoch),
            incarnation_id: record.incarnation_id,
            listeners: record.end_points.iter().map(endpoint).collect::<Result<_, _>>()?,
            supported_features: record.features.iter().map(feature).collect(),
            rack: record.rack.clone(),
            fenced: record.fenced,
            in_controlled_shutdown: record.in_controlled_shutdown,
            is_migrating_zk_broker: record.is_migrating_zk_broker,
            directories,
            cordoned_directories: record.cordoned_log_dirs.clone(),
        })
    }

    pub(super) fn to_record(&self, version: MetadataVersion) -> RegisterBrokerRecord {
        let end_points = self.listeners.iter().map(|(name, it)| BrokerEndpoint {
            name: name.clone(),
            host: it.host.clone(),
            port: it.port,
            security_protocol: it.security_protocol.id(),
            ..Default::default()
        });
        let features = self.supported_features.iter().map(|(name, range)| BrokerFeature {
            name: name.clone(),
            min_supported_version: range.min,
            max_supported_version: range.max,
            ..Default::default()
        });
        let directories = version.has_directory_assignment().then(|| self.directories.clone());
        let cordoned = version.has_cordoned_log_dirs().then(|| self.cordoned_directories.clone());
        RegisterBrokerRecord {
            broker_id: self.id.0,
            is_migrating_zk_broker: self.is_migrating_zk_broker,
            incarnation_id: self.incarnation_id,
            broker_epoch: self.epoch.0,
            end_points: end_points.collect(),
            features: features.collect(),
            rack: self.rack.clone(),
            fenced: self.fenced,
            in_controlled_shutdown: self.in_controlled_shutdown,
            log_dirs: directories.unwrap_or_default(),
            cordoned_log_dirs: cordoned.flatten(),
            ..Default::default()
        }
    }
}

/// A controller as it registered (KIP-919).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ControllerRegistration {
    /// Its `node.id`.
    pub id: NodeId,
    /// Drawn at random at each start of the controller.
    pub incarnation_id: Uuid,
    /// Means nothing any more.
    pub zk_migration_ready: bool,
    /// Endpoints by the names of their listeners.
    pub listeners: BTreeMap<String, Endpoint>,
    /// Levels by the names of features.
    pub supported_features: BTreeMap<String, VersionRange>,
}

impl ControllerRegistration {
    pub(super) fn from_record(record: &RegisterControllerRecord) -> Result<Self, ReplayError> {
        let endpoint = |it: &ControllerEndpoint| {
            let security_protocol = security_protocol(it.security_protocol)?;
            Ok((it.name.clone(), Endpoint { host: it.host.clone(), port: it.port, security_protocol }))
        };
        let feature = |it: &ControllerFeature| {
            (it.name.clone(), VersionRange { min: it.min_supported_version, max: it.max_supported_version })
        };
        Ok(Self {
            id: NodeId(record.controller_id),
            incarnation_id: record.incarnation_id,
            zk_migration_ready: record.zk_migration_ready,
            listeners: record.end_points.iter().map(endpoint).collect::<Result<_, _>>()?,
            supported_features: record.features.iter().map(feature).collect(),
        })
    }

    pub(super) fn to_record(&self) -> RegisterControllerRecord {
        let end_points = self.listeners.iter().map(|(name, it)| ControllerEndpoint {
            name: name.clone(),
            host: it.host.clone(),
            port: it.port,
            security_protocol: it.security_protocol.id(),
            ..Default::default()
        });
        let features = self.supported_features.iter().map(|(name, range)| ControllerFeature {
            name: name.clone(),
            min_supported_version: range.min,
            max_supported_version: range.max,
            ..Default::default()
        });
        RegisterControllerRecord {
            controller_id: self.id.0,
            incarnation_id: self.incarnation_id,
            zk_migration_ready: self.zk_migration_ready,
            end_points: end_points.collect(),
            features: features.collect(),
            ..Default::default()
        }
    }
}

fn security_protocol(id: i16) -> Result<SecurityProtocol, ReplayError> {
    SecurityProtocol::from_id(id)
        .ok_or(ReplayError::UnknownValue { field: "the security protocol of a listener", value: id.into() })
}
