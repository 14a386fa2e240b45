//! ApiVersions (key 18), versions 0–4: what this node speaks and which features are finalized.
//!
//! v1 adds the throttle time, v3 (KIP-511, KIP-584) the client's software and the features, v4 features whose lowest
//! version is 0. Served on every listener, before any authentication. An unsupported version is answered at version 0
//! with UNSUPPORTED_VERSION and this API's own range, so that the client can come back with one that fits; a client
//! software name outside `[a-zA-Z0-9](?:[a-zA-Z0-9\-.]*[a-zA-Z0-9])?` is INVALID_REQUEST.

use broker::Broker;
use net::{Answer, ClientSoftware, CloseReason, Request};
use protocol::Writer;
use protocol::api::{API_VERSIONS, Api};
use protocol::messages::api_versions_request::ApiVersionsRequest;
use protocol::messages::api_versions_response::{
    ApiVersion, ApiVersionsResponse, FinalizedFeatureKey, SupportedFeatureKey,
};
use types::ErrorCode;

use crate::exchange::{self, Handled};
use crate::routes;

/// Answers at the version asked for.
pub(crate) fn handle(broker: &Broker, request: &Request) -> Handled {
    let version = request.header.api_version;
    let body: ApiVersionsRequest = exchange::decode(request)?;
    if version >= 3 {
        if !is_software_word(&body.client_software_name) || !is_software_word(&body.client_software_version) {
            let response =
                ApiVersionsResponse { error_code: ErrorCode::InvalidRequest.code(), ..Default::default() };
            return exchange::answer(&request.header, &response);
        }
        request.connection.set_client_software(ClientSoftware {
            name: body.client_software_name,
            version: body.client_software_version,
        });
    }
    let features = broker.features();
    // Clients before v4 misread a supported range that begins at 0.
    let supported = features.supported.iter().filter(|(_, range)| version >= 4 || range.min > 0);
    let response = ApiVersionsResponse {
        api_keys: routes::advertised().map(key_range).collect(),
        supported_features: supported
            .map(|(name, range)| SupportedFeatureKey {
                name: name.clone(),
                min_version: range.min,
                max_version: range.max,
                ..Default::default()
            })
            .collect(),
        finalized_features_epoch: features.epoch,
        finalized_features: (features.finalized.iter())
            .map(|(name, level)| FinalizedFeatureKey {
                name: name.clone(),
                max_version_level: *level,
                min_version_level: *level,
                ..Default::default()
            })
            .collect(),
        ..Default::default()
    };
    exchange::answer(&request.header, &response)
}

/// Answers a version from the future: at version 0, whose layout every client can read.
pub(crate) fn refuse_version(request: &Request) -> Handled {
    let response = ApiVersionsResponse {
        error_code: ErrorCode::UnsupportedVersion.code(),
        api_keys: Api::by_key(API_VERSIONS)
            .map(|api| key_range((api, api.min_version)))
            .into_iter()
            .collect(),
        ..Default::default()
    };
    let mut writer = Writer::new();
    writer.i32(request.header.correlation_id);
    response.encode(&mut writer, 0).map_err(|error| CloseReason::refused(error.to_string()))?;
    Ok(Answer::Now(writer.into_bytes().into()))
}

fn key_range((api, min_version): (&Api, i16)) -> ApiVersion {
    ApiVersion { api_key: api.key, min_version, max_version: api.stable_max_version, ..Default::default() }
}

fn is_software_word(word: &str) -> bool {
    let is_inner = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'.';
    let bytes = word.as_bytes();
    let (Some(first), Some(last)) = (bytes.first(), bytes.last()) else { return false };
    first.is_ascii_alphanumeric() && last.is_ascii_alphanumeric() && bytes.iter().copied().all(is_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn software_names_are_words() {
        for good in ["librdkafka", "v2.3.0", "a", "apache-kafka-java"] {
            assert!(is_software_word(good), "{good}");
        }
        for bad in ["", "-a", "a-", "a b", "a_b", "é"] {
            assert!(!is_software_word(bad), "{bad}");
        }
    }
}
