//! The headers in front of requests and responses (the four bytes of length before them belong to the connection).
//!
//! Request headers: version 1 has key, version, correlation id and client id; version 2 adds tagged fields but keeps
//! the old encoding of the client id, so that its start can be read before the version is known. Version 0, without
//! client id, belonged to an API that is gone. Response headers: version 0 has the correlation id, 1 adds tagged fields.

use crate::api::Api;
use crate::messages::request_header::RequestHeader as WireHeader;
use crate::messages::response_header::ResponseHeader as WireResponseHeader;
use crate::{DecodeError, EncodeError, Reader, Writer};

/// What precedes every request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestHeader {
    /// The API asked for; one that exists.
    pub api_key: i16,
    /// Its version; not checked yet.
    pub api_version: i16,
    /// The client's number for this request, returned with the answer.
    pub correlation_id: i32,
    /// What the client calls itself.
    pub client_id: Option<String>,
}

/// Reads a request header; the reader stands before the body afterwards.
///
/// The version is not checked, because an ApiVersions request at a version from the future wants an answer: the header
/// of a version the API does not have is taken to look like that of the newest.
///
/// # Errors
/// When no API has the key, or the bytes end too early or are malformed.
pub fn decode_request_header(reader: &mut Reader) -> Result<RequestHeader, DecodeError> {
    let [key, version] = reader.ahead()?;
    let api = Api::by_key(key).ok_or(DecodeError::UnknownApi { key })?;
    let header = WireHeader::decode(reader, api.request_header_version(version))?;
    Ok(RequestHeader {
        api_key: header.request_api_key,
        api_version: header.request_api_version,
        correlation_id: header.correlation_id,
        client_id: header.client_id,
    })
}

/// Writes the header of a request; for clients.
///
/// # Errors
/// When the client id is longer than 32,767 bytes. A key that no API has is written as a header of version 1.
pub fn encode_request_header(writer: &mut Writer, header: &RequestHeader) -> Result<(), EncodeError> {
    let api = Api::by_key(header.api_key);
    let version = api.map_or(1, |api| api.request_header_version(header.api_version));
    let header = WireHeader {
        request_api_key: header.api_key,
        request_api_version: header.api_version,
        correlation_id: header.correlation_id,
        client_id: header.client_id.clone(),
        ..WireHeader::default()
    };
    header.encode(writer, version)
}

/// Reads the header of a response to a request of this API and version; returns the correlation id. For clients.
///
/// # Errors
/// When no API has the key, or the bytes end too early or are malformed.
pub fn decode_response_header(
    reader: &mut Reader,
    api_key: i16,
    api_version: i16,
) -> Result<i32, DecodeError> {
    let api = Api::by_key(api_key).ok_or(DecodeError::UnknownApi { key: api_key })?;
    Ok(WireResponseHeader::decode(reader, api.response_header_version(api_version))?.correlation_id)
}

/// Writes the header of the response to a request of this API and version. A key that no API has gets version 0.
pub fn encode_response_header(writer: &mut Writer, api_key: i16, api_version: i16, correlation_id: i32) {
    writer.i32(correlation_id);
    if Api::by_key(api_key).is_some_and(|api| api.response_header_version(api_version) == 1) {
        writer.unsigned_varint(0);
    }
}

#[cfg(test)]
#[path = "frame_test.rs"]
mod tests;
