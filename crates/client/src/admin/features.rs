//! Features (KIP-584): what the brokers can do, and what the cluster has finalized.

use std::collections::BTreeMap;

use protocol::messages::api_versions_request::ApiVersionsRequest;
use protocol::messages::update_features_request::{FeatureUpdateKey, UpdateFeaturesRequest};

use super::ask::Whom;
use super::{Admin, Effect, Outcomes, outcome};
use crate::call::Call;
use crate::error::{ClientError, error_code};

/// Levels of a feature.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FeatureDescription {
    /// Oldest and newest level that the broker asked can do.
    pub supported: Option<(i16, i16)>,
    /// The level of the cluster; `None` where the feature is not in use.
    pub finalized: Option<i16>,
}

/// A level to finalize.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FeatureUpdate {
    /// 0 takes the feature out of use.
    pub level: i16,
    /// What may become of it.
    pub direction: FeatureDirection,
}

/// Whether a feature's level may fall.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FeatureDirection {
    /// It only rises.
    Upgrade,
    /// It may fall where nothing is lost by it.
    SafeDowngrade,
    /// It may fall whatever is lost by it.
    UnsafeDowngrade,
}

impl Admin {
    /// What the broker that answers knows of features.
    ///
    /// # Errors
    /// When nobody answers.
    pub async fn describe_features(&self) -> Result<BTreeMap<String, FeatureDescription>, ClientError> {
        let request = ApiVersionsRequest {
            client_software_name: "milena".to_owned(),
            client_software_version: env!("CARGO_PKG_VERSION").to_owned(),
            ..ApiVersionsRequest::default()
        };
        let answer = self.ask(Whom::Any, &request, |answer| answer.error_code).await?;
        let mut features: BTreeMap<String, FeatureDescription> = BTreeMap::new();
        for feature in answer.supported_features {
            features.entry(feature.name).or_default().supported =
                Some((feature.min_version, feature.max_version));
        }
        for feature in answer.finalized_features {
            features.entry(feature.name).or_default().finalized = Some(feature.max_version_level);
        }
        Ok(features)
    }

    /// Finalizes other levels; all, or none.
    ///
    /// # Errors
    /// When nobody answers; FEATURE_UPDATE_FAILED, INVALID_UPDATE_VERSION and their like for a feature, or for all where
    /// the brokers do not tell which (version 2).
    pub async fn update_features(
        &self,
        updates: &BTreeMap<String, FeatureUpdate>,
        effect: Effect,
    ) -> Result<Outcomes<String, ()>, ClientError> {
        let keys = updates.iter().map(|(feature, update)| FeatureUpdateKey {
            feature: feature.clone(),
            max_version_level: update.level,
            allow_downgrade: false,
            upgrade_type: match update.direction {
                FeatureDirection::Upgrade => 1,
                FeatureDirection::SafeDowngrade => 2,
                FeatureDirection::UnsafeDowngrade => 3,
            },
            ..FeatureUpdateKey::default()
        });
        let request = UpdateFeaturesRequest {
            timeout_ms: self.timeout_ms(),
            feature_updates: keys.collect(),
            validate_only: effect.is_validate_only(),
            ..UpdateFeaturesRequest::default()
        };
        let answer = self.ask(Whom::Any, &request, |answer| answer.error_code).await?;
        if answer.error_code != 0 {
            let code = error_code(answer.error_code);
            let subject = UpdateFeaturesRequest::API.to_owned();
            return Err(ClientError::Topic { subject, code, message: answer.error_message });
        }
        let mut outcomes: Outcomes<String, ()> = updates.keys().map(|name| (name.clone(), Ok(()))).collect();
        for result in answer.results {
            let outcome = outcome(&result.feature, result.error_code, result.error_message);
            outcomes.insert(result.feature, outcome);
        }
        Ok(outcomes)
    }
}
