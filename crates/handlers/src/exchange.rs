//! Request bytes to messages and messages to response bytes.

use net::{Answer, Chunk, CloseReason, Request, RequestHeader, Response};
use protocol::{DecodeBudget, Message, Reader, Writer};
use smallvec::SmallVec;

/// What a handler returns: an answer, or why the connection ends.
pub type Handled = Result<Answer, CloseReason>;

/// Memory that decoding may take for one connection, in bytes: requests of a connection are decoded one after the
/// other, so this bounds what a hostile body costs however many of them come. Bodies of record batches are slices of
/// the request and cost nothing here.
const DECODED_BYTES_MAX: usize = 256 << 20;

/// Room for the responses that have nothing to list, in bytes.
const SMALL_RESPONSE: usize = 64;

/// The request's body; bytes after it are ignored, as Kafka does.
///
/// # Errors
/// A body that is no encoding of its message ends the connection.
pub fn decode<M: Message>(request: &Request) -> Result<M, CloseReason> {
    let mut reader = Reader::with_budget(request.body.clone(), DecodeBudget::new(DECODED_BYTES_MAX));
    M::decode(&mut reader, request.header.api_version)
        .map_err(|error| CloseReason::refused(format!("malformed {}: {error}", M::NAME)))
}

/// Answers now with this message.
///
/// # Errors
/// When the message cannot be written at the request's version.
pub fn answer<M: Message>(header: &RequestHeader, message: &M) -> Handled {
    Ok(Answer::Now(respond(header, message, Vec::new())?))
}

/// A response with this message; `regions[id]` fills the gap that external records of that id left.
///
/// # Errors
/// When the message cannot be written at the request's version: a bug of the handler, which ends one connection.
pub(crate) fn respond<M: Message>(
    header: &RequestHeader,
    message: &M,
    regions: Vec<io::FileRegion>,
) -> Result<Response, CloseReason> {
    let mut writer = Writer::with_capacity(SMALL_RESPONSE);
    protocol::frame::encode_response_header(
        &mut writer,
        header.api_key,
        header.api_version,
        header.correlation_id,
    );
    message
        .encode(&mut writer, header.api_version)
        .map_err(|error| CloseReason::refused(format!("unencodable {}: {error}", M::NAME)))?;
    let (mut bytes, gaps) = writer.into_parts();
    if gaps.is_empty() {
        return Ok(Response::from(bytes));
    }
    let mut chunks = SmallVec::with_capacity(2 * gaps.len() + 1);
    let mut written = 0;
    for gap in gaps {
        let head = bytes.split_to(gap.position - written);
        written = gap.position;
        chunks.push(Chunk::Bytes(head));
        chunks.push(Chunk::File(regions[gap.id as usize].clone()));
    }
    if !bytes.is_empty() {
        chunks.push(Chunk::Bytes(bytes));
    }
    Ok(Response { chunks })
}
