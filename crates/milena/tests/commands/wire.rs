//! Kafka's requests to a node of the binary, as no command sends them.

use std::io::{Read, Write};
use std::net::TcpStream;

use bytes::Bytes;
use protocol::frame::{RequestHeader, decode_response_header, encode_request_header};
use protocol::{Message, Reader, Writer};

/// A connection.
pub(crate) struct Wire {
    stream: TcpStream,
    correlation_id: i32,
}

impl Wire {
    pub(crate) fn to(bootstrap: &str) -> Self {
        Self { stream: TcpStream::connect(bootstrap).expect("the node listens"), correlation_id: 0 }
    }

    /// Asks, and waits for the answer.
    pub(crate) fn ask<A: Message>(&mut self, api_key: i16, api_version: i16, request: &impl Message) -> A {
        self.correlation_id += 1;
        let client_id = Some("wire".to_owned());
        let header = RequestHeader { api_key, api_version, correlation_id: self.correlation_id, client_id };
        let mut frame = Writer::new();
        encode_request_header(&mut frame, &header).expect("a header");
        request.encode(&mut frame, api_version).expect("the request fits its version");
        let frame = frame.into_bytes();
        let length = i32::try_from(frame.len()).expect("a small request").to_be_bytes();
        self.stream.write_all(&[&length, &frame[..]].concat()).expect("the node reads");
        let mut length = [0; 4];
        self.stream.read_exact(&mut length).expect("an answer");
        let mut answer = vec![0; usize::try_from(i32::from_be_bytes(length)).expect("a length")];
        self.stream.read_exact(&mut answer).expect("an answer");
        let mut reader = Reader::new(Bytes::from(answer));
        decode_response_header(&mut reader, api_key, api_version).expect("a header");
        A::decode(&mut reader, api_version).expect("an answer of this version")
    }
}
