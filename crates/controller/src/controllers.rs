//! ControllerRegistration (KIP-919): a controller tells where it listens and what it supports.

use std::collections::BTreeMap;

use metadata::{Endpoint, VersionRange};
use protocol::records::register_controller_record::{
    ControllerEndpoint, ControllerFeature, RegisterControllerRecord,
};
use types::{NodeId, Uuid};

use crate::{Controller, ControllerError, Decision};

/// What a controller tells of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewController {
    /// Its `node.id`.
    pub id: NodeId,
    /// Drawn at random at each start.
    pub incarnation_id: Uuid,
    /// Endpoints by the names of their listeners.
    pub listeners: BTreeMap<String, Endpoint>,
    /// Levels that it supports.
    pub features: BTreeMap<String, VersionRange>,
}

impl Controller {
    /// Registers a controller, or replaces its registration.
    ///
    /// # Errors
    /// When the metadata version knows no controller registrations.
    pub fn decide_register_controller(&self, new: &NewController) -> Result<Decision<()>, ControllerError> {
        if !self.metadata_version().has_controller_registration() {
            return Err(ControllerError::Unsupported {
                reason: "controllers do not register at this metadata version",
            });
        }
        let end_points = new.listeners.iter().map(|(name, it)| ControllerEndpoint {
            name: name.clone(),
            host: it.host.clone(),
            port: it.port,
            security_protocol: it.security_protocol.id(),
            ..Default::default()
        });
        let features = new.features.iter().map(|(name, range)| ControllerFeature {
            name: name.clone(),
            min_supported_version: range.min,
            max_supported_version: range.max,
            ..Default::default()
        });
        let record = RegisterControllerRecord {
            controller_id: new.id.0,
            incarnation_id: new.incarnation_id,
            zk_migration_ready: false,
            end_points: end_points.collect(),
            features: features.collect(),
            ..Default::default()
        };
        Ok(Decision::atomic(vec![record.into()], ()))
    }
}
