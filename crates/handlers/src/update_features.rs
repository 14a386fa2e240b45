//! UpdateFeatures (key 57), versions 0–2: finalizes other levels of features (KIP-584).
//!
//! v1 (KIP-778) types of upgrade, validation only; v2 (KIP-1022) one result for the whole request. Broker and controller
//! listeners; the controller decides. Needs ALTER on the cluster. Errors: INVALID_UPDATE_VERSION,
//! CLUSTER_AUTHORIZATION_FAILED. All levels are finalized or none. As in Kafka, `AllowDowngrade` of v0 allows nothing.

use std::sync::Arc;

use broker::Broker;
use controller_node::{ControllerHandle, FeatureUpdate, UpgradeType};
use net::Request;
use protocol::messages::update_features_request::UpdateFeaturesRequest;
use protocol::messages::update_features_response::{UpdatableFeatureResult, UpdateFeaturesResponse};
use types::ErrorCode;

use crate::authorizer::{Authorizer, Operation};
use crate::controlled;
use crate::exchange::{self, Handled};

/// Answers when the levels are finalized.
pub(crate) async fn handle(
    broker: &Arc<Broker>,
    controller: &ControllerHandle,
    authorizer: &Authorizer,
    request: &Request,
) -> Handled {
    let body: UpdateFeaturesRequest = exchange::decode(request)?;
    let updates = body.feature_updates.iter().map(|update| FeatureUpdate {
        name: update.feature.clone(),
        level: update.max_version_level,
        upgrade_type: UpgradeType::from_id(update.upgrade_type),
    });
    let finalized = async {
        controlled::check_cluster(authorizer, request, Operation::Alter)?;
        let decision = controller.update_features(updates.collect(), body.validate_only);
        controlled::applied(broker, controller, decision).await
    };
    let response = match finalized.await {
        Ok(()) => told(body),
        Err((error, message)) => UpdateFeaturesResponse {
            error_code: error.code(),
            error_message: Some(message),
            ..Default::default()
        },
    };
    exchange::answer(&request.header, &response)
}

fn told(body: UpdateFeaturesRequest) -> UpdateFeaturesResponse {
    let results = body.feature_updates.into_iter().map(|update| UpdatableFeatureResult {
        feature: update.feature,
        // The name of the error that is none, as the oracle says it.
        error_message: Some(ErrorCode::None.name().to_owned()),
        ..Default::default()
    });
    UpdateFeaturesResponse { error_message: None, results: results.collect(), ..Default::default() }
}
