//! A connection to one broker that speaks messages: versions agreed at the start, requests encoded, answers decoded.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bytes::Bytes;
use net::client::{Connection, ConnectionError, ConnectionSettings};
use protocol::api::Api;
use protocol::frame::{RequestHeader, decode_response_header, encode_request_header};
use protocol::messages::api_versions_request::ApiVersionsRequest;
use protocol::messages::api_versions_response::ApiVersionsResponse;
use protocol::{Message, Reader, Writer};
use types::ErrorCode;

use crate::call::Call;
use crate::config::ClientConfig;
use crate::error::ClientError;

/// An open connection. Calls may overlap; they are answered in their order.
pub(crate) struct BrokerConnection {
    address: String,
    client_id: String,
    connection: Connection,
    /// Oldest and newest version that the broker serves, by API key.
    versions: BTreeMap<i16, (i16, i16)>,
    /// Levels of the cluster's features when the connection was opened (KIP-584).
    features: BTreeMap<String, i16>,
    /// An answer did not come in time: a fresh connection is more likely to help.
    given_up: AtomicBool,
}

impl BrokerConnection {
    /// Connects and agrees on versions.
    ///
    /// # Errors
    /// `Unreachable` where nobody listens; as [`Self::call`] for the first exchange.
    pub(crate) async fn open(address: &str, config: &ClientConfig) -> Result<Self, ClientError> {
        let settings = ConnectionSettings {
            connect_timeout: config.connection_setup_timeout,
            request_timeout: config.request_timeout,
            ..ConnectionSettings::default()
        };
        let connection = Connection::connect(address, settings).await.map_err(|error| {
            let reason = match error {
                ConnectionError::Connect { error, .. } => error.to_string(),
                other => other.to_string(),
            };
            ClientError::Unreachable { address: address.to_owned(), reason }
        })?;
        let mut this = Self {
            address: address.to_owned(),
            client_id: config.client_id.clone(),
            connection,
            versions: BTreeMap::new(),
            features: BTreeMap::new(),
            given_up: AtomicBool::new(false),
        };
        let served = this.ask_versions().await?;
        this.versions =
            served.api_keys.iter().map(|api| (api.api_key, (api.min_version, api.max_version))).collect();
        let features = served.finalized_features.into_iter();
        this.features = features.map(|feature| (feature.name, feature.max_version_level)).collect();
        Ok(this)
    }

    /// The level of a feature of the cluster; 0: it is not in use.
    pub(crate) fn feature(&self, name: &str) -> i16 {
        self.features.get(name).copied().unwrap_or_default()
    }

    /// Whether it is of no further use.
    pub(crate) fn is_closed(&self) -> bool {
        self.given_up.load(Ordering::Relaxed) || self.connection.failure().is_some()
    }

    /// Sends `request` at the newest version that both sides speak, no newer than `newest`, and waits for the answer.
    ///
    /// # Errors
    /// `Disconnected`, `Timeout`, `UnsupportedApi`, `Malformed`; error codes inside the answer are the caller's.
    pub(crate) async fn call<R: Call>(&self, request: &R, newest: i16) -> Result<R::Answer, ClientError> {
        let version = self.version::<R>(newest)?;
        self.call_at(request, version).await
    }

    /// Writes a request, and returns what waits for its answer: for requests that are to arrive in order. The answer
    /// may take as long as `patience`.
    ///
    /// # Errors
    /// As [`Self::call`].
    pub(crate) async fn begin<R: Call>(
        self: Arc<Self>,
        request: &R,
        newest: i16,
        patience: Duration,
    ) -> Result<impl Future<Output = Result<R::Answer, ClientError>> + Send + use<R>, ClientError> {
        let version = self.version::<R>(newest)?;
        let (correlation_id, frame) = self.encode(request, version)?;
        let pending = self.connection.send(correlation_id, &frame).await;
        let mut pending = pending.map_err(|error| self.connection_error(R::API, error))?;
        Ok(async move {
            let answer = std::future::poll_fn(|context| pending.poll_response(context));
            let answer = tokio::time::timeout(patience, answer).await;
            let answer = answer.unwrap_or(Err(ConnectionError::RequestTimedOut { after: patience }));
            decode::<R>(answer.map_err(|error| self.connection_error(R::API, error))?, version)
        })
    }

