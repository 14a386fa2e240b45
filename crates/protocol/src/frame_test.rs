use bytes::Bytes;

use super::*;
use crate::api;

#[test]
fn both_versions_of_the_request_header_are_read_to_the_body() {
    let old = b"\x00\x03\x00\x08\x00\x00\x00\x2a\x00\x04kcatBODY";
    let new = b"\x00\x03\x00\x09\x00\x00\x00\x2a\xff\xff\x01\x05\x02xyBODY";
    for (bytes, version, client_id) in [(&old[..], 8, Some("kcat".to_owned())), (&new[..], 9, None)] {
        let mut reader = Reader::new(Bytes::copy_from_slice(bytes));
        let header = decode_request_header(&mut reader).expect("a header");
        let expected =
            RequestHeader { api_key: api::METADATA, api_version: version, correlation_id: 42, client_id };
        assert_eq!(header, expected);
        assert_eq!(&reader.rest()[..], b"BODY");
    }
}

#[test]
fn a_version_from_the_future_still_has_a_readable_header() {
    let header = RequestHeader {
        api_key: api::API_VERSIONS,
        api_version: 99,
        correlation_id: 7,
        client_id: Some("x".into()),
    };
    let mut writer = Writer::new();
    encode_request_header(&mut writer, &header).expect("short client id");
    let mut reader = Reader::new(writer.into_bytes());
    assert_eq!(decode_request_header(&mut reader), Ok(header));
    assert_eq!(reader.finish(), Ok(()));
}

#[test]
fn keys_that_no_api_has_are_refused() {
    let mut reader = Reader::new(Bytes::from_static(&[0, 4, 0, 0, 0, 0, 0, 0, 0xff, 0xff]));
    assert_eq!(decode_request_header(&mut reader), Err(DecodeError::UnknownApi { key: 4 }));
}

#[test]
fn response_headers_come_back_with_their_correlation_id() {
    for (key, version, length) in [(api::API_VERSIONS, 4, 4), (api::FETCH, 11, 4), (api::FETCH, 12, 5)] {
        let mut writer = Writer::new();
        encode_response_header(&mut writer, key, version, 77);
        assert_eq!(writer.len(), length);
        let mut reader = Reader::new(writer.into_bytes());
        assert_eq!(decode_response_header(&mut reader, key, version), Ok(77));
        assert_eq!(reader.finish(), Ok(()));
    }
}
