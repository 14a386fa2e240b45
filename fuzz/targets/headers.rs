//! Decodes frames as requests: the header, and what it leaves.
#![no_main]

use bytes::Bytes;
use libfuzzer_sys::fuzz_target;
use protocol::frame::{decode_request_header, decode_response_header, encode_request_header};
use protocol::{Reader, Writer};

fuzz_target!(|input: &[u8]| {
    let frame = Bytes::copy_from_slice(input);
    let mut reader = Reader::new(frame.clone());
    if let Ok(header) = decode_request_header(&mut reader) {
        let mut writer = Writer::new();
        // Malformed text grows while it is read, and may then be too long to write.
        if encode_request_header(&mut writer, &header).is_ok() {
            let mut again = Reader::new(writer.into_bytes());
            assert_eq!(decode_request_header(&mut again).as_ref(), Ok(&header));
            assert_eq!(again.finish(), Ok(()));
        }
        let _ = decode_response_header(&mut Reader::new(frame), header.api_key, header.api_version);
    }
});
