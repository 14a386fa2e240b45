//! A record as a line of JSON: what `milena consume --json` prints, and `milena produce --json` takes.
//!
//! Key, value and the values of headers are texts where they are UTF-8, else `key_base64`, `value_base64`; null is null.

use std::io::{self, Write};

use record::{HeaderRef, RecordView};
use serde::{Deserialize, Serialize};

use super::base64;

/// A record with its place.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct JsonRecord {
    #[serde(skip_serializing_if = "Option::is_none")]
    topic: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    partition: Option<i32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    offset: Option<i64>,
    /// Milliseconds since 1970.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) timestamp: Option<i64>,
    key: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    key_base64: Option<String>,
    value: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    value_base64: Option<String>,
    headers: Vec<JsonHeader>,
}

#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct JsonHeader {
    key: String,
    value: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    value_base64: Option<String>,
}

/// What a line of JSON says of a record that is to be written.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct RecordToProduce {
    pub(crate) key: Option<Vec<u8>>,
    pub(crate) value: Option<Vec<u8>>,
    pub(crate) headers: Vec<(String, Option<Vec<u8>>)>,
    pub(crate) timestamp: Option<i64>,
}

/// Writes a record and the line's end.
pub(crate) fn write(
    output: &mut impl Write,
    topic: &str,
    partition: i32,
    record: &RecordView<'_>,
) -> io::Result<()> {
    let (key, key_base64) = text_or_base64(record.key);
    let (value, value_base64) = text_or_base64(record.value);
    let line = JsonRecord {
        topic: Some(topic.to_owned()),
        partition: Some(partition),
        offset: Some(record.offset.0),
        timestamp: Some(record.timestamp),
        key,
        key_base64,
        value,
        value_base64,
        headers: record.headers.iter().map(|header| json_header(&header)).collect(),
    };
    serde_json::to_writer(&mut *output, &line)?;
    output.write_all(b"\n")
}

/// Reads a line.
///
/// # Errors
/// Says what is wrong with it.
pub(crate) fn parse(line: &[u8]) -> Result<RecordToProduce, String> {
    let parsed: JsonRecord = serde_json::from_slice(line).map_err(|error| error.to_string())?;
    let headers = parsed.headers.into_iter().map(|header| {
        let value = bytes("value", header.value, header.value_base64)?;
        Ok((header.key, value))
    });
    Ok(RecordToProduce {
        key: bytes("key", parsed.key, parsed.key_base64)?,
        value: bytes("value", parsed.value, parsed.value_base64)?,
        headers: headers.collect::<Result<_, String>>()?,
        timestamp: parsed.timestamp,
    })
}

fn json_header(header: &HeaderRef<'_>) -> JsonHeader {
    let (value, value_base64) = text_or_base64(header.value);
    JsonHeader { key: String::from_utf8_lossy(header.key).into_owned(), value, value_base64 }
}

fn text_or_base64(bytes: Option<&[u8]>) -> (Option<String>, Option<String>) {
    match bytes.map(|bytes| std::str::from_utf8(bytes).map_err(|_| bytes)) {
        None => (None, None),
        Some(Ok(text)) => (Some(text.to_owned()), None),
        Some(Err(bytes)) => (None, Some(base64::encode(bytes))),
    }
}

fn bytes(field: &str, text: Option<String>, encoded: Option<String>) -> Result<Option<Vec<u8>>, String> {
    match (text, encoded) {
        (Some(_), Some(_)) => Err(format!("{field} and {field}_base64 exclude each other")),
        (text, None) => Ok(text.map(String::into_bytes)),
        (None, Some(encoded)) => match base64::decode(&encoded) {
            Some(bytes) => Ok(Some(bytes)),
            None => Err(format!("{field}_base64 is no base64")),
        },
    }
}

#[cfg(test)]
mod tests {
    use types::Offset;

    use super::*;

    #[test]
    fn what_is_printed_can_be_read_again() {
        let record = RecordView {
            offset: Offset(7),
            timestamp: 1000,
            key: Some(b"say \"k\""),
            value: Some(&[0xff, 0]),
            headers: Default::default(),
        };
        let mut line = Vec::new();
        write(&mut line, "t", 2, &record).expect("memory takes all");
        let expected = r#"{"topic":"t","partition":2,"offset":7,"timestamp":1000,"key":"say \"k\"","value":null,"value_base64":"/wA=","headers":[]}"#;
        assert_eq!(String::from_utf8(line.clone()).expect("text"), format!("{expected}\n"));
        let read = parse(&line).expect("JSON");
        assert_eq!((read.key.as_deref(), read.value.as_deref()), (record.key, record.value));
        assert_eq!((read.headers, read.timestamp), (Vec::new(), Some(1000)));
    }

    #[test]
    fn a_line_may_say_little_but_nothing_else() {
        let nothing = RecordToProduce { key: None, value: None, headers: Vec::new(), timestamp: None };
        assert_eq!(parse(b"{}"), Ok(nothing));
        let read = parse(br#"{"value":"v","headers":[{"key":"h","value":"x"},{"key":"n"}]}"#).expect("JSON");
        assert_eq!(read.headers, [("h".to_owned(), Some(b"x".to_vec())), ("n".to_owned(), None)]);
        for wrong in
            [r#"{"vlaue":"v"}"#, "[]x", r#"{"value":"v","value_base64":"dg=="}"#, r#"{"key_base64":"!"}"#]
        {
            assert!(parse(wrong.as_bytes()).is_err(), "{wrong}");
        }
    }
}