    /// Writes a request that nobody answers: Produce with `acks=0`.
    ///
    /// # Errors
    /// As [`Self::call`].
    pub(crate) async fn send_unanswered<R: Call>(&self, request: &R, newest: i16) -> Result<(), ClientError> {
        let (_, frame) = self.encode(request, self.version::<R>(newest)?)?;
        let sent = self.connection.send_unanswered(&frame).await;
        sent.map_err(|error| self.connection_error(R::API, error))
    }

    fn version<R: Call>(&self, newest: i16) -> Result<i16, ClientError> {
        let unsupported = || ClientError::UnsupportedApi { address: self.address.clone(), api: R::API };
        let stable = Api::by_key(R::API_KEY).map_or(R::MAX_VERSION, |api| api.stable_max_version);
        let (oldest_served, newest_served) = *self.versions.get(&R::API_KEY).ok_or_else(unsupported)?;
        let version = newest.min(stable).min(newest_served);
        if version < oldest_served.max(R::MIN_VERSION) {
            return Err(unsupported());
        }
        Ok(version)
    }

    /// Sends a request that no node advertises, at its newest version. Who does not know it closes the connection.
    ///
    /// # Errors
    /// As [`Self::call`], but for `UnsupportedApi`.
    pub(crate) async fn call_private<R: Call>(&self, request: &R) -> Result<R::Answer, ClientError> {
        self.call_at(request, R::MAX_VERSION).await
    }

    async fn call_at<R: Call>(&self, request: &R, version: i16) -> Result<R::Answer, ClientError> {
        let (correlation_id, frame) = self.encode(request, version)?;
        let answer = self.connection.request(correlation_id, &frame).await;
        decode::<R>(answer.map_err(|error| self.connection_error(R::API, error))?, version)
    }

    fn encode<R: Call>(&self, request: &R, version: i16) -> Result<(i32, Vec<Bytes>), ClientError> {
        let correlation_id = self.connection.next_correlation_id();
        let header = RequestHeader {
            api_key: R::API_KEY,
            api_version: version,
            correlation_id,
            client_id: Some(self.client_id.clone()),
        };
        let mut writer = Writer::sharing();
        let encoded = encode_request_header(&mut writer, &header);
        let fitted = request.fitted(version);
        let encoded = encoded.and_then(|()| fitted.as_ref().unwrap_or(request).encode(&mut writer, version));
        encoded.map_err(|error| ClientError::Malformed { api: R::API, reason: error.to_string() })?;
        Ok((correlation_id, writer.into_pieces()))
    }

    /// A broker that does not know our version of ApiVersions answers in the oldest one, with an error (KIP-511).
    async fn ask_versions(&self) -> Result<ApiVersionsResponse, ClientError> {
        let request = ApiVersionsRequest {
            client_software_name: "milena".to_owned(),
            client_software_version: env!("CARGO_PKG_VERSION").to_owned(),
            ..ApiVersionsRequest::default()
        };
        for version in [ApiVersionsRequest::MAX_VERSION, 3, 0] {
            match self.call_at(&request, version).await {
                Ok(served) if served.error_code == ErrorCode::None.code() => return Ok(served),
                // What such an answer says at our version is in the oldest encoding.
                Ok(_) | Err(ClientError::Malformed { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        Err(ClientError::UnsupportedApi { address: self.address.clone(), api: ApiVersionsRequest::API })
    }

    fn connection_error(&self, api: &'static str, error: ConnectionError) -> ClientError {
        let address = self.address.clone();
        match error {
            ConnectionError::RequestTimedOut { after } => {
                self.given_up.store(true, Ordering::Relaxed);
                ClientError::Timeout { address, api, after }
            }
            other => ClientError::Disconnected { address, reason: other.to_string() },
        }
    }
}

fn decode<R: Call>(answer: Bytes, version: i16) -> Result<R::Answer, ClientError> {
    let mut reader = Reader::new(answer);
    let message = decode_response_header(&mut reader, R::API_KEY, version)
        .and_then(|_| R::Answer::decode(&mut reader, version))
        .and_then(|message| reader.finish().map(|()| message));
    message.map_err(|error| ClientError::Malformed { api: R::API, reason: error.to_string() })
}
